"""
From an observation to a report.  Pure: the caller brings the time.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime

from ..model import Plan, Severity, State
from .observation import Observation
from .policy import DEFAULT, Policy
from .report import Condition, Finding, HealthReport, HealthStatus, MigrationHealth
from .rules import RULES, Rule, public, reach, relation_of, waiting

__all__ = ["build_health"]

_WORST_FIRST = list(Severity)
_STATUSES = list(HealthStatus)


def build_health(
    observation: Observation,
    *,
    rules: Iterable[Rule] = RULES,
    now: datetime,
    policy: Policy = DEFAULT,
    cached: bool = False,
) -> HealthReport:
    """
    Judge an observation.

    Args:
        observation: What a look brought back.

        rules: What to ask of it.  Whether there was an answer at all is asked in
            any case: no choice of rules makes an unreachable database healthy.

        now: The report's time, aware.

        policy: How bad each finding is.

        cached: The observation is an earlier one.
    """
    seen, plan = observation, observation.plan
    findings = tuple(_findings(seen, (reach, *rules), policy))
    status = max((policy.judge(f) for f in findings), key=_STATUSES.index, default=_STATUSES[0])
    return HealthReport(
        status=status,
        http_status=policy.http[status],
        relation=relation_of(seen),
        timestamp=now,
        checked_at=seen.checked_at,
        cached=cached,
        connected=seen.connected,
        error=seen.fault.value if seen.fault else None,
        response_ms=seen.response_ms,
        expected=seen.expected,
        applied=None if plan is None else _applied(plan),
        migrations=_migrations(plan),
        pending=waiting(plan) if plan else (),
        ahead=tuple(public(entry.label) for entry in plan.ahead) if plan else (),
        drift=_labels(plan, State.EDITED),
        in_doubt=() if seen.migrating else _labels(plan, State.UNFINISHED),
        last_failure=seen.last_failure,
        tables=seen.tables,
        holder=seen.holder,
        findings=tuple(sorted(findings, key=lambda f: _WORST_FIRST.index(f.severity))),
    )


def _findings(seen: Observation, rules: Sequence[Rule], policy: Policy) -> Iterator[Finding]:
    for rule in rules:
        try:
            found = list(rule(seen))
        except Exception:  # noqa: BLE001 -- a rule that breaks must be seen, not break the answer
            found = [
                Finding(
                    Condition.INTERNAL,
                    Severity.ERROR,
                    "A rule of this check failed.",
                    "Look at the rules that the application added.",
                )
            ]
        for finding in found:
            yield replace(finding, severity=policy.severity(finding))


def _applied(plan: Plan) -> tuple[str, ...]:
    ours = {status.version for status in plan.statuses if status.path is not None}
    return tuple(e.label if e.version in ours else public(e.label) for e in plan.applied)


def _migrations(plan: Plan | None) -> tuple[MigrationHealth, ...]:
    if plan is None:
        return ()
    return tuple(
        MigrationHealth(
            # What only the ledger knows is anybody's text.
            s.label if s.path is not None else public(s.label),
            s.name if s.path is not None else "",
            s.state,
            s.applied_at,
            s.duration_ms,
        )
        for s in plan.statuses
    )


def _labels(plan: Plan | None, state: State) -> tuple[str, ...]:
    return tuple(s.label for s in plan.statuses if s.state is state) if plan else ()
