"""
How two runners are kept apart.

A lock of the session is polled, never waited for: on PostgreSQL a blocked
``pg_advisory_lock`` deadlocks with CREATE INDEX CONCURRENTLY, and the victim may
be the index build.  It lives on the connection that does the work, so that it
dies with it.  The lock makes waiting polite; that a migration runs once is the
business of its claim (see `_engine`), which needs no lock at all.
"""

from __future__ import annotations

import hashlib

from .dialects import Dialect, Footing, Locking
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


class AdvisoryLock:
    """
    A lock that belongs to a session, and that nothing but its asking respects.
    """

    def __init__(self, locking: Locking) -> None:
        self._locking = locking

    async def try_acquire(self, conn: AsyncConnection, /) -> bool:
        """
        Take the lock if nobody else has it.  Once, however often it is asked for.
        """
        rows = await conn.fetch(self._locking.take)
        return bool(rows[0][0])

    async def held(self, conn: AsyncConnection, /) -> bool:
        """
        Say whether the session still has the lock: a file may give it away.
        """
        return bool(await conn.fetch(self._locking.mine))

    async def holder(self, conn: AsyncConnection, /) -> str:
        """
        Say who holds the lock, as far as this role may know.
        """
        rows = await conn.fetch(self._locking.holder)
        if not rows:
            return "a session that has just ended"
        pid, application, user, age = rows[0]
        about = [text for text in (application, f"as {user}" if user else "") if text]
        since = f", connected {age} s ago" if age else ""
        return f"pid {pid}" + (f" ({' '.join(about)})" if about else "") + since

    async def release(self, conn: AsyncConnection, /) -> None:
        """
        Give the lock back.  A courtesy: it goes with the connection anyway.
        """
        try:
            await conn.fetch(self._locking.free)
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
        return not await conn.fetch(self._locking.anyone)

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
    locking = dialect.locking(lock_key(name, footing.schema))
    return WatchedLock(locking) if pooled else AdvisoryLock(locking)
