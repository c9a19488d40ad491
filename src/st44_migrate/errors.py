"""
The error tree: what happened, what is unchanged, what to do.

::

    MigrateError
    ├── ConfigError            no or a bad database, the wrong driver colour     2
    ├── SourceError            the folder cannot be read; nothing ran            2
    ├── PlanError              folder and ledger disagree; nothing ran           4
    ├── LedgerError            the ledger cannot be read or written              4
    ├── ApplyError             a migration failed; .report says what stays       1
    ├── LockTimeout            another runner holds the lock; nothing ran        5
    ├── DatabaseUnavailable    not reachable within the wait                     6
    └── NotCurrent             not what the code expects (see `health.require`)  3

`DriverError` stands beside the tree: it is what a driver raises, and the engine
turns it into one of the above.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

from ._travelling import Travelling
from .model.fault import Fault

if TYPE_CHECKING:
    from collections.abc import Sequence

    from .model import Migration, Place, Problem, Report, Statement

__all__ = [
    "ApplyError",
    "ConfigError",
    "DatabaseUnavailable",
    "DriverError",
    "LedgerError",
    "LockTimeout",
    "MigrateError",
    "PlanError",
    "SourceError",
]


class MigrateError(Travelling):
    """
    Anything this library raises on purpose.

    Args:
        happened: One line: what is the matter, with the place where it is.

        excerpt: The lines around the place, with a caret; may be empty.

        unchanged: What is as it was before; may be empty.

        remedy: What to do now; may be empty.

        fault: The same in the words of a health document.
    """

    exit_code: ClassVar[int] = 1
    code: ClassVar[str] = "error"
    fault: Fault = Fault.INTERNAL

    def __init__(
        self,
        happened: str,
        *,
        excerpt: str = "",
        unchanged: str = "",
        remedy: str = "",
        fault: Fault | None = None,
    ) -> None:
        super().__init__(happened)
        if fault is not None:
            self.fault = fault
        self.happened = happened
        self.excerpt = excerpt
        self.unchanged = unchanged
        self.remedy = remedy

    def __str__(self) -> str:
        parts = (self.happened, self.excerpt, self.unchanged, self.remedy)
        return "\n".join(part for part in parts if part)


class ConfigError(MigrateError):
    """
    What the caller asked for cannot be done by anybody: nothing was touched.
    """

    exit_code = 2
    code = "config"
    fault = Fault.UNCONFIGURED


class SourceError(MigrateError):
    """
    The folder, or a file in it, cannot be taken as it is; nothing ran.

    *place* is where in which file, if it is about a place.
    """

    exit_code = 2
    code = "source"

    def __init__(
        self,
        happened: str,
        *,
        place: Place | None = None,
        excerpt: str = "",
        unchanged: str = "Nothing was run.",
        remedy: str = "",
    ) -> None:
        super().__init__(happened, excerpt=excerpt, unchanged=unchanged, remedy=remedy)
        self.place = place


class PlanError(MigrateError):
    """
    Folder and ledger disagree; nothing ran.  *problems* says in what.
    """

    exit_code = 4
    code = "plan"

    def __init__(self, problems: Sequence[Problem]) -> None:
        first = problems[0]
        more = "\n".join(f"also: {p.message} {p.remedy}".rstrip() for p in problems[1:])
        super().__init__(
            first.message,
            excerpt=first.excerpt,
            unchanged="Nothing was run.",
            remedy="\n".join(part for part in (first.remedy, more) if part),
        )
        self.problems = tuple(problems)


class LedgerError(MigrateError):
    """
    The ledger cannot be read, is not ours to write, or has another shape.
    """

    exit_code = 4
    code = "ledger"
    fault = Fault.LEDGER


class LockTimeout(MigrateError):
    """
    Another runner held the lock for all the time we had; nothing ran.
    """

    exit_code = 5
    code = "lock-timeout"


class DatabaseUnavailable(MigrateError):
    """
    There is no talking to the database.

    *transient* says whether waiting may help: the server is starting, refuses
    connections or has too many clients.  A wrong password is not transient.
    """

    exit_code = 6
    code = "unavailable"
    fault = Fault.UNAVAILABLE

    def __init__(
        self,
        happened: str,
        *,
        transient: bool,
        unchanged: str = "Nothing was run.",
        remedy: str = "",
        fault: Fault | None = None,
    ) -> None:
        super().__init__(happened, unchanged=unchanged, remedy=remedy, fault=fault)
        self.transient = transient


class ApplyError(MigrateError):
    """
    A migration failed.

    Args:
        migration: Which one.

        report: What this run had applied before it, and what stays.

        place: Where in the file, as close as the server lets us know; None
            where no place is to blame.

        statement: The statement that failed, None where it was not the file's.

        error: What the driver said: SQLSTATE, detail, hint, context.
    """

    exit_code = 1
    code = "apply"

    def __init__(
        self,
        happened: str,
        *,
        migration: Migration,
        report: Report,
        place: Place | None = None,
        statement: Statement | None = None,
        error: DriverError | None = None,
        excerpt: str = "",
        unchanged: str = "",
        remedy: str = "",
    ) -> None:
        super().__init__(happened, excerpt=excerpt, unchanged=unchanged, remedy=remedy)
        self.migration = migration
        self.report = report
        self.place = place
        self.statement = statement
        self.error = error

    @property
    def position(self) -> Place | None:
        """
        The same as *place*.
        """
        return self.place

    @property
    def sqlstate(self) -> str | None:
        """
        The SQLSTATE, or SQLite's name of the error.
        """
        return self.error.sqlstate if self.error else None


class DriverError(Travelling):
    """
    A statement or a connection failed: the only thing that a driver raises.

    Args:
        message: The database's primary message, in one line.

        index: Which of the statements given to ``run`` failed, from 0.

        offset: Where in that statement, in characters from 0, if the database
            says so.

        sqlstate: Five characters; SQLite drivers give SQLite's name of the
            error, ``"SQLITE_BUSY"``.

        detail, hint, context, constraint: As the database gives them.

        internal_query, internal_offset: The statement inside a function, and
            where in it.

        lost: The session is gone, and with it its locks and open transaction.
    """

    def __init__(
        self,
        message: str,
        *,
        index: int | None = None,
        offset: int | None = None,
        sqlstate: str | None = None,
        detail: str | None = None,
        hint: str | None = None,
        context: str | None = None,
        constraint: str | None = None,
        internal_query: str | None = None,
        internal_offset: int | None = None,
        lost: bool = False,
    ) -> None:
        super().__init__(message)
        self.message = message
        self.index = index
        self.offset = offset
        self.sqlstate = sqlstate
        self.detail = detail
        self.hint = hint
        self.context = context
        self.constraint = constraint
        self.internal_query = internal_query
        self.internal_offset = internal_offset
        self.lost = lost
