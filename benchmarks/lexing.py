"""
The lexer alone: how fast, and whether twice the text takes twice the time.
"""

from __future__ import annotations

import gc
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path
from statistics import median
from time import process_time
from typing import TypeAlias

from st44_migrate import Memory, Migration, SourceError
from st44_migrate.plan import Reader
from st44_migrate.sqltext.decoding import decode
from st44_migrate.sqltext.flaw import Flaw
from st44_migrate.sqltext.lexer import statements
from st44_migrate.sqltext.lexicon import lexicon_of

from .workloads import mixed

__all__ = ["corpus_texts", "growth", "read", "speed", "split"]

Way: TypeAlias = Callable[[str, Migration], object]


def corpus_texts(root: Path) -> list[tuple[str, bytes]]:
    """
    Read every SQL file of the real folders in *root*, with its database.
    """
    found: list[tuple[str, bytes]] = []
    for path in sorted(path for path in root.rglob("*.sql") if path.is_file()):
        dialect = "sqlite" if "sqlite" in path.relative_to(root).parts[0] else "postgresql"
        found.append((dialect, path.read_bytes()))
    return found


def split(dialect: str, migration: Migration) -> object:
    """
    Find the statements of a file: the lexer's work.
    """
    text = decode(migration.content, blank=True)
    return list(statements(text, lexicon_of(dialect)))


def read(dialect: str, migration: Migration) -> object:
    """
    Do with a file all that is done before it runs.
    """
    return Reader(dialect)(migration)


def speed(texts: Sequence[tuple[str, bytes]], rounds: int, way: Way) -> float:
    """
    Take *texts* in by *way*, and give MB a second: the median of the rounds.
    """
    files = _migrations(texts)
    size = sum(len(migration.content) for _, migration in files)
    rates: list[float] = []
    for _ in range(rounds):
        began = process_time()
        for dialect, migration in files:
            with suppress(SourceError, Flaw):  # what is refused was read, too
                way(dialect, migration)
        rates.append(size / 1e6 / (process_time() - began))
    return median(rates)


def growth(megabytes: float, rounds: int) -> float:
    """
    Give the time for a file of *megabytes*, divided by that for one of half the size.
    """
    text = "".join(mixed(400).values())
    half = text * max(1, round(megabytes * 1e6 / 2 / len(text)))
    ratios: list[float] = []
    for _ in range(rounds):
        one, two = _seconds(half), _seconds(half * 2)
        ratios.append(two / one)
    return median(ratios)


def _seconds(text: str) -> float:
    (migration,) = Memory({"1_big.sql": text}).load()
    gc.collect()
    began = process_time()
    Reader("postgresql")(migration)
    return process_time() - began


def _migrations(texts: Sequence[tuple[str, bytes]]) -> list[tuple[str, Migration]]:
    return [
        (dialect, Memory({f"{number}_x.sql": content}).load()[0])
        for number, (dialect, content) in enumerate(texts, 1)
    ]
