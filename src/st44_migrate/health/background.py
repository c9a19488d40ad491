"""
A migration that runs while the application is up already, for blocking code.

Liveness answers meanwhile, health says ``in_progress``, readiness waits.  Several
workers may all start one: a single one of them works, the others wait for it.
"""

from __future__ import annotations

import os
import threading
from typing import Self

from .._defaults import utcnow
from ..errors import MigrateError
from ..model import Report
from ..protocols import Clock, Runner
from .observation import Activity, Phase

__all__ = ["BackgroundMigration"]


class BackgroundMigration:
    """
    Applies migrations in a thread of its own.

    The thread does not keep the program from ending; what it was at is rolled
    back then, and applied at the next start.

    Args:
        runner: A `Migrator`, or whatever has its ``apply()``.

        now: The time of day; for tests.
    """

    def __init__(self, runner: Runner, *, now: Clock | None = None) -> None:
        self._runner = runner
        self._now = now or utcnow
        self._activity: Activity | None = None
        self._process = 0
        self._done = threading.Event()
        self.report: Report | None = None
        """What the run did; None until it has ended well."""
        self.error: BaseException | None = None
        """Why it ended badly; None otherwise."""

    def start(self) -> Self:
        """
        Begin.  Once.

        Raises:
            RuntimeError: it has begun already.
        """
        thread = threading.Thread(target=self._run, name="st44-migrate", daemon=True)
        if self._activity is not None:
            raise RuntimeError("this migration has been started already")
        self._process = os.getpid()
        self._activity = Activity(Phase.RUNNING, self._now())
        thread.start()
        return self

    def activity(self) -> Activity | None:
        """
        Say how far it is: for the *activity* of a probe.

        A process forked meanwhile has not the thread, and would never hear of its end.
        """
        return self._activity if self._process == os.getpid() else None

    def wait(self, timeout: float | None = None) -> Report:
        """
        Wait for the end, *timeout* seconds at most.

        Raises:
            TimeoutError: it has not ended.

            MigrateError: it has failed; see `Migrator.apply`.
        """
        if not self._done.wait(timeout):
            raise TimeoutError("the migration has not ended yet")
        if self.error is not None:
            raise self.error
        if self.report is None:
            raise RuntimeError("the migration ended without a word")
        return self.report

    def _run(self) -> None:
        phase = Phase.FAILED
        try:
            self.report = self._runner.apply()
            phase = Phase.FINISHED
        except Exception as error:  # noqa: BLE001 -- it is told by `wait`, by health and by the log
            self.error = error
            log_failure(error)
        finally:
            self._activity = Activity(phase, self._now())
            self._done.set()


def log_failure(error: BaseException) -> None:
    """
    Tell the application's log: nobody may be waiting.
    """
    import logging

    logging.getLogger("st44_migrate").error(
        "the migration in the background failed: %s",
        error.happened if isinstance(error, MigrateError) else error,
        exc_info=None if isinstance(error, MigrateError) else error,
    )
