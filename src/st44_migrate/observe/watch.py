"""
Looks at a database, told to whoever wants to know; and the change of a status.

A probe looks when somebody asks.  A watched one is asked the same way, and tells
each look once, however many asked for it::

    probe = WatchedProbe(HealthProbe(...), StatusChanges(webhook.status_changed))
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

from st44_migrate.health import HealthReport, HealthStatus

if TYPE_CHECKING:
    from datetime import datetime

    from st44_migrate.health import AsyncChecker, Checker, Policy

__all__ = ["AsyncWatchedProbe", "Listener", "StatusChange", "StatusChanges", "WatchedProbe"]

Listener: TypeAlias = Callable[[HealthReport], object]
"""Is told a report; must not take long.  What it raises is logged."""


class _Told:
    """
    Tells listeners each look once.
    """

    def __init__(self, listeners: tuple[Listener, ...]) -> None:
        self._listeners = listeners
        self._lock = threading.Lock()
        self._last: datetime | None = None

    def tell(self, report: HealthReport, policy: Policy | None) -> None:
        # A report for somebody with a policy of his own would seem a change.
        if policy is not None or report.cached or report.checked_at is None:
            return
        with self._lock:
            # Not "older than": a clock may be put back.
            if report.checked_at == self._last:
                return
            self._last = report.checked_at
        for listener in self._listeners:
            _call(listener, report)


class WatchedProbe:
    """
    Asks *checker*, and tells *listeners* what each look brought.
    """

    def __init__(self, checker: Checker, *listeners: Listener) -> None:
        self._checker = checker
        self._told = _Told(listeners)

    def check(self, policy: Policy | None = None) -> HealthReport:
        """
        See `Checker.check`.
        """
        report = self._checker.check(policy)
        self._told.tell(report, policy)
        return report


class AsyncWatchedProbe:
    """
    `WatchedProbe` with ``await``.
    """

    def __init__(self, checker: AsyncChecker, *listeners: Listener) -> None:
        self._checker = checker
        self._told = _Told(listeners)

    async def check(self, policy: Policy | None = None) -> HealthReport:
        """
        See `Checker.check`.
        """
        report = await self._checker.check(policy)
        self._told.tell(report, policy)
        return report


@dataclass(frozen=True, slots=True)
class StatusChange:
    """
    A status that is not what it was.  *before* is None for the first look.
    """

    before: HealthStatus | None
    report: HealthReport


class StatusChanges:
    """
    A listener that tells others when the status changes.

    A first look that finds all well is no news.  Each process that looks tells
    for itself: with four workers, four of them say so.
    """

    def __init__(self, *listeners: Callable[[StatusChange], object]) -> None:
        self._listeners = listeners
        self._lock = threading.Lock()
        self._status: HealthStatus | None = None

    def __call__(self, report: HealthReport, /) -> None:
        """
        Compare *report* with the one before.
        """
        with self._lock:
            before, self._status = self._status, report.status
        if report.status is (before or HealthStatus.HEALTHY):
            return
        for listener in self._listeners:
            _call(listener, StatusChange(before, report))


def _call(listener: Callable[..., object], value: object) -> None:
    try:
        listener(value)
    except Exception as error:
        import logging

        logging.getLogger("st44_migrate").warning("a listener failed", exc_info=error)
