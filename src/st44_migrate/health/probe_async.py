"""
`AsyncHealthProbe`: asks a database how it is, for async code.  The twin of `probe`.

However many tasks ask at once, one task of the probe's own looks, and nobody who
is cancelled or runs out of time disturbs it: when a connection comes too late,
the next one who asks finds it.
"""

from __future__ import annotations

import asyncio
import os
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


class _Here:
    """
    What belongs to one event loop: a visitor, what it saw, and its flight.
    """

    def __init__(self, parts: Parts) -> None:
        self.visitor = parts.visitor()
        self.memo = parts.memo()
        self.doing = parts.activity()
        self.flight: asyncio.Task[Observation] | None = None


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
        flight = here.flight
        if flight is None:
            flight = here.flight = asyncio.ensure_future(self._fly(here))
        left = asked + self._parts.patience - monotonic()
        await asyncio.wait((flight,), timeout=max(0.0, left))
        landed = flight.done() and not flight.cancelled() and flight.exception() is None
        seen = flight.result() if landed else self._give_up(here)
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
        if here.flight is not None:
            here.flight.cancel()
            with suppress(asyncio.CancelledError):
                await asyncio.wait((here.flight,))
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

    async def _fly(self, here: _Here) -> Observation:
        seen: Observation | None = None
        try:
            seen = await here.visitor.visit(self._parts.allowed)
        finally:
            here.flight = None
            if seen is None:
                seen = self._parts.failed(Fault.INTERNAL)
            here.memo.keep(seen, monotonic())
            self._last = seen
        return seen

    def _give_up(self, here: _Here) -> Observation:
        late = self._parts.failed(Fault.TIMEOUT)
        here.memo.keep(late, monotonic())
        self._last = late
        return late

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
