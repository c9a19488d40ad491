"""
What is said of a PostgreSQL server's failures, whatever driver brings them.
"""

from __future__ import annotations

from typing import Protocol

from ..errors import ConfigError, DatabaseUnavailable, DriverError
from ..model import Fault

__all__ = [
    "BUSY",
    "IN_TRANSACTION",
    "Diagnostic",
    "closed",
    "failed_statement",
    "in_use",
    "refuse_old_server",
]

BUSY = "busy with another statement"
IN_TRANSACTION = "inside a transaction; migrations need their own"

OLDEST = 14
"""The oldest major version of PostgreSQL that is supported."""


class Diagnostic(Protocol):
    """
    The fields of an error, under the names that psycopg and psycopg2 give them.
    """

    @property
    def message_primary(self) -> str | None: ...
    @property
    def message_detail(self) -> str | None: ...
    @property
    def message_hint(self) -> str | None: ...
    @property
    def sqlstate(self) -> str | None: ...
    @property
    def context(self) -> str | None: ...
    @property
    def constraint_name(self) -> str | None: ...
    @property
    def statement_position(self) -> str | None: ...
    @property
    def internal_query(self) -> str | None: ...
    @property
    def internal_position(self) -> str | None: ...


def failed_statement(
    diag: Diagnostic,
    otherwise: str,
    *,
    index: int | None = None,
    offset: int | None = None,
    lost: bool = False,
) -> DriverError:
    """
    Make a `DriverError` of what the server said; *otherwise* where it said nothing.
    """
    inner = diag.internal_position
    return DriverError(
        " ".join((diag.message_primary or otherwise.partition("\n")[0]).split("\n")),
        index=index,
        offset=offset,
        sqlstate=diag.sqlstate,
        detail=diag.message_detail,
        hint=diag.message_hint,
        context=diag.context,
        constraint=diag.constraint_name,
        internal_query=diag.internal_query,
        internal_offset=int(inner) - 1 if inner else None,
        lost=lost,
    )


def closed(what: str) -> ConfigError:
    """
    Say that *what*, which the caller passed, is closed.
    """
    return ConfigError(f"the {what} is closed", remedy="Pass an open one.")


def in_use(what: str, how: str) -> ConfigError:
    """
    Say that *what*, which the caller passed, is in use, and *how*.
    """
    return ConfigError(
        f"the {what} is {how}",
        remedy="Commit or roll back before, or pass the database URL.",
        fault=Fault.IN_USE,
    )


def refuse_old_server(version: int, place: str) -> None:
    """
    Raise `DatabaseUnavailable` for a server older than `OLDEST`.

    *version* is libpq's: 150018 is 15.18.
    """
    if version < OLDEST * 10_000:
        raise DatabaseUnavailable(
            f"{place} runs PostgreSQL {version // 10_000}; {OLDEST} or later is needed",
            transient=False,
            remedy="Upgrade the server.",
            fault=Fault.OUTDATED,
        )
