"""
`Policy`: complete when it is made, and changed as a whole.
"""

from __future__ import annotations

from typing import Any

import pytest

from st44_migrate import ConfigError
from st44_migrate.health import DEFAULT, READINESS, Condition, Finding, HealthStatus, Policy
from st44_migrate.model import Severity


def test_every_condition_has_a_status() -> None:
    """In both presets; what nobody may call healthy is not."""
    for policy in (DEFAULT, READINESS):
        assert set(policy.conditions) == set(Condition)
        assert set(policy.http) == set(HealthStatus)
    for condition in ("diverged", "in_doubt", "unreachable", "unreadable", "not_checked"):
        assert DEFAULT.conditions[condition] is HealthStatus.UNHEALTHY


def test_a_policy_with_a_hole_is_refused() -> None:
    """The error names what is missing."""
    conditions = {key: value for key, value in DEFAULT.conditions.items() if key != "drift"}
    with pytest.raises(ConfigError, match="does not say what happens to: drift"):
        Policy(conditions, DEFAULT.http)
    with pytest.raises(ConfigError, match="does not say what happens to: degraded, unhealthy"):
        Policy(DEFAULT.conditions, {"healthy": 200})


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"conditions": {"behnid": "unhealthy"}}, "'behnid' is no condition"),
        ({"conditions": {"behind": "bad"}}, "'bad' is no status"),
        ({"http": {"bad": 500}}, "'bad' is no status"),
        ({"http": {"unhealthy": 42}}, "42 is no HTTP status"),
        ({"http": {"unhealthy": 103}}, "103 is no HTTP status"),
    ],
)
def test_what_is_misspelt_is_refused(change: dict[str, Any], words: str) -> None:
    """Nothing is silently left as it was."""
    with pytest.raises(ConfigError, match=words) as caught:
        DEFAULT.but(**change)
    assert caught.value.remedy


def test_a_change_is_a_new_policy() -> None:
    """What was not named stays; the maps cannot be written to."""
    made = DEFAULT.but({"behind": "unhealthy"}, http={"degraded": 503})
    assert made.conditions["behind"] is HealthStatus.UNHEALTHY
    assert made.http["degraded"] == 503
    assert made.conditions["ahead"] is DEFAULT.conditions["ahead"]
    assert DEFAULT.conditions["behind"] is HealthStatus.DEGRADED
    with pytest.raises(TypeError):
        made.http["healthy"] = 503  # type: ignore[index]


def test_a_code_that_nobody_knows_counts_by_its_severity() -> None:
    """As a rule of one's own has it."""
    for severity, status in zip(Severity, ("unhealthy", "degraded", "healthy"), strict=True):
        finding = Finding("mine", severity, "Mine.")
        assert DEFAULT.judge(finding) == status
        assert DEFAULT.severity(finding) is severity
