"""
What a probe keeps between two looks: the last one, for how long, and its report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ..protocols import Clock
from .build import build_health
from .observation import Activity, Observation
from .policy import Policy
from .report import HealthReport
from .rules import RULES, Rule

__all__ = ["Judge", "Memo"]

_OF_A_FAULT = 0.25
"""What went wrong is asked again sooner: it may be over."""

_MOST_POLICIES = 8

_NOBODY_LOOKED = Observation()


class Memo:
    """
    The last observation, and until when it answers for the database.

    *ttl* is in seconds; a fault is kept for a quarter of that.
    """

    def __init__(self, ttl: float) -> None:
        self._ttl = ttl
        self._until = float("-inf")
        self.last = _NOBODY_LOOKED

    def fresh(self, moment: float) -> Observation | None:
        """
        Return the last observation if it still counts.
        """
        return self.last if moment < self._until else None

    def keep(self, seen: Observation, moment: float) -> None:
        """
        Keep *seen* from *moment* on.
        """
        self.last = seen
        self._until = moment + self._ttl * (_OF_A_FAULT if seen.fault else 1.0)

    def forget(self) -> None:
        """
        Let the next one who asks look again.
        """
        self._until = float("-inf")


class _Made(NamedTuple):
    """
    A report, and what it was made of.  Replaced as a whole: any thread may look.
    """

    policy: Policy
    facts: object
    times: tuple[object, ...]
    report: HealthReport


class Judge:
    """
    Makes reports, and makes each of them once: only the times of it are new, and
    they are so once a millisecond, however many ask.
    """

    def __init__(
        self,
        rules: Iterable[Rule],
        policy: Policy,
        activity: Callable[[], Activity | None],
        now: Clock,
    ) -> None:
        self._rules = tuple(rules)
        self._policy = policy
        self._activity = activity
        self._now = now
        self._made: dict[int, _Made] = {}

    def report(self, seen: Observation, policy: Policy | None, *, cached: bool) -> HealthReport:
        """
        Judge *seen*, and what this process itself is doing right now.
        """
        policy, now = policy or self._policy, self._now()
        activity = self._activity()
        if activity is not None:
            seen = replace(seen, activity=activity)
        facts = _facts(seen) if self._rules == RULES else seen
        times = (_in_ms(now), seen.checked_at, seen.response_ms, cached)
        known = self._made.get(id(policy))
        if known is None or known.policy is not policy or known.facts != facts:
            made = build_health(seen, rules=self._rules, now=now, policy=policy, cached=cached)
            if len(self._made) >= _MOST_POLICIES:
                self._made.clear()
        elif known.times == times:
            return known.report
        else:
            made = replace(
                known.report,
                timestamp=now,
                checked_at=seen.checked_at,
                response_ms=seen.response_ms,
                cached=cached,
            )
        self._made[id(policy)] = _Made(policy, facts, times, made)
        return made


def _in_ms(moment: datetime) -> datetime:
    """
    All of *moment* that a document tells.
    """
    return moment.replace(microsecond=moment.microsecond // 1000 * 1000)


def _facts(seen: Observation) -> object:
    """
    All that our own rules look at.
    """
    return (
        seen.checked_at is None,
        seen.connected,
        seen.fault,
        seen.plan,
        seen.expected,
        seen.tables,
        seen.holder,
        seen.activity,
        seen.last_failure,
    )
