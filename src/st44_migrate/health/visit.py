"""
A visit to the database: get a session, look, give the session back.  For both colours.

A session of our own is kept for the next visit, where there is a server at its
other end: a file may have been replaced meanwhile.  A caller's connection goes
back at once, as it was found.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime

from ..errors import DriverError, MigrateError
from ..model import Fault
from ..protocols import AsyncDriver, Clock
from .faults import OutOfTime, fault_of, is_lost
from .look import Looker, Session
from .observation import Observation

__all__ = ["Visitor"]

_OF_OPENING = 0.9
"""A pool's own "none is free" has to arrive before the deadline."""

_EXPECTED = (DriverError, MigrateError, OutOfTime)
"""What leaves a session as good as it was, unless it is lost."""


class Visitor:
    """
    Visits one database, one visit at a time.

    Args:
        driver: Opens sessions.

        looker: Looks, in a session.

        clock: Seconds that only ever grow.

        now: The time of day.
    """

    def __init__(
        self, driver: AsyncDriver, looker: Looker, clock: Callable[[], float], now: Clock
    ) -> None:
        self.keeps = True
        self._driver = driver
        self._looker = looker
        self._clock = clock
        self._now = now
        self._kept: Session | None = None
        self._told: Fault | None = None

    @property
    def warm(self) -> bool:
        """
        Whether the next visit needs no connection: its time is kept by itself.
        """
        return self._kept is not None

    async def visit(self, allowed: float) -> Observation:
        """
        Look at the database, within *allowed* seconds once there is a session.

        Never raises: whatever goes wrong is what was seen.
        """
        seen = await self.revisit(allowed) if self._kept is not None else None
        if seen is not None:
            return seen
        checked_at, began = self._now(), self._clock()
        session, error = None, None
        try:
            session = await self._open(allowed)
        except Exception as failure:  # noqa: BLE001 -- anything else is a fault of ours, and told as one
            error, seen = failure, self._failed(failure, connected=False)
        else:
            # An attempt that took too long is finished all the same: the next
            # one who asks will find the answer, and a warm session.
            seen, error = await self._look(session, self._clock() + allowed)
        return self._noted(seen, error, checked_at, began)

    async def revisit(self, allowed: float) -> Observation | None:
        """
        Look in the session that was kept, and be back within *allowed* seconds.

        Returns:
            None if there is none, or it is gone, so that another has to be opened.
        """
        checked_at, began = self._now(), self._clock()
        until = began + allowed
        if self._kept is None:
            return None
        seen, error = await self._look(self._kept, until)
        if error is not None and is_lost(error):
            if self._clock() < until:
                return None
            seen = Observation(fault=Fault.TIMEOUT, expected=self._looker.expecting)
        return self._noted(seen, error, checked_at, began)

    async def _look(self, session: Session, until: float) -> tuple[Observation, Exception | None]:
        fit = False
        try:
            if _may_stay(session) and not session.greeted:
                await self._looker.greet(session, until)
            seen = await self._looker.look(session, until)
            fit = True
        except Exception as error:  # noqa: BLE001 -- see `visit`
            fit = isinstance(error, _EXPECTED) and not is_lost(error)
            return self._failed(error, connected=True), error
        else:
            return seen, None
        finally:
            await self._leave(session, fit=fit)

    def _noted(
        self, seen: Observation, error: Exception | None, checked_at: datetime, began: float
    ) -> Observation:
        if seen.fault is not self._told:
            self._told = seen.fault
            _log(seen.fault, error)
        took = round((self._clock() - began) * 1000)
        return replace(seen, checked_at=checked_at, response_ms=took)

    async def _open(self, allowed: float) -> Session:
        timeout = max(allowed, 0.0) * _OF_OPENING
        return Session(await self._driver.connect(timeout=timeout, readonly=True, notice=_ignore))

    async def _leave(self, session: Session, *, fit: bool) -> None:
        if fit and self.keeps and _may_stay(session):
            self._kept = session
            return
        self._kept = None
        await session.conn.close()

    def _failed(self, error: Exception, *, connected: bool) -> Observation:
        return Observation(
            connected=connected and not is_lost(error),
            fault=fault_of(error, self._looker.dialect.trouble),
            expected=self._looker.expecting,
        )

    async def close(self) -> None:
        """
        End the session that is kept, and keep none from now on.
        """
        self.keeps = False
        session, self._kept = self._kept, None
        if session is not None:
            await session.conn.close()


def _may_stay(session: Session) -> bool:
    return not session.conn.borrowed and session.conn.backend_pid is not None


def _log(fault: Fault | None, error: Exception | None) -> None:
    """
    Tell the application's log, once, what no health document may say.
    """
    if fault is None or error is None:
        return
    import logging  # costs 20 ms, and only a failure needs it

    happened = error.happened if isinstance(error, MigrateError) else str(error)
    logging.getLogger("st44_migrate").warning(
        "a health check failed: %s: %s",
        fault.value,
        happened,
        exc_info=error if fault is Fault.INTERNAL else None,
    )


def _ignore(severity: str, message: str, detail: str | None, hint: str | None) -> None:
    """
    Let the server talk.
    """
    del severity, message, detail, hint
