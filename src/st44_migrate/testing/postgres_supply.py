"""
PostgreSQL databases for tests: copies of a template, made ahead.
"""

from __future__ import annotations

import secrets
from collections import deque
from contextlib import ExitStack, suppress

from ..drivers.url import driver_for
from ..errors import ConfigError, DriverError, MigrateError
from .errand import Errand
from .recipe import FAULTS, Recipe, quiet
from .template import MAKER, drop, find_or_build, refused, sweep_orphans, url_of

__all__ = ["PostgresSupply"]

_NO_DATABASE = "3D000"
_WAITING = 6
"""How many used databases wait to be dropped: a session needs a moment to end
after it was closed, and a database in use makes DROP wait for a tenth of a second."""


class PostgresSupply:
    """
    Copies of a template; see `Supply`.

    While a test runs, the server makes the database of the next one, and drops
    those of earlier ones.

    Args:
        server: The URL of a database of the server, to be left as it is.

        recipe: What the template is made of.

    Raises:
        ConfigError: *server* is no URL of a PostgreSQL server.

        DatabaseUnavailable: it does not answer.
    """

    def __init__(self, server: str, recipe: Recipe) -> None:
        _greet(server)
        self._server = server
        self._recipe = recipe
        self._template: str | None = None
        self._fault: MigrateError | None = None
        self._count = 0
        self._ordered: str | None = None
        self._spares: deque[str] = deque()
        self._used: deque[str] = deque()
        with ExitStack() as stack:
            name = MAKER + secrets.token_hex(6)
            self._maker = Errand(server, name)
            stack.callback(self._maker.close)
            self._dropper = Errand(server, name)
            stack.callback(self._dropper.close)
            sweep_orphans(self._maker)
            self._how = _fastest(self._maker)
            self._closing = stack.pop_all()

    def migrated(self) -> str:
        """
        See `Supply.migrated`.
        """
        try:
            if not self._spares:
                self._order()
                self._collect()
            name = self._spares.popleft()
            self._order()
        except DriverError as error:
            raise refused(error) from error
        return url_of(self._server, name)

    def empty(self) -> str:
        """
        See `Supply.empty`.
        """
        name = self._next()
        try:
            self._collect()
            self._maker.run(f"CREATE DATABASE {name} {self._how}")
        except DriverError as error:
            raise refused(error) from error
        return url_of(self._server, name)

    def discard(self, url: str) -> None:
        """
        See `Supply.discard`.
        """
        self._used.append(url.partition("?")[0].rpartition("/")[2])
        if len(self._used) > _WAITING:
            self._dropper.start(drop(self._used.popleft()))

    def close(self) -> None:
        """
        See `Supply.close`.
        """
        with self._closing:
            with suppress(DriverError):  # what was not made needs no drop
                self._collect()
            self._dropper.run(*map(drop, (*self._used, *self._spares)))

    def _order(self) -> None:
        """
        Begin to make the next database, unless one is in the making.
        """
        if self._ordered is not None or self._spares:
            return
        if self._template is None:
            self._template = self._found()
        name = self._next()
        self._maker.start(f"CREATE DATABASE {name} TEMPLATE {self._template} {self._how}")
        self._ordered = name

    def _found(self) -> str:
        if self._fault is not None:
            raise self._fault.with_traceback(None)
        try:
            return find_or_build(self._maker, self._server, self._recipe, how=self._how)
        except FAULTS as fault:
            self._fault = fault
            raise

    def _collect(self) -> None:
        """
        Wait for what is in the making.
        """
        name, self._ordered = self._ordered, None
        if name is None:
            return
        try:
            self._maker.finish()
        except DriverError as error:
            if error.sqlstate != _NO_DATABASE or self._template is None:
                raise
            # Another run needed the room, and dropped our template.
            self._template = None
            self._order()
            self._collect()
        else:
            self._spares.append(name)

    def _next(self) -> str:
        self._count += 1
        return f"{self._maker.name}_{self._count}"


def _greet(server: str) -> None:
    """
    Let the driver say what is wrong with the server, which it does in words.
    """
    driver = driver_for(server)
    if driver.dialect != "postgresql" or "://" not in server:
        raise ConfigError(
            f"{driver.describe()} is not a server on which databases can be made",
            remedy="Give the URL of a PostgreSQL server, postgresql://..., or 'sqlite'.",
        )
    driver.connect(timeout=10.0, readonly=True, notice=quiet).close()


def _fastest(session: Errand) -> str:
    """
    Choose how to copy a database.

    Copying files takes a checkpoint before and after.  These cost nothing where
    nothing is flushed to the disk, and a busy server too much.
    """
    ((version, fsync),) = session.fetch(
        "SELECT current_setting('server_version_num')::int, current_setting('fsync')"
    )
    if version < 150_000 or fsync == "on":
        return ""
    if version >= 180_000:
        with suppress(DriverError):  # not on every system
            session.run("SET file_copy_method = clone")
    return "STRATEGY file_copy"
