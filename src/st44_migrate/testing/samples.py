"""
Files for a memory database: every statement is one of a kind.

So that the database's log of effects says by itself which file ran, how far and
how often, without anybody lexing a file.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, replace
from hashlib import sha256

_MISTAKE = "INSRT"
_ALONE = re.compile(r"^CREATE DATABASE\b|\bCONCURRENTLY\b")

__all__ = ["SampleFile", "sample_file", "sample_folder"]


@dataclass(frozen=True, slots=True)
class SampleFile:
    """
    A migration of a few statements.

    >>> SampleFile(7, ("CREATE TABLE a (i int)", "INSERT INTO a VALUES (1)")).name
    '007_step.sql'

    Args:
        version: Its number.

        statements: Its statements, which no other file has.

        repeatable: It has no number in its name, and runs after those that have.
    """

    version: int
    statements: tuple[str, ...]
    repeatable: bool = False

    @property
    def name(self) -> str:
        """
        What the file is called.
        """
        return f"{self.key}.sql" if self.repeatable else f"{self.version:03}_step.sql"

    @property
    def key(self) -> str:
        """
        What the journal calls it.
        """
        return f"R__step{self.version}" if self.repeatable else str(self.version)

    @property
    def text(self) -> str:
        """
        What is in it.
        """
        return "".join(f"{statement};\n" for statement in self.statements)

    @property
    def digest(self) -> str:
        """
        The SHA-256 of its bytes.
        """
        return sha256(self.text.encode()).hexdigest()

    @property
    def effects(self) -> tuple[str, ...]:
        """
        The statements that the database's log shows: all but the file's own record.
        """
        return tuple(s for s in self.statements if "schema_migrations" not in s)

    @property
    def broken(self) -> bool:
        """
        Whether a statement of it can never run.
        """
        return any(statement.startswith(_MISTAKE) for statement in self.statements)

    def fixed(self) -> SampleFile:
        """
        Correct what is broken.
        """
        right = (statement.replace(_MISTAKE, "INSERT") for statement in self.statements)
        return replace(self, statements=tuple(right))

    @property
    def transactional(self) -> bool:
        """
        Whether all of it commits together.
        """
        return not any(_ALONE.search(statement) for statement in self.statements)


def sample_folder(*kinds: str) -> tuple[SampleFile, ...]:
    """
    Make a folder with a file for each of *kinds*.

    >>> [file.transactional for file in sample_folder("tables", "index", "tables")]
    [True, False, True]

    Args:
        kinds: ``"tables"`` creates and fills a table; ``"defines"`` creates two,
            and nothing else; ``"index"`` and ``"lenient"`` build an index outside
            any transaction, between two statements, the second one IF NOT EXISTS;
            ``"database"`` does there what leaves no evidence; ``"unlocks"`` gives
            its session's locks away; ``"records"`` records itself in the ledger;
            ``"repeats"`` is repeatable, and comes last; ``"broken"`` and
            ``"half-broken"`` end in a syntax error, the second one after an index.
    """
    return tuple(sample_file(version, kind) for version, kind in enumerate(kinds, 1))


def sample_file(version: int, kind: str) -> SampleFile:
    """
    Make a file of one of the kinds of `sample_folder`.
    """
    return SampleFile(version, tuple(_statements(kind, version)), kind == "repeats")


def _statements(kind: str, version: int) -> Iterable[str]:
    table = f"t{version}"
    yield f"CREATE TABLE {table} (i int)"
    if kind in {"tables", "repeats"}:
        yield f"INSERT INTO {table} VALUES (1)"
    elif kind == "defines":
        yield f"CREATE TABLE {table}_more (i int)"
    elif kind in {"index", "lenient"}:
        absent = "IF NOT EXISTS " if kind == "lenient" else ""
        yield f"CREATE INDEX CONCURRENTLY {absent}{table}_i ON {table} (i)"
        yield f"INSERT INTO {table} VALUES (1)"
    elif kind == "database":
        yield f"CREATE DATABASE d{version}"
    elif kind == "unlocks":
        yield f"SELECT pg_advisory_unlock_all() FROM {table}"
    elif kind == "records":
        yield f"INSERT INTO schema_migrations (version, name) VALUES ('{version:03}', 'step')"
    elif kind in {"broken", "half-broken"}:
        if kind == "half-broken":
            yield f"CREATE INDEX CONCURRENTLY {table}_i ON {table} (i)"
        yield f"{_MISTAKE} INTO {table} VALUES (1)"
    else:
        raise ValueError(f"there is no kind of sample called {kind!r}")
