"""
What both colours of a psycopg session share: everything but the waiting.

psycopg separates what is said to libpq (generators) from how one waits for it
(``Connection.wait``, ``AsyncConnection.wait``).  So the exchange is written once
here, and each colour passes it to its own ``wait``.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from itertools import accumulate
from typing import Any, TypeAlias

import psycopg
from psycopg import generators, pq
from psycopg.abc import PQGen
from psycopg.conninfo import make_conninfo
from psycopg.pq.abc import PGconn, PGresult
from psycopg.waiting import Wait

from ..errors import DriverError
from ..protocols import Heard
from ._pgsaid import BUSY, IN_TRANSACTION, closed, failed_statement, in_use
from ._pgtarget import Target
from ._pgtext import encode

__all__ = [
    "CANCEL_TIMEOUT",
    "Exchange",
    "conninfo_for",
    "failed_fetch",
    "refuse_busy",
    "take_rest",
]

AnyConnection: TypeAlias = psycopg.BaseConnection[Any]

CANCEL_TIMEOUT = 5.0
"""How long to try to tell the server to stop, in seconds."""

# A body that ends in "-- comment" would swallow a bare semicolon, and with it
# the next statement: the record, or the COMMIT.
_SEPARATOR = "\n;\n"

# Integers, as libpq gives them: the members of an enumeration compare slowly.
_ANSWERS = frozenset(map(int, (pq.ExecStatus.COMMAND_OK, pq.ExecStatus.TUPLES_OK)))
_COPIES = frozenset(map(int, (pq.ExecStatus.COPY_IN, pq.ExecStatus.COPY_OUT)))

_NO_DATA = b"a migration has no data on its standard input"


@dataclass(slots=True)
class Exchange:
    """
    One simple query of several statements, and what came back so far.

    The results arrive one by one, so the number before an error is the index of
    the statement that failed, also for errors without a position.  Only a
    connection that is cut leaves it open: the server had its answers in a buffer.

    *stop* makes the server stop, for a *heard* that raises: its answers have to be
    taken to the end all the same, or the session is of no use any more.
    """

    statements: Sequence[str]
    encoding: str
    heard: Heard | None = None
    stop: Callable[[], None] | None = None
    tags: list[str] = field(default_factory=list[str])
    interruption: BaseException | None = None

    def talk(self, pgconn: PGconn) -> PQGen[PGresult | None]:
        """
        Send the statements; return the result that is an error, if there is one.
        """
        pgconn.send_query(self._encoded())
        yield from generators.send(pgconn)
        failed: PGresult | None = None
        while True:
            try:
                result = yield from generators.fetch(pgconn)
            except psycopg.DatabaseError:
                # A server that ends our session says why, and hangs up.
                if failed is None:
                    raise
                result = None
            if result is None:
                if self.interruption is not None:
                    raise self.interruption
                return failed
            status = result.status
            if status in _ANSWERS:
                # No tag: a rule's DO ALSO SELECT gives results of its own.
                if tag := result.command_status:
                    self._hear(tag.decode(), result)
            elif status in _COPIES:
                yield from _end_copy(pgconn, status)
            elif status == pq.ExecStatus.FATAL_ERROR:
                failed = result

    def _hear(self, tag: str, result: PGresult) -> None:
        self.tags.append(tag)
        if self.heard is None:
            return
        try:
            self.heard(tag, result.get_value(0, 0) if result.ntuples else None)
        except BaseException as error:
            # Ctrl-C, while somebody was being told.
            if self.stop is None:
                raise
            if self.interruption is None:
                self.interruption = error
                self.stop()

    def _encoded(self) -> bytes:
        try:
            return encode(_SEPARATOR.join(self.statements), self.encoding)
        except DriverError as error:
            error.index, error.offset = self._locate(error.offset or 0)
            raise

    def outcome(self, failed: PGresult | None, conn: AnyConnection) -> Sequence[str]:
        """
        Return the tags, or raise what went wrong.
        """
        if failed is not None:
            raise self._error(failed, lost=conn.closed)
        if len(self.tags) != len(self.statements):
            raise DriverError(
                f"the server answered {len(self.tags)} of {len(self.statements)} statements:"
                " one of them is empty, or is really several"
            )
        return self.tags

    def broken(self, error: psycopg.Error, conn: AnyConnection) -> DriverError:
        """
        Make a `DriverError` of a failure on our side of the connection.
        """
        index = 0 if len(self.statements) == 1 else None
        return failed_statement(error.diag, str(error), index=index, lost=conn.closed)

    def _error(self, failed: PGresult, *, lost: bool) -> DriverError:
        diag = psycopg.errors.Diagnostic(failed, self.encoding)
        index, offset = self._next(), None
        if position := diag.statement_position:
            where, offset = self._locate(int(position) - 1)
            if index == 0:
                # The server parses all of the text before it executes any of it.
                index = where
            if where != index:
                offset = None
        return failed_statement(
            diag, "the server gave no reason", index=index, offset=offset, lost=lost
        )

    def _next(self) -> int | None:
        return len(self.tags) if len(self.tags) < len(self.statements) else None

    def _locate(self, position: int) -> tuple[int, int]:
        """
        Turn an offset in the text that was sent into statement and offset there.
        """
        starts = [0, *accumulate(len(s) + len(_SEPARATOR) for s in self.statements[:-1])]
        index = max(i for i, start in enumerate(starts) if start <= position)
        return index, position - starts[index]


def _end_copy(pgconn: PGconn, status: int) -> PQGen[None]:
    """
    Leave COPY mode so that the session survives; rows are dropped as a query's are.
    """
    if status == pq.ExecStatus.COPY_IN:
        while pgconn.put_copy_end(_NO_DATA) == 0:
            yield Wait.W
        yield from generators.send(pgconn)
        return
    while (size := pgconn.get_copy_data(1)[0]) >= 0:
        if size == 0:
            yield Wait.R
            pgconn.consume_input()


def take_rest(pgconn: PGconn) -> PQGen[None]:
    """
    Take the server's answers to the end, whatever they say.
    """
    while (result := (yield from generators.fetch(pgconn))) is not None:
        if result.status in _COPIES:
            yield from _end_copy(pgconn, result.status)


def failed_fetch(error: psycopg.Error, conn: AnyConnection) -> DriverError:
    """
    Make a `DriverError` of what a cursor raised.
    """
    position = error.diag.statement_position
    offset = int(position) - 1 if position else None
    return failed_statement(error.diag, str(error), offset=offset, lost=conn.closed)


def conninfo_for(target: Target, timeout: float) -> str:
    """
    Say what our own sessions ask of libpq, beside what the caller asks.

    The timeout becomes whole seconds; psycopg waits at least two.
    """
    seconds = max(1, math.ceil(timeout))
    return make_conninfo(
        target.conninfo,
        connect_timeout=min(seconds, target.timeout or seconds),
        fallback_application_name="st44-migrate",
        # Files are UTF-8, whatever the environment or the database says.
        client_encoding="UTF8",
    )


def refuse_busy(conn: AnyConnection) -> None:
    """
    Raise `ConfigError` unless the caller's *conn* is open and idle.
    """
    what = "psycopg connection"
    if conn.closed:
        raise closed(what)
    if conn.pgconn.pipeline_status != pq.PipelineStatus.OFF:
        raise in_use(what, "in pipeline mode")
    status = conn.info.transaction_status
    if status == pq.TransactionStatus.ACTIVE:
        raise in_use(what, BUSY)
    if status != pq.TransactionStatus.IDLE:
        raise in_use(what, IN_TRANSACTION)
