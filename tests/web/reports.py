"""
Reports of every kind, judged by `build_health` from what a look would bring.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from st44_migrate.health import (
    DEFAULT,
    Activity,
    HealthReport,
    LastFailure,
    Observation,
    Phase,
    Policy,
    TableHealth,
    build_health,
)
from st44_migrate.model import Fault, LedgerEntry, Plan, State, Status

NOW = datetime(2025, 12, 14, 2, 30, 0, 123_000, tzinfo=UTC)
FILES = {
    "000": "create_migrations_table",
    "001": "create_users_table",
    "011": "create_households_table",
    "012": "create_household_members_table",
    "013": "create_children_table",
    "014": "create_tasks_table",
    "015": "create_task_assignments_table",
    "016": "create_task_completions_table",
}
TABLES = ("users", "households", "children", "tasks", "task_assignments", "task_completions")
TOOK = (4, 12, 9, 31, 1240, 22, 18, 7)

APPLIED = {State.APPLIED, State.ELSEWHERE, State.EDITED, State.AHEAD, State.MISSING}


def plan(states: Mapping[str, State], *, files: Mapping[str, str] = FILES) -> Plan:
    """
    Make the plan in which each label stands as *states* says.
    """
    statuses = []
    for index, (label, state) in enumerate(states.items()):
        done = state in APPLIED
        measured = done and state is not State.ELSEWHERE
        statuses.append(
            Status(
                int(label),
                label,
                files.get(label, "unknown_here"),
                state,
                NOW - timedelta(days=(len(states) - index) // 3, minutes=9 - index)
                if done
                else None,
                TOOK[index % len(TOOK)] if measured else None,
                f"migrations/{label}.sql" if label in files else None,
            )
        )
    entries = tuple(
        LedgerEntry(s.version, s.label, s.name, s.applied_at)
        for s in statuses
        if s.state in APPLIED
    )
    ahead = tuple(
        e
        for e, s in zip(entries, (s for s in statuses if s.state in APPLIED), strict=True)
        if s.state is State.AHEAD
    )
    return Plan((), entries, ahead, (), tuple(statuses))


def observed(
    states: Mapping[str, State], *, missing: tuple[str, ...] = (), **more: Any
) -> Observation:
    """
    Make what a look brings where the ledger could be read.
    """
    choices: dict[str, Any] = {
        "checked_at": NOW - timedelta(milliseconds=42),
        "connected": True,
        "response_ms": 42,
        "plan": plan(states),
        "expected": len(FILES),
        "tables": tuple(TableHealth(name, name not in missing) for name in TABLES),
    }
    return Observation(**(choices | more))


ALL = dict.fromkeys(FILES, State.APPLIED)
TWO = {label: State.APPLIED if label in {"000", "001"} else State.PENDING for label in FILES}

OBSERVATIONS = {
    "healthy": observed(ALL),
    "ahead": observed({**ALL, "017": State.AHEAD}),
    "behind": observed(TWO, missing=TABLES[1:]),
    "dropped": observed(ALL, missing=("task_assignments",)),
    "failed": observed(
        TWO | {"000": State.ELSEWHERE, "001": State.EDITED, "011": State.FAILED},
        missing=TABLES[1:],
        last_failure=LastFailure("011", "create_households_table", NOW),
    ),
    "migrating": observed(TWO, missing=TABLES[1:], activity=Activity(Phase.RUNNING, NOW)),
    "in doubt": observed(TWO | {"011": State.UNFINISHED}),
    "unreachable": Observation(
        checked_at=NOW, fault=Fault.TIMEOUT, response_ms=800, expected=len(FILES)
    ),
    "forbidden": Observation(
        checked_at=NOW, connected=True, fault=Fault.FORBIDDEN, response_ms=3, expected=len(FILES)
    ),
    "not checked": Observation(expected=len(FILES)),
}


def report(name: str, policy: Policy = DEFAULT, **more: Any) -> HealthReport:
    """
    Judge one of the observations.
    """
    return build_health(OBSERVATIONS[name], now=NOW, policy=policy, **more)


class Fixed:
    """
    A probe whose look always brings the same; it counts how often it was asked.
    """

    def __init__(self, name: str) -> None:
        self.name = name
        self.policies: list[Policy | None] = []

    def check(self, policy: Policy | None = None) -> HealthReport:
        self.policies.append(policy)
        return report(self.name, policy or DEFAULT)


class AsyncFixed(Fixed):
    """
    The same, to be awaited.
    """

    async def check(  # type: ignore[override]
        self, policy: Policy | None = None
    ) -> HealthReport:
        return super().check(policy)
