"""
What the edges (web, command, monitoring) need of a probe: two twins, one method.
"""

from __future__ import annotations

from typing import Protocol

from .policy import Policy
from .report import HealthReport

__all__ = ["AsyncChecker", "Checker"]


class Checker(Protocol):
    """
    Whoever can say how the database is, blocking: `HealthProbe`.
    """

    def check(self, policy: Policy | None = None) -> HealthReport:
        """
        Look, or take over a look that is fresh enough or on its way.

        Never raises, answers within the probe's deadline, may be called from any
        thread.  *policy* judges this answer; None stands for the probe's own.
        """
        ...


class AsyncChecker(Protocol):
    """
    The same for async code: `AsyncHealthProbe`.
    """

    async def check(self, policy: Policy | None = None) -> HealthReport:
        """
        See `Checker.check`.  A caller that is cancelled disturbs no other.
        """
        ...
