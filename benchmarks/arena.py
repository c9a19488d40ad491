"""
Where contestants meet: fresh databases, rounds in which each runs once, and a look
whether the work was really done.
"""

from __future__ import annotations

import re
import shutil
import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import psycopg

from st44_migrate.testing.servers import PostgresServer

from .contestants import Contestant, Job
from .spawn import Cost, ProgramFailedError, spawn
from .workloads import Files

__all__ = ["Arena", "Costs", "fresh_lite", "fresh_postgres", "tables_of"]

Costs = dict[str, list[Cost]]
"""What each contestant's runs took, a round after the other."""

_MADE = re.compile(r"^CREATE TABLE ([tw]\d+) ", re.MULTILINE)


@dataclass
class Arena:
    """
    A server, a folder for everything that is written, and how often all is repeated.

    What is made stays until the end: where many files have just been deleted, some
    file systems take several times as long to create others.

    *failures* says of contestants that are out why they are.
    """

    server: PostgresServer
    scratch: Path
    rounds: int
    tell: Callable[[str], None]
    failures: dict[str, str] = field(default_factory=dict)
    _made: int = 0
    _urls: list[str] = field(default_factory=list)

    def prepare(self, contestant: Contestant, files: Files) -> Path:
        """
        Write the workload as *contestant* wants it.
        """
        self._made += 1
        folder = self.scratch / f"job{self._made}"
        folder.mkdir()
        contestant.prepare(folder, files)
        return folder

    def database(self, template: str = "template1") -> str:
        """
        Create a database, and give its URL.
        """
        self._urls.append(self.server.create_database(template=template))
        return self._urls[-1]

    def clear(self) -> None:
        """
        Drop all databases that were created.
        """
        for url in self._urls:
            self.server.drop_database(url)

    def run(self, contestant: Contestant, folder: Path, url: str) -> Cost:
        """
        Let *contestant* do its work once.
        """
        command = contestant.command(Job(url, folder))
        return spawn(command, folder, contestant.env(url))

    def compare(
        self,
        workload: str,
        contestants: Sequence[Contestant],
        files: Files,
        fresh: Callable[[Arena], Iterator[str]],
        *,
        rounds: int | None = None,
        checked: bool = True,
    ) -> Costs:
        """
        Apply *files*, each time on a fresh database, every contestant once in a round.

        *checked*: the tables that they make are looked for.
        """
        folders = {c.name: self.prepare(c, files) for c in contestants}
        costs: Costs = {c.name: [] for c in contestants}
        for number in range(rounds or self.rounds):
            for contestant in contestants:
                if contestant.name not in costs:
                    continue
                self.tell(f"{workload}, round {number + 1}: {contestant.name}")
                try:
                    with contextmanager(fresh)(self) as url:
                        cost = self.run(contestant, folders[contestant.name], url)
                        if checked:
                            _refuse_untrue(contestant.name, files, url)
                except ProgramFailedError as error:
                    self.failures[f"{contestant.name}, {workload}"] = str(error)
                    del costs[contestant.name]
                else:
                    costs[contestant.name].append(cost)
        return costs


def fresh_postgres(arena: Arena) -> Iterator[str]:
    """
    Give an empty database on the server.
    """
    yield arena.database()


def fresh_lite(arena: Arena) -> Iterator[str]:
    """
    Give the URL of a file that is not there yet.
    """
    folder = arena.scratch / "lite"
    folder.mkdir()
    try:
        yield f"sqlite:///{folder}/app.db"
    finally:
        shutil.rmtree(folder)


def tables_of(url: str) -> set[str]:
    """
    Name the tables that a workload may have made.
    """
    if url.startswith("sqlite"):
        with closing(sqlite3.connect(url.removeprefix("sqlite:///"))) as lite:
            names = lite.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall()
    else:
        with psycopg.connect(url) as conn:
            names = conn.execute("SELECT tablename FROM pg_tables").fetchall()
    return {name for (name,) in names if re.fullmatch(r"[tw]\d+", name)}


def _refuse_untrue(name: str, files: Files, url: str) -> None:
    expected = {table for text in files.values() for table in _MADE.findall(text)}
    found = tables_of(url)
    if found != expected:
        raise ProgramFailedError(
            f"{name} says that it is done, and {len(found)} of {len(expected)} tables are there"
        )
