"""
`HealthProbe`: asks a database how it is, for blocking code.

However many threads ask at once, one looks and the others wait for what it sees,
each for the deadline at most.  The thread that asks looks by itself where nothing
can hold it up: on a warm session of our own, which keeps its time, or in a file.
Else another thread looks, which nobody has to wait for: when a connection comes
too late, the next one who asks finds it.
"""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Coroutine, Iterable
from time import monotonic
from types import TracebackType
from typing import Any, Self

from .._bridge import lift_driver, run_blocking
from ..drivers.url import driver_for
from ..model import Fault, Settings
from ..protocols import Clock, Database, Source
from .expected import Critical
from .observation import Activity, Observation
from .parts import assemble
from .policy import DEFAULT, Policy
from .report import HealthReport
from .rules import RULES, Rule

__all__ = ["HealthProbe"]

_SETTINGS = Settings()

_IN_PROCESS = frozenset({"sqlite"})
"""Databases that answer without anybody else: no thread is needed to wait for them."""


class _Flight:
    """
    One visit on its way, and who waits for it.
    """

    __slots__ = ("_aloft", "seen")

    def __init__(self) -> None:
        self.seen: Observation | None = None
        # An Event would do the same with four objects.
        self._aloft = threading.Lock()
        self._aloft.acquire()

    def land(self, seen: Observation) -> None:
        """
        Bring home what was seen.  Once.
        """
        self.seen = seen
        self._aloft.release()

    def wait(self, seconds: float) -> None:
        """
        Wait until it has landed, *seconds* at most.
        """
        if self.seen is None and self._aloft.acquire(timeout=max(0.0, seconds)):
            self._aloft.release()


class HealthProbe:
    """
    Tells how a database stands to the code, within a deadline; see `Checker`.

    Nothing is written, no lock is taken.  Any thread may ask; a forked process
    starts afresh.

    Args:
        database: A URL, a psycopg connection or pool, a sqlite3 connection, an
            engine or connection of SQLAlchemy, or a `Driver`.  With a URL the probe
            has a session of its own.

        source: The folder that the code ships, or a `Source`.  It is read once,
            here and now.

        tables: The critical tables, ``"users"`` or ``"app.users"``, as written;
            `FromMigrations` takes those that the migrations create.

        settings: The ledger's name, and whether late files are welcome.

        rules: What to ask of what was seen.

        policy: How bad each answer is.

        deadline: How long a check may take, connecting included, in seconds.

        ttl: How long an answer is good for the next who asks, in seconds.

        activity: Says what this process itself does, see `BackgroundMigration`.

        now: The time of day; for tests.

    Raises:
        ConfigError: *database* is not one, or needs `AsyncHealthProbe`.

        SourceError: the folder is missing, empty or unreadable.
    """

    def __init__(
        self,
        database: Database,
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
        driver = driver_for(database)
        self._parts = assemble(
            lift_driver(driver),
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
        answers_at_once = self._parts.dialect.name in _IN_PROCESS
        # The pool of an engine may make anybody wait.
        self._in_process = answers_at_once and not getattr(driver, "may_wait", False)
        self._inherited: list[object] = []
        self._begin()

    def _begin(self) -> None:
        self._process = os.getpid()
        self._guard = threading.Lock()
        self._flight: _Flight | None = None
        self._visitor = self._parts.visitor()
        self._memo = self._parts.memo()
        self._seen_doing = self._parts.activity()

    def check(self, policy: Policy | None = None) -> HealthReport:
        """
        Look, or take over a look that is fresh enough or on its way.

        Never raises, and answers within the deadline.

        Args:
            policy: Judges this answer; None stands for the probe's own.
        """
        asked = monotonic()
        if self._process != os.getpid():
            self._disinherit()
        with self._guard:
            self._notice_activity()
            seen = self._memo.fresh(asked)
            flight, pilot = self._flight, False
            if seen is None and flight is None:
                flight, pilot = _Flight(), True
                self._flight = flight
        if seen is not None or flight is None:
            return self._parts.judge.report(seen or self._memo.last, policy, cached=True)
        if pilot:
            self._launch(flight)
        flight.wait(asked + self._parts.patience - monotonic())
        return self._parts.judge.report(flight.seen or self._give_up(flight), policy, cached=False)

    def latest(self, policy: Policy | None = None) -> HealthReport:
        """
        Report on the last look, however old, without looking: for metrics.
        """
        return self._parts.judge.report(self._memo.last, policy, cached=True)

    def close(self) -> None:
        """
        End the probe's own session.  A later check opens one for itself alone.
        """
        with self._guard:
            flying = self._flight is not None
            self._visitor.keeps = False
        if not flying:
            run_blocking(self._visitor.close())

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self.close()

    # --- flights --------------------------------------------------------------

    def _launch(self, flight: _Flight) -> None:
        if self._in_process:
            self._fly(flight, self._visitor.visit(self._parts.allowed))
            return
        if self._visitor.warm and self._fly(flight, self._visitor.revisit(self._parts.allowed)):
            return
        visit = self._visitor.visit(self._parts.allowed)
        thread = threading.Thread(
            target=self._fly, args=(flight, visit), name="st44-migrate health", daemon=True
        )
        try:
            thread.start()
        except RuntimeError:  # No thread is to be had, or the program ends.
            visit.close()
            self._land(flight, self._parts.failed(Fault.INTERNAL))

    def _fly(self, flight: _Flight, visit: Coroutine[Any, Any, Observation | None]) -> bool:
        """
        Visit, and land with what was seen; False if there was nobody at home.
        """
        seen: Observation | None = None
        ended = False
        try:
            seen = run_blocking(visit)
            ended = True
        finally:
            if not ended:
                # Ctrl-C in the thread that asks, say: the others wait.
                seen = self._parts.failed(Fault.INTERNAL)
            if seen is not None:
                self._land(flight, seen)
        return seen is not None

    def _land(self, flight: _Flight, seen: Observation) -> None:
        with self._guard:
            if self._flight is flight:
                self._memo.keep(seen, monotonic())
                self._flight = None
        flight.land(seen)

    def _give_up(self, flight: _Flight) -> Observation:
        """
        Answer without what is still on its way; for a moment, for everybody.
        """
        with self._guard:
            late = flight.seen or self._memo.fresh(monotonic())
            if late is None:
                late = self._parts.failed(Fault.TIMEOUT)
                self._memo.keep(late, monotonic())
        return late

    # --- what changes under us ------------------------------------------------

    def _notice_activity(self) -> None:
        doing = self._parts.activity()
        if doing != self._seen_doing:
            self._seen_doing = doing
            self._memo.forget()

    def _disinherit(self) -> None:
        """
        Leave to the parent process what is the parent's: to close the session
        here would end it there.
        """
        self._inherited.append(self._visitor)
        self._begin()
