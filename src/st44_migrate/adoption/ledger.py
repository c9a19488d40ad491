"""
Another tool's ledger as a table: its columns, what its rows mean, which lock it takes.

A `ToolLedger` is facts about one tool, as a `FileLayout` is about its files.  What is
done with them is the same for all.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from enum import Enum
from typing import TypeAlias

from ..model import ForeignTable, Migration, Reading, read_version

__all__ = [
    "Claim",
    "Kind",
    "TextRow",
    "ToolLedger",
    "by_file",
    "by_name",
    "by_number",
    "file_name",
    "moment",
    "no_lock",
    "number",
    "true",
]

TextRow: TypeAlias = Mapping[str, str | None]
"""
A row, each value as text: bytes in hex, booleans as ``"1"`` and ``"0"``, moments in
ISO 8601 and UTC.
"""


class Kind(Enum):
    """
    What a column holds, whatever its type is called.
    """

    NUMBER = ("int", "serial", "numeric")
    TEXT = ("char", "text", "clob", "uuid")
    FLAG = ("bool", "int")
    MOMENT = ("time", "date", "text", "char", "int")
    BYTES = ("bytea", "blob")
    ANY = ("",)

    def fits(self, type_name: str) -> bool:
        """
        Whether a column of this type may hold it.
        """
        return any(part in type_name.lower() for part in self.value)


def by_number(migration: Migration) -> Sequence[str]:
    """
    Tools that number their files: ``"7"``, ``"1.10"``.
    """
    return (str(migration.version),)


def by_name(migration: Migration) -> Sequence[str]:
    """
    Tools that go by names: what the layout says, else the file's name without its end.
    """
    return migration.key or migration.label, file_name(migration).removesuffix(".sql")


def by_file(migration: Migration) -> Sequence[str]:
    """
    Tools that go by names with their ends: ``"001_create_users.sql"``.
    """
    return migration.key or migration.label, file_name(migration)


def file_name(migration: Migration) -> str:
    """
    The name of a file without its folder.
    """
    return migration.path.rpartition("/")[2]


def no_lock(table: ForeignTable) -> Sequence[int]:
    """
    Tools that take no lock.
    """
    del table
    return ()


@dataclass(frozen=True, slots=True)
class Claim:
    """
    A lock that is a row of a table: *take* fails while another has it, *give_back*
    leaves the table as it was.
    """

    take: str
    give_back: str


@dataclass(frozen=True, slots=True, kw_only=True)
class ToolLedger:
    """
    What is to be known of a tool's ledger.  All functions are pure.

    Args:
        tool: What people call it; the name of its layout, if it has one.

        table: What the table is called unless somebody chose another name.  Only
            tells several apart that look alike.

        columns: Its columns, all of which have to be there.

        also: Columns that some versions of the tool have beside them.

        beside: A table that is beside it, or, with ``"!"`` before it, is not.

        nearby: Other tables of the tool that are looked for: `ForeignTable.beside` has
            those that are there.

        read: From the rows to what they say.

        keys: What the tool may call a file.  The first that the ledger has counts.

        agrees: Whether a file has this checksum.

        locks: The keys of the advisory locks that the tool takes on PostgreSQL.

        claim: The tool's lock, where that is a row of a table.

        matches: Its versions are files; else it can only become a baseline.

        settle: What to do about a row that is dirty or failed; ``{key}`` and ``{table}``
            are filled in.
    """

    tool: str
    table: str
    columns: Mapping[str, Kind]
    read: Callable[[Sequence[TextRow]], Reading]
    also: frozenset[str] = frozenset()
    beside: str = ""
    nearby: frozenset[str] = frozenset()
    keys: Callable[[Migration], Sequence[str]] = by_number
    agrees: Callable[[Migration, str], bool] | None = None
    locks: Callable[[ForeignTable], Sequence[int]] = no_lock
    claim: Callable[[ForeignTable], Claim | None] | None = None
    matches: bool = True
    settle: str = ""

    def fits(self, table: ForeignTable) -> bool:
        """
        Whether *table* has the columns of this ledger, and no others.
        """
        found = dict(table.columns)
        if not self.columns.keys() <= found.keys() <= self.columns.keys() | self.also:
            return False
        if not all(kind.fits(found[name]) for name, kind in self.columns.items()):
            return False
        if self.beside.startswith("!"):
            return self.beside[1:] not in table.beside
        return not self.beside or self.beside in table.beside


def number(text: str | None) -> str:
    """
    Write a version as `by_number` does: ``"007"`` is ``"7"``, ``"1.10.0"`` is ``"1.10"``.
    """
    return str(read_version(text or ""))


def true(text: str | None) -> bool:
    """
    Read a flag.
    """
    return (text or "").strip().lower() in {"1", "t", "true"}


def moment(text: str | None) -> datetime | None:
    """
    Read a moment; None if it is none.
    """
    text = (text or "").strip()
    try:
        if text.isdigit():
            return datetime.fromtimestamp(int(text) / 1000, UTC)
        when = datetime.fromisoformat(text)
    except (ValueError, OverflowError, OSError):
        return None
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)
