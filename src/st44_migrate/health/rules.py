"""
What an observation means: each rule looks at one thing and yields findings.

A rule is a plain function; add your own to `RULES`.  No sentence holds anything
that came from the database or the driver but version numbers: whoever asks for
health may be anybody.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeAlias

from ..model import Fault, Plan, Severity, State
from .observation import Observation, Phase
from .report import Condition, Finding, Relation

__all__ = [
    "RULES",
    "Rule",
    "drift",
    "failures",
    "in_doubt",
    "public",
    "reach",
    "refusals",
    "relation",
    "relation_of",
    "settled",
    "tables",
    "waiting",
]

Rule: TypeAlias = Callable[[Observation], Iterable[Finding]]

_MOST_NAMED = 5

_NUMBERS = re.compile(r"[0-9]{1,40}(?:\.[0-9]{1,40})*")

_DIVERGED = frozenset({"diverged", "foreign-version"})
_TOLD_ELSEWHERE = _DIVERGED | {"edited", "unfinished"}
"""Problems of the plan that have a rule of their own."""

_UNREADABLE = frozenset({Fault.FORBIDDEN, Fault.LEDGER, Fault.SLOW})
_BLOCKED = frozenset({Fault.LOCKED, Fault.IN_USE})

_REMEDIES = {
    Fault.TIMEOUT: "Look whether the database runs, and how busy it is.",
    Fault.REFUSED: "Start the database, or correct its address.",
    Fault.LOST: "Ask again: it may be restarting.",
    Fault.POOL: "All connections of the pool may be in use, or its database is out of reach.",
    Fault.IN_USE: "Give the check a pool or a URL, not a connection that others use.",
    Fault.CROWDED: "Close idle connections, or raise the server's limit.",
    Fault.AUTHENTICATION: "Correct the user and the password that the application has.",
    Fault.ENCRYPTION: "Correct sslmode and the certificates.",
    Fault.HOST: "Correct the host's name.",
    Fault.NETWORK: "Look at the network between here and the database.",
    Fault.ABSENT: "Create the database, or correct its name.",
    Fault.STARTING: "Wait for it.",
    Fault.OUTDATED: "Upgrade the server.",
    Fault.UNAVAILABLE: "Look at the database's own log.",
    Fault.UNCONFIGURED: "Correct how the application names its database; st44-migrate status says what is wrong.",
    Fault.SLOW: "Look how busy the database is.",
    Fault.LOCKED: "Wait for the change to the ledger's table to end.",
    Fault.FORBIDDEN: "Grant this role SELECT on the ledger and its journal.",
    Fault.LEDGER: "st44-migrate status says what is wrong with it.",
    Fault.INTERNAL: "Look at the application's log.",
}


def reach(seen: Observation) -> Iterator[Finding]:
    """
    Whether there was an answer.  `build_health` asks this one in any case.
    """
    if seen.fault is not None:
        condition = Condition.UNREACHABLE
        if seen.fault is Fault.INTERNAL:
            condition = Condition.INTERNAL
        elif seen.fault in _UNREADABLE:
            condition = Condition.UNREADABLE
        elif seen.fault in _BLOCKED:
            condition = Condition.IN_PROGRESS if _altering(seen) else Condition.BLOCKED
        yield _finding(condition, f"{seen.fault.value}.", _REMEDIES[seen.fault])
    elif seen.checked_at is None:
        yield _finding(
            Condition.NOT_CHECKED, "The database has not been looked at yet.", "Ask again."
        )
    elif not seen.connected:
        yield _finding(Condition.UNREACHABLE, "The database did not answer.", "Ask again.")
    elif seen.plan is None:
        yield _finding(Condition.UNREADABLE, "The ledger was not read.", "Ask again.")


def _altering(seen: Observation) -> bool:
    """
    Whether it may well be a run that keeps the ledger from being read.
    """
    return seen.fault is Fault.LOCKED and seen.migrating


def relation_of(seen: Observation) -> Relation:
    """
    Say how the database stands to the code.
    """
    plan = seen.plan
    if plan is None:
        return Relation.IN_PROGRESS if _altering(seen) else Relation.UNKNOWN
    if any(problem.code in _DIVERGED for problem in plan.problems):
        return Relation.DIVERGED
    if seen.migrating and not settled(plan):
        return Relation.IN_PROGRESS
    if waiting(plan):
        return Relation.BEHIND if plan.applied else Relation.EMPTY
    return Relation.AHEAD if plan.ahead else Relation.CURRENT


def waiting(plan: Plan) -> tuple[str, ...]:
    """
    List the labels of the folder's files that are not applied, readable or not; what a
    baseline stands for is.
    """
    held = {entry.version for entry in (*plan.applied, *plan.repeated)}
    return tuple(
        s.label for s in plan.statuses if s.version not in held and s.state is not State.COVERED
    )


def settled(plan: Plan) -> bool:
    """
    Whether nothing is left to do, so that it does not matter who is at work.
    """
    return not waiting(plan) and not _in_state(plan, State.UNFINISHED)


def relation(seen: Observation) -> Iterator[Finding]:
    """
    How the database stands to the code: exactly one finding, if it is known.
    """
    plan, found = seen.plan, relation_of(seen)
    if plan is None:
        return
    missing, unfinished = waiting(plan), _in_state(plan, State.UNFINISHED)
    if found is Relation.DIVERGED:
        yield _finding(
            Condition.DIVERGED,
            f"Applied, but unknown to this release: {_some(_lost(plan))}.",
            "Deploy the release that has these files; st44-migrate status shows them.",
        )
    elif found is Relation.IN_PROGRESS:
        yield _finding(
            Condition.IN_PROGRESS,
            # A file may have recorded itself before its end.
            f"Migrations are being applied; still to come: {_some(missing or unfinished)}.",
            "Wait for the run to end.",
        )
    elif missing:
        condition = Condition.BEHIND if found is Relation.BEHIND else Condition.EMPTY
        yield _finding(
            condition,
            f"Expected {seen.expected} migrations, only {seen.expected - len(missing)} applied"
            f"; missing: {_some(missing)}.",
            "Apply them: st44-migrate up.",
        )
    elif found is Relation.AHEAD:
        newer = [public(entry.label) for entry in plan.ahead]
        yield _finding(
            Condition.AHEAD,
            f"Every migration is applied, {_all(seen)}, and newer ones: {_some(newer)}.",
        )
    else:
        yield _finding(Condition.CURRENT, f"Every migration is applied, {_all(seen)}.")


def drift(seen: Observation) -> Iterator[Finding]:
    """
    Whether applied files were edited since.
    """
    if edited := _in_state(seen.plan, State.EDITED):
        yield _finding(
            Condition.DRIFT,
            f"Edited after they were applied: {_some(edited)}.",
            f"st44-migrate show {edited[0]} prints the difference.",
        )


def in_doubt(seen: Observation) -> Iterator[Finding]:
    """
    Whether a file stopped half-way, so that somebody has to look.

    While somebody migrates, that is how a file looks that runs statement by statement.
    """
    unfinished = _in_state(seen.plan, State.UNFINISHED)
    if unfinished and not seen.migrating:
        yield _finding(
            Condition.IN_DOUBT,
            f"Stopped half-way: {_some(unfinished)}.",
            "st44-migrate check says how far it came and how to go on.",
        )


def failures(seen: Observation) -> Iterator[Finding]:
    """
    Whether the last attempt at a file, or this process's own run, failed.
    """
    if seen.migrating:
        return
    if seen.last_failure is not None:
        label = seen.last_failure.version
        yield _finding(
            Condition.FAILED,
            f"The last attempt to apply {label} failed.",
            f"st44-migrate show {label} has the error; correct the file and run again.",
        )
    elif seen.activity is not None and seen.activity.phase is Phase.FAILED:
        yield _finding(
            Condition.FAILED,
            "The migration that this process started failed.",
            "Look at the application's log.",
        )


def refusals(seen: Observation) -> Iterator[Finding]:
    """
    Whether a run would refuse the folder as it is.
    """
    if seen.plan is None:
        return
    codes = dict.fromkeys(problem.code for problem in seen.plan.errors)
    if others := [code for code in codes if code not in _TOLD_ELSEWHERE]:
        yield _finding(
            Condition.REFUSED,
            f"A run would refuse the folder: {', '.join(others)}.",
            "st44-migrate check names the files and the way out.",
        )


def tables(seen: Observation) -> Iterator[Finding]:
    """
    Whether every critical table is there.
    """
    if absent := [table.name for table in seen.tables or () if not table.exists]:
        yield _finding(
            Condition.TABLES_MISSING,
            f"Missing tables: {_some(absent)}.",
            "Apply what is missing: st44-migrate up. If nothing is, a table was dropped by hand.",
        )


RULES: tuple[Rule, ...] = (relation, drift, in_doubt, failures, refusals, tables)
"""What `build_health` asks, unless told otherwise."""


def _finding(condition: Condition, message: str, remedy: str = "") -> Finding:
    # The policy decides how much it weighs.
    return Finding(condition, Severity.ERROR, message, remedy)


def _all(seen: Observation) -> str:
    return f"{seen.expected} of {seen.expected}"


def public(label: str) -> str:
    """
    Show a version that the folder has not: but for its digits it is anybody's text.
    """
    numbers = _NUMBERS.match(label)
    if numbers is None:
        return "(not a number)"
    return label if numbers[0] == label else f"{numbers[0]}..."


def _lost(plan: Plan) -> Sequence[str]:
    lost = [p.version or "" for p in plan.problems if p.code in _DIVERGED]
    return [public(label) for label in lost]


def _in_state(plan: Plan | None, state: State) -> list[str]:
    return [s.label for s in plan.statuses if s.state is state] if plan else []


def _some(names: Sequence[str]) -> str:
    shown = ", ".join(names[:_MOST_NAMED])
    more = len(names) - _MOST_NAMED
    return f"{shown} and {more} more" if more > 0 else shown
