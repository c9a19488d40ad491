"""
How two runners are kept apart.

On PostgreSQL a session advisory lock is polled, never waited for: a blocked
``pg_advisory_lock`` deadlocks with CREATE INDEX CONCURRENTLY, and the victim may
be the index build.  It lives on the connection that does the work, so that it
dies with it.  The lock makes waiting polite; that a migration runs once is the
business of its claim (see `_engine`), which needs no lock at all.
"""

from __future__ import annotations

import hashlib

from .dialects import Dialect, Footing
from .dialects.postgresql_pulse import holding
from .errors import DriverError
from .model import LedgerName
from .protocols import AsyncConnection, Lock

__all__ = ["AdvisoryLock", "NoLock", "WatchedLock", "lock_for", "lock_key"]


def lock_key(name: LedgerName, schema: str | None) -> int:
    """
    Return the advisory lock's key: 64 bits, signed, from schema and ledger.

    Advisory locks are separate for each database already; applications that
    share one keep ledgers of their own and must not wait for each other.
    """
    text = f"st44-migrate:{schema}.{name.table}"
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:8], "big", signed=True)


_MINE = "l.pid = pg_catalog.pg_backend_pid()"


class AdvisoryLock:
    """
    A session advisory lock of PostgreSQL.
    """

    def __init__(self, key: int) -> None:
        self.key = key

    async def try_acquire(self, conn: AsyncConnection, /) -> bool:
        """
        Take the lock if nobody else has it.  Once, however often it is asked for.
        """
        rows = await conn.fetch(
            f"SELECT CASE WHEN EXISTS (SELECT 1 {self._holders()} AND {_MINE}) THEN true"
            f" ELSE pg_catalog.pg_try_advisory_lock({self.key}) END"
        )
        return bool(rows[0][0])

    async def held(self, conn: AsyncConnection, /) -> bool:
        """
        Say whether the session still has the lock: a file may give it away.
        """
        return bool(await conn.fetch(f"SELECT 1 {self._holders()} AND {_MINE}"))

    async def holder(self, conn: AsyncConnection, /) -> str:
        """
        Say who holds the lock, as far as this role may know.
        """
        rows = await conn.fetch(
            "SELECT a.pid::text, a.application_name, pg_catalog.pg_get_userbyid(a.usesysid)::text,"
            " round(extract(epoch from clock_timestamp() - a.backend_start))::text"
            f" {self._holders()}"
        )
        if not rows:
            return "a session that has just ended"
        pid, application, user, age = rows[0]
        about = [text for text in (application, f"as {user}" if user else "") if text]
        since = f", connected {age} s ago" if age else ""
        return f"pid {pid}" + (f" ({' '.join(about)})" if about else "") + since

    def _holders(self) -> str:
        return holding(self.key)

    async def release(self, conn: AsyncConnection, /) -> None:
        """
        Give the lock back.  A courtesy: it goes with the connection anyway.
        """
        try:
            await conn.fetch(f"SELECT pg_catalog.pg_advisory_unlock({self.key})")
        except DriverError:
            return


class WatchedLock(AdvisoryLock):
    """
    The same lock from behind a pooler: only looked at, never held.

    Each migration's own transaction takes it; a session's would stay behind on
    a server connection that serves other clients.
    """

    async def try_acquire(self, conn: AsyncConnection, /) -> bool:
        """
        Succeed while nobody has the lock.
        """
        return not await conn.fetch(f"SELECT 1 {self._holders()}")

    async def held(self, conn: AsyncConnection, /) -> bool:
        """
        Succeed: there is nothing to lose.
        """
        del conn
        return True

    async def release(self, conn: AsyncConnection, /) -> None:
        """
        Do nothing.
        """
        del conn


class NoLock:
    """
    Nothing to hold: each migration's own transaction keeps runners apart.
    """

    async def try_acquire(self, conn: AsyncConnection, /) -> bool:
        """
        Succeed.
        """
        del conn
        return True

    async def held(self, conn: AsyncConnection, /) -> bool:
        """
        Succeed: there is nothing to lose.
        """
        del conn
        return True

    async def holder(self, conn: AsyncConnection, /) -> str:
        """
        Say that there is no telling.
        """
        del conn
        return "another connection"

    async def release(self, conn: AsyncConnection, /) -> None:
        """
        Do nothing.
        """
        del conn


def lock_for(dialect: Dialect, name: LedgerName, footing: Footing, *, pooled: bool) -> Lock:
    """
    Choose the lock for a session on *footing*.
    """
    if not dialect.locks_sessions:
        return NoLock()
    key = lock_key(name, footing.schema)
    return WatchedLock(key) if pooled else AdvisoryLock(key)
