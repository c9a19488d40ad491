"""
Which condition is how bad, and which HTTP status says so.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from types import MappingProxyType
from typing import TypeVar

from ..errors import ConfigError
from ..model import Severity
from .report import Condition, Finding, HealthStatus

__all__ = ["DEFAULT", "READINESS", "Policy"]

K = TypeVar("K", bound=StrEnum)
V = TypeVar("V")

_NOTHING: Mapping[str, str] = {}
_SAME: Mapping[str, int] = {}

_SEVERITIES = {
    HealthStatus.HEALTHY: Severity.NOTE,
    HealthStatus.DEGRADED: Severity.WARNING,
    HealthStatus.UNHEALTHY: Severity.ERROR,
}
_STATUSES = {severity: status for status, severity in _SEVERITIES.items()}


@dataclass(frozen=True, slots=True, eq=False)
class Policy:
    """
    A status for every `Condition`, and an HTTP status for every `HealthStatus`.

    Both maps are checked when the policy is made: a condition that nobody
    thought of must not turn out healthy.  To change a few, start from one that
    is complete: ``DEFAULT.but({"behind": "unhealthy"})``.

    Raises:
        ConfigError: something is missing, or is no condition, status or code.
    """

    conditions: Mapping[str, HealthStatus]
    http: Mapping[str, int]

    def __post_init__(self) -> None:
        conditions = _complete(Condition, self.conditions, "condition")
        statuses = {key: _status(value) for key, value in conditions.items()}
        http = _complete(HealthStatus, self.http, "status")
        for status, code in http.items():
            _check_code(status, code)
        object.__setattr__(self, "conditions", MappingProxyType(statuses))
        object.__setattr__(self, "http", MappingProxyType(http))

    def but(
        self,
        conditions: Mapping[str, str] = _NOTHING,
        *,
        http: Mapping[str, int] = _SAME,
    ) -> Policy:
        """
        Return a policy that differs in *conditions* and *http* only.
        """
        changed = {key: _status(value) for key, value in conditions.items()}
        return Policy({**self.conditions, **changed}, {**self.http, **http})

    def judge(self, finding: Finding) -> HealthStatus:
        """
        Say how bad *finding* is: by its code if that is a `Condition`, else by
        its own severity.
        """
        return self.conditions.get(finding.code) or _STATUSES[finding.severity]

    def severity(self, finding: Finding) -> Severity:
        """
        Say the same as a severity.
        """
        return _SEVERITIES[self.judge(finding)]


def _complete(words: type[K], given: Mapping[str, V], what: str) -> dict[str, V]:
    known = {word.value for word in words}
    if unknown := [key for key in given if key not in known]:
        raise ConfigError(
            f"{unknown[0]!r} is no {what} of a health policy",
            remedy=f"There are: {', '.join(word.value for word in words)}.",
        )
    if missing := [word.value for word in words if word not in given]:
        raise ConfigError(
            f"the health policy does not say what happens to: {', '.join(missing)}",
            remedy="Name every one, or change a few of a complete policy: DEFAULT.but({...}).",
        )
    return {word: given[word] for word in words}


def _status(value: str) -> HealthStatus:
    try:
        return HealthStatus(value)
    except ValueError:
        raise ConfigError(
            f"{value!r} is no status of a health policy",
            remedy=f"There are: {', '.join(status.value for status in HealthStatus)}.",
        ) from None


def _check_code(status: str, code: int) -> None:
    if not 200 <= code <= 599:
        raise ConfigError(
            f"{code!r} is no HTTP status to answer {status} with",
            remedy="Give a number from 200 to 599: probes take 200 to 399 for success.",
        )


_GOOD, _POOR, _BAD = HealthStatus

DEFAULT = Policy(
    {
        Condition.CURRENT: _GOOD,
        Condition.AHEAD: _GOOD,
        Condition.BEHIND: _POOR,
        Condition.EMPTY: _POOR,
        Condition.IN_PROGRESS: _POOR,
        Condition.DIVERGED: _BAD,
        Condition.DRIFT: _POOR,
        Condition.IN_DOUBT: _BAD,
        Condition.FAILED: _POOR,
        Condition.REFUSED: _POOR,
        Condition.TABLES_MISSING: _POOR,
        Condition.NOT_CHECKED: _BAD,
        Condition.UNREACHABLE: _BAD,
        Condition.UNREADABLE: _BAD,
        Condition.BLOCKED: _BAD,
        Condition.INTERNAL: _BAD,
    },
    {_GOOD: 200, _POOR: 200, _BAD: 503},
)
"""For dashboards and alerts: behind is degraded and still answered with 200."""

READINESS = DEFAULT.but(
    {
        Condition.BEHIND: _BAD,
        Condition.EMPTY: _BAD,
        Condition.IN_PROGRESS: _BAD,
        Condition.TABLES_MISSING: _BAD,
    }
)
"""For a readiness probe: no traffic before the schema is there that the code needs."""
