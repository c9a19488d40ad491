"""
A migration that runs while the application is up already, for async code.

::

    @asynccontextmanager
    async def lifespan(app):
        async with migration:
            yield
"""

from __future__ import annotations

import asyncio
from types import TracebackType
from typing import Self

from .._defaults import utcnow
from ..model import Report
from ..protocols import AsyncRunner, Clock
from .background import log_failure
from .observation import Activity, Phase

__all__ = ["AsyncBackgroundMigration"]


class AsyncBackgroundMigration:
    """
    Applies migrations in a task of its own; see `BackgroundMigration`.

    As an async context it begins on entry.  On exit a run that has not ended is
    cancelled: the server's query is stopped and the file rolled back.

    Args:
        runner: An `AsyncMigrator`, or whatever has its ``apply()``.

        now: The time of day; for tests.
    """

    def __init__(self, runner: AsyncRunner, *, now: Clock | None = None) -> None:
        self._runner = runner
        self._now = now or utcnow
        self._activity: Activity | None = None
        self._task: asyncio.Task[None] | None = None
        self.report: Report | None = None
        """What the run did; None until it has ended well."""
        self.error: BaseException | None = None
        """Why it ended badly; None otherwise."""

    def start(self) -> Self:
        """
        Begin, in the running event loop.  Once.

        Raises:
            RuntimeError: it has begun already.
        """
        if self._activity is not None:
            raise RuntimeError("this migration has been started already")
        self._activity = Activity(Phase.RUNNING, self._now())
        self._task = asyncio.ensure_future(self._run())
        return self

    def activity(self) -> Activity | None:
        """
        Say how far it is: for the *activity* of a probe.
        """
        return self._activity

    async def wait(self) -> Report:
        """
        Wait for the end.  Whoever is cancelled meanwhile does not cancel it.

        Raises:
            MigrateError: it has failed; see `AsyncMigrator.apply`.

            RuntimeError: it was never started, or was cancelled.
        """
        if self._task is not None:
            await asyncio.wait((self._task,))
        if self.error is not None:
            raise self.error
        if self.report is None:
            raise RuntimeError("the migration was not run to its end")
        return self.report

    async def stop(self) -> None:
        """
        Cancel it if it has not ended, and wait until it is rolled back.
        """
        if self._task is not None:
            self._task.cancel()
            await asyncio.wait((self._task,))

    async def __aenter__(self) -> Self:
        return self.start()

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.stop()

    async def _run(self) -> None:
        phase = Phase.FAILED
        try:
            self.report = await self._runner.apply()
            phase = Phase.FINISHED
        except Exception as error:  # noqa: BLE001 -- see BackgroundMigration
            self.error = error
            log_failure(error)
        finally:
            self._activity = Activity(phase, self._now())
