"""
Who runs a folder: loops written by hand, this library, and its command.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from .workloads import Files, write

__all__ = [
    "LIMIT",
    "LITE_LIMIT",
    "OURS",
    "Contestant",
    "Job",
    "bare",
    "command",
    "lite",
    "postgres",
]

_HAND = Path(__file__).parent / "hand"
LIMIT = "one round trip each"
LITE_LIMIT = "BEGIN IMMEDIATE each"
OURS = "st44-migrate"
LIBRARY = (OURS, "migrate()", "migrate_async()")
"""What is this library's, by name."""


@dataclass(frozen=True, slots=True)
class Job:
    """
    A run: the database's URL, and the folder that `Contestant.prepare` made.
    """

    url: str
    folder: Path


def _plain(folder: Path, files: Files) -> None:
    write(folder / "sql", files)


@dataclass(frozen=True, slots=True)
class Contestant:
    """
    A program that applies migrations.

    Args:
        command: The command line for a job; it runs in the job's folder.

        prepare: Writes the workload into an empty folder, as the program wants it.

        env: What the program needs in its environment, for a URL.
    """

    name: str
    command: Callable[[Job], list[str]]
    prepare: Callable[[Path, Files], None] = _plain
    env: Callable[[str], Mapping[str, str]] = field(default=lambda _: {})


def _by_hand(name: str, *script: str) -> Contestant:
    path, *arguments = script
    return Contestant(
        name, lambda job: [sys.executable, str(_HAND / path), *arguments, job.url, "sql"]
    )


def command() -> Contestant:
    """
    This library, as a deployment runs it.
    """
    program = str(Path(sys.executable).parent / "st44-migrate")
    return Contestant(OURS, lambda job: [program, "up", "sql", "--url", job.url, "--quiet"])


def postgres() -> list[Contestant]:
    """
    Those who need nothing but psycopg; the limit comes first.
    """
    return [
        _by_hand(LIMIT, "one_trip.py"),
        _by_hand("four round trips each", "four_trips.py"),
        command(),
        _by_hand("migrate()", "library.py", "sync"),
        _by_hand("migrate_async()", "library.py", "async"),
    ]


def bare() -> Contestant:
    """
    The least that a run with nothing to do has to do.
    """
    return _by_hand("bare Python", "bare.py")


def lite() -> list[Contestant]:
    """
    The same on SQLite.
    """
    return [
        _by_hand(LITE_LIMIT, "sqlite_loop.py"),
        command(),
        _by_hand("migrate()", "library.py", "sync"),
    ]
