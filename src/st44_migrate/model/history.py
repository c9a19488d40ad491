"""
What a database says: the ledger, the journal, and both read together.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from zlib import crc32

from .folder import Migration
from .version import Version

__all__ = [
    "History",
    "JournalEntry",
    "JournalState",
    "LedgerEntry",
    "LedgerName",
    "Record",
]


_SUFFIX = "_journal"
_PREFIX = "st44_"
_LONGEST = 63


class LedgerName(NamedTuple):
    """
    The ledger's table, ``schema_migrations`` unless told otherwise.

    *schema* None means: where the session's search_path finds it, else where
    it would create it.
    """

    table: str = "schema_migrations"
    schema: str | None = None

    @property
    def journal(self) -> str:
        """
        The name of the journal, which shares the ledger's schema.

        It fits the 63 bytes that PostgreSQL keeps of a name; a longer one would
        be cut off, at worst to the ledger's own.
        """
        raw = self.table.encode()
        if len(raw) + len(_SUFFIX) <= _LONGEST:
            return self.table + _SUFFIX
        kept = raw[: _LONGEST - len(_SUFFIX) - 9].decode(errors="ignore")
        return f"{kept}_{crc32(raw):08x}{_SUFFIX}"

    @property
    def evasive(self) -> LedgerName:
        """
        Where our ledger goes if another tool has a table of this name.
        """
        kept = self.table.encode()[: _LONGEST - len(_PREFIX)].decode(errors="ignore")
        return LedgerName(_PREFIX + kept, self.schema)

    def __str__(self) -> str:
        return f"{self.schema}.{self.table}" if self.schema else self.table


class JournalState(StrEnum):
    """
    What the journal knows of a version.
    """

    RUNNING = "running"
    """Claimed; a file that is not transactional stays here until its last statement."""

    APPLIED = "applied"
    """Run by us to its end, or adopted by baseline, mark or repair."""

    FAILED = "failed"
    """The last attempt failed; a transactional file left nothing behind."""

    RETIRED = "retired"
    """Applied once; its file is gone, and that was accepted by repair."""


@dataclass(frozen=True, slots=True)
class JournalEntry:
    """
    What we keep beside the ledger, one row a version.

    Args:
        checksum: Of the statements, as applied; None if never read.

        raw_checksum: Of the bytes, as applied.

        total: How many units the script has.

        done: How many of them are committed.

        done_checksum: Over the units that are done, so that a re-run can tell
            whether they were edited since.

        backend_pid, backend_start: The server process whose session claimed it.

        in_doubt: A unit was sent whose end nobody saw: *done* is where it is.
    """

    version: Version
    state: JournalState
    checksum: str | None = None
    raw_checksum: str | None = None
    total: int | None = None
    done: int | None = None
    done_checksum: str | None = None
    in_doubt: bool = False
    duration_ms: int | None = None
    reason: str | None = None
    error: str | None = None
    backend_pid: int | None = None
    backend_start: str | None = None


class LedgerEntry(NamedTuple):
    """
    One row of the ledger: this version is applied, whoever recorded it.

    *journal* is None where it was recorded elsewhere: by hand, by the file
    itself, by another program.
    """

    version: Version
    label: str
    name: str
    applied_at: datetime | None = None
    journal: JournalEntry | None = None


@dataclass(frozen=True, slots=True)
class History:
    """
    Ledger and journal, read together.

    Args:
        entries: The ledger's rows, ordered by version, one for each version.

        leftovers: The journal's rows that have no row in the ledger: attempts
            that failed or did not finish, retired versions, repeatable files.

        width: How many characters the ledger's column takes for a version;
            None where it is not limited, or not known yet.

        foreign: What the ledger holds as a version that is none.

        numeric: The ledger's column takes numbers only.
    """

    entries: tuple[LedgerEntry, ...] = ()
    leftovers: tuple[JournalEntry, ...] = ()
    width: int | None = None
    foreign: tuple[str, ...] = ()
    numeric: bool = False


class Record(NamedTuple):
    """
    Everything that is known of one version, for `show`.

    Args:
        entry: The ledger's row, None where the version is not applied.

        journal: Our own row, None where it was recorded elsewhere.

        applied_sql: The text as it was applied, None if we did not apply it.

        applied_by: Who did, ``"app@host"``.

        file: The migration as the folder has it now, None where it is gone.

        file_sql: What of that file would be applied, None where it cannot be read.
    """

    entry: LedgerEntry | None
    journal: JournalEntry | None
    applied_sql: str | None
    applied_by: str | None
    file: Migration | None
    file_sql: str | None = None
