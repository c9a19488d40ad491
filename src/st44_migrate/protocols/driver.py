"""
A database, as seen by the engine: the one pair of twins.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, Protocol, TypeAlias

__all__ = ["AsyncConnection", "AsyncDriver", "Connection", "Driver", "Heard", "Notice", "Row"]

Row: TypeAlias = Sequence[Any]
"""One row of a result, its values as the driver gives them."""

Notice: TypeAlias = Callable[[str, str, str | None, str | None], None]
"""Called with severity, message, detail and hint of what the server says unasked."""

Heard: TypeAlias = Callable[[str, Any], None]
"""Called with the command tag of a statement that is done, and the first value of
its first row, as the driver gives it; None where there is no row."""


class Connection(Protocol):
    """
    One blocking session in autocommit mode.

    When it ends, by `close` or by accident, its locks and its open transaction
    end with it: correctness rests on that.  Every failure is a `DriverError`.

    A driver of PostgreSQL that sends the statements of `run` in more than one
    message says so by an attribute ``one_by_one = True``.  A pooler may hand each
    message to another session of the server, so nothing is applied behind one.
    """

    @property
    def dialect(self) -> str:
        """
        The name of the SQL dialect: ``"postgresql"``, ``"sqlite"``, ``"mariadb"``, or
        that of the driver's own *grammar*.
        """
        ...

    @property
    def backend_pid(self) -> int | None:
        """
        The server process that greeted us, None where there is no such thing.

        It is compared with what the server says of itself, to find a pooler.
        """
        ...

    @property
    def borrowed(self) -> bool:
        """
        Whether the session is the caller's own, to be left as it was found.
        """
        ...

    def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        Execute *statements* in order, stop at the first that fails.

        The statements are already split, have no parameters and no semicolon
        at the end, and may contain ``BEGIN`` and ``COMMIT``, also several times.
        A driver may send them in one round trip.

        *heard* is called once for each statement that is done, in order, in the
        caller's thread, as early as its answer is there, and at the latest
        before `run` ends, however it ends.

        Returns:
            One command tag for each statement, ``""`` where there is none.

        Raises:
            DriverError: its *index* says which statement failed.  The ones
                before it took effect as far as their transaction allows, none
                after it was executed.
        """
        ...

    def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        Execute one query, without parameters, and return all its rows.

        Args:
            sql: The query; whatever else stands before it was executed earlier.

            within: Give up after so many seconds, waits for locks included.  The
                database is told so, in the same round trip if that can be had;
                where it stays silent, a session that is not borrowed is ended.
        """
        ...

    def cancel(self) -> None:
        """
        Ask the server to stop what it is doing.  Harmless when idle.
        """
        ...

    def close(self) -> None:
        """
        End the session, or give the caller's own back as it was found.

        A transaction still open is rolled back.  Called once, in any state,
        and must not raise.
        """
        ...


class AsyncConnection(Protocol):
    """
    The same session for async drivers; see `Connection`.
    """

    @property
    def dialect(self) -> str:
        """
        See `Connection.dialect`.
        """
        ...

    @property
    def backend_pid(self) -> int | None:
        """
        See `Connection.backend_pid`.
        """
        ...

    @property
    def borrowed(self) -> bool:
        """
        See `Connection.borrowed`.
        """
        ...

    async def run(self, statements: Sequence[str], heard: Heard | None = None, /) -> Sequence[str]:
        """
        See `Connection.run`.  When cancelled, the server's query is stopped too.
        """
        ...

    async def fetch(self, sql: str, /, *, within: float | None = None) -> Sequence[Row]:
        """
        See `Connection.fetch`.
        """
        ...

    async def cancel(self) -> None:
        """
        See `Connection.cancel`.
        """
        ...

    async def close(self) -> None:
        """
        See `Connection.close`.
        """
        ...


class Driver(Protocol):
    """
    Knows how to open a blocking session on one database.

    A driver for a database of another kind has one more attribute, *grammar*: the
    `Dialect` that *dialect* is the name of.  It is optional.
    """

    @property
    def dialect(self) -> str:
        """
        The dialect of the sessions it opens.
        """
        ...

    def describe(self) -> str:
        """
        Name the database for people, without a password.
        """
        ...

    def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> Connection:
        """
        Open a session.

        Args:
            timeout: How long to try, in seconds.

            readonly: Nothing will be written: do not create what is not there.

            notice: To be called with what the server says unasked.

        Raises:
            DatabaseUnavailable: *transient* says whether trying again may help.
        """
        ...


class AsyncDriver(Protocol):
    """
    Knows how to open an async session; see `Driver`.
    """

    @property
    def dialect(self) -> str:
        """
        See `Driver.dialect`.
        """
        ...

    def describe(self) -> str:
        """
        See `Driver.describe`.
        """
        ...

    async def connect(self, *, timeout: float, readonly: bool, notice: Notice) -> AsyncConnection:
        """
        See `Driver.connect`.
        """
        ...
