"""
What a probe keeps between two looks: the last one, for how long, and its report.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import replace

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


class Judge:
    """
    Makes reports, and makes each of them once: only the times of it are new.
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
        self._made: dict[int, tuple[object, Policy, HealthReport]] = {}

    def report(self, seen: Observation, policy: Policy | None, *, cached: bool) -> HealthReport:
        """
        Judge *seen*, and what this process itself is doing right now.
        """
        policy, now = policy or self._policy, self._now()
        activity = self._activity()
        if activity is not None:
            seen = replace(seen, activity=activity)
        facts = _facts(seen) if self._rules == RULES else seen
        known = self._made.get(id(policy))
        if known is None or known[1] is not policy or known[0] != facts:
            made = build_health(seen, rules=self._rules, now=now, policy=policy, cached=cached)
            if len(self._made) >= _MOST_POLICIES:
                self._made.clear()
            self._made[id(policy)] = (facts, policy, made)
            return made
        return replace(
            known[2],
            timestamp=now,
            checked_at=seen.checked_at,
            response_ms=seen.response_ms,
            cached=cached,
        )


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
