"""
`AsyncHealthProbe`: asks a database how it is, for async code.  The twin of `probe`.

However many tasks ask at once, one task of the probe's own looks, and nobody who
is cancelled or runs out of time disturbs it: when a connection comes too late,
the next one who asks finds it.
"""

from __future__ import annotations

import asyncio
import os
from collections import deque
from collections.abc import Callable, Iterable
from contextlib import suppress
from time import monotonic
from types import TracebackType
from typing import Self

from ..drivers.url import async_driver_for
from ..model import Fault, Settings
from ..protocols import AsyncDatabase, Clock, Source
from .expected import Critical
from .observation import Activity, Observation
from .parts import Parts, assemble
from .policy import DEFAULT, Policy
from .report import HealthReport
from .rules import RULES, Rule

__all__ = ["AsyncHealthProbe"]

_SETTINGS = Settings()

_AT_ONCE = 0.01
"""Who would be sent away so soon after another goes with it, in parts of the patience."""


class _Flight:
    """
    One visit on its way, and who waits for it: in a row, as they came.

    ``asyncio.wait`` would do the same; with a thousand waiting, each of them has a
    timer of its own to leave, and a thousand callbacks to find its own among.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, tolerance: float) -> None:
        self.seen: Observation | None = None
        self.pilot: asyncio.Task[None]
        self._loop = loop
        self._tolerance = tolerance
        self._row = deque[tuple[float, asyncio.Future[None]]]()
        self._alarm: asyncio.TimerHandle | None = None

    def land(self, seen: Observation) -> None:
        """
        Bring home what was seen.  Once.
        """
        self.seen = seen
        self._dismiss(float("inf"))

    async def wait(self, seconds: float) -> None:
        """
        Wait until it has landed, *seconds* at most; the next in the row may be
        sent away a moment early, with the one before.
        """
        if self.seen is not None:
            return
        place = self._loop.create_future()
        self._row.append((self._loop.time() + seconds, place))
        if self._alarm is None:
            self._ring_for_the_first()
        await place

    def _dismiss(self, moment: float) -> None:
        while self._row and self._row[0][0] <= moment:
            _, place = self._row.popleft()
            if not place.done():
                place.set_result(None)
        if self._alarm is not None:
            self._alarm.cancel()
            self._alarm = None
        if self._row:
            self._ring_for_the_first()

    def _ring_for_the_first(self) -> None:
        until, _ = self._row[0]
        self._alarm = self._loop.call_at(until, self._dismiss, until + self._tolerance)


class _Here:
    """
    What belongs to one event loop: a visitor, what it saw, and its flight.
    """

    def __init__(self, parts: Parts) -> None:
        self.visitor = parts.visitor()
        self.memo = parts.memo()
        self.doing = parts.activity()
        self.flight: _Flight | None = None


class AsyncHealthProbe:
    """
    Tells how a database stands to the code: `HealthProbe` with ``await``.

    *database* is a URL, a psycopg AsyncConnection or AsyncConnectionPool, an
    aiosqlite connection, an AsyncEngine or AsyncConnection of SQLAlchemy, or an
    `AsyncDriver`.  Every event loop that asks has a session of its own.
    """

    def __init__(
        self,
        database: AsyncDatabase,
        source: Source | str | os.PathLike[str] = "migrations",
        *,
        tables: Critical = (),
        settings: Settings = _SETTINGS,
        rules: Iterable[Rule] = RULES,
        policy: Policy = DEFAULT,
        deadline: float = 0.8,
        ttl: float = 1.0,
        activity: Callable[[], Activity | None] | None = None,
        now: Clock | None = None,
    ) -> None:
        self._parts = assemble(
            async_driver_for(database),
            source,
            tables=tables,
            settings=settings,
            rules=rules,
            policy=policy,
            deadline=deadline,
            ttl=ttl,
            activity=activity,
            now=now,
        )
        self._last = Observation()
        # Held until the next one asks: a session has to be closed, not forgotten.
        self._loops: dict[asyncio.AbstractEventLoop, _Here] = {}

    async def check(self, policy: Policy | None = None) -> HealthReport:
        """
        See `HealthProbe.check`.  A caller that is cancelled disturbs no other.
        """
        asked = monotonic()
        here = await self._here()
        if (doing := self._parts.activity()) != here.doing:
            here.doing = doing
            here.memo.forget()
        seen = here.memo.fresh(asked)
        if seen is not None:
            return self._parts.judge.report(seen, policy, cached=True)
        flight = here.flight or self._launch(here)
        await flight.wait(asked + self._parts.patience - monotonic())
        seen = flight.seen or self._give_up(here)
        return self._parts.judge.report(seen, policy, cached=False)

    def latest(self, policy: Policy | None = None) -> HealthReport:
        """
        See `HealthProbe.latest`.  From any thread, with or without a loop.
        """
        return self._parts.judge.report(self._last, policy, cached=True)

    async def close(self) -> None:
        """
        End this loop's session.  A visit that is on its way is given up.
        """
        here = self._loops.pop(asyncio.get_running_loop(), None)
        if here is None:
            return
        here.visitor.keeps = False
        if (flight := here.flight) is not None:
            flight.pilot.cancel()
            await asyncio.wait((flight.pilot,))
            if flight.seen is None:  # It had not even begun.
                flight.land(self._parts.failed(Fault.INTERNAL))
        await here.visitor.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.close()

    # --- flights --------------------------------------------------------------

    def _launch(self, here: _Here) -> _Flight:
        loop = asyncio.get_running_loop()
        flight = here.flight = _Flight(loop, self._parts.patience * _AT_ONCE)
        flight.pilot = loop.create_task(self._fly(here, flight))
        return flight

    async def _fly(self, here: _Here, flight: _Flight) -> None:
        seen: Observation | None = None
        try:
            seen = await here.visitor.visit(self._parts.allowed)
        finally:
            here.flight = None
            if seen is None:
                seen = self._parts.failed(Fault.INTERNAL)
            self._keep(here, seen)
            flight.land(seen)

    def _give_up(self, here: _Here) -> Observation:
        """
        Answer without what is still on its way; for a moment, for everybody.
        """
        late = here.memo.fresh(monotonic())
        if late is None:
            late = self._parts.failed(Fault.TIMEOUT)
            self._keep(here, late)
        return late

    def _keep(self, here: _Here, seen: Observation) -> None:
        here.memo.keep(seen, monotonic())
        self._last = seen

    # --- event loops ----------------------------------------------------------

    async def _here(self) -> _Here:
        """
        Find what belongs to the running loop; tidy up after loops that are closed.
        """
        loop = asyncio.get_running_loop()
        here = self._loops.get(loop)
        if here is None:
            here = self._loops[loop] = _Here(self._parts)
            for other in [other for other in self._loops if other.is_closed()]:
                with suppress(Exception):
                    await self._loops.pop(other).visitor.close()
        return here
