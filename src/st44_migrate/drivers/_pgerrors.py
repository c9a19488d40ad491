"""
What it means when psycopg gives no connection.
"""

from __future__ import annotations

from traceback import clear_frames

import psycopg
from psycopg import pq
from psycopg.conninfo import make_conninfo

from ..errors import ConfigError, DatabaseUnavailable, MigrateError
from ..model import Fault
from ._pgtarget import Target

__all__ = ["failed_checkout", "failed_connect"]

_WAITING = {pq.Ping.REJECT, pq.Ping.NO_RESPONSE}
"""What PQping says, without words, of a server that is worth waiting for."""


def failed_connect(error: psycopg.Error, target: Target) -> MigrateError:
    """
    Say why psycopg could not open a session on *target*, and let go of the attempt.
    """
    # The error and psycopg's frames hold each other, and these the open socket:
    # once the server is back it would be a session that nobody ends.
    clear_frames(error.__traceback__)
    if not isinstance(error, psycopg.OperationalError):
        return ConfigError(f"psycopg refuses to connect: {error}")
    # Not in the caller's way for long: libpq holds the interpreter meanwhile.
    conninfo = make_conninfo(target.conninfo, connect_timeout=2).encode()
    from ._pgcauses import unreachable

    return unreachable(str(error), target.place, lambda: pq.PGconn.ping(conninfo) in _WAITING)


def failed_checkout(error: psycopg.Error, pool: str) -> MigrateError:
    """
    Say why a pool gave no connection.
    """
    # psycopg_pool may not be imported: its errors are known by name.
    if type(error).__name__ == "PoolClosed":
        return ConfigError(f"the pool {pool} is closed", remedy="Open it before, with pool.open().")
    return DatabaseUnavailable(
        f"the pool {pool} gave no connection: {error}",
        transient=True,
        remedy="All of its connections may be in use, or its database cannot be reached.",
        fault=Fault.POOL,
    )
