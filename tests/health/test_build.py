"""
`build_health`: from facts to a verdict, a relation and findings.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.probing import NOW, household
from st44_migrate import HealthReport, Memory, build_health
from st44_migrate.health import (
    READINESS,
    RULES,
    Activity,
    Condition,
    Finding,
    HealthStatus,
    Holder,
    LastFailure,
    Observation,
    Phase,
    Relation,
    Rule,
    TableHealth,
    plain_text,
)
from st44_migrate.model import (
    Fault,
    History,
    JournalEntry,
    JournalState,
    LedgerEntry,
    Plan,
    Severity,
    read_version,
)
from st44_migrate.plan import Reader, make_plan

SEEN = Observation(checked_at=NOW, connected=True, response_ms=42, expected=8)
RUNNING = Activity(Phase.RUNNING, NOW)


def plan(history: History, source: Memory | None = None) -> Plan:
    return make_plan((source or household()).load(), history, read=Reader("postgresql"))


def applied(*labels: str, **journal: Any) -> History:
    """
    Give a ledger with these versions; *journal* describes the last one's row there.
    """
    names = {m.version: m.name for m in household().load()}
    entries = [LedgerEntry(int(x), x, names.get(int(x), "unknown"), NOW) for x in labels]
    if journal:
        kept = JournalEntry(int(labels[-1]), JournalState.APPLIED, **journal)
        entries[-1] = entries[-1]._replace(journal=kept)
    return History(tuple(entries))


ALL = ("000", "001", "011", "012", "013", "014", "015", "016")


def judged(history: History, **facts: Any) -> HealthReport:
    return build_health(replace(SEEN, plan=plan(history), **facts), now=NOW)


def codes(report: HealthReport) -> list[str]:
    return [str(finding.code) for finding in report.findings]


@pytest.mark.parametrize(
    ("labels", "facts", "relation", "status"),
    [
        (ALL, {}, "current", "healthy"),
        (ALL, {"holder": Holder(7)}, "current", "healthy"),
        ((*ALL, "017"), {}, "ahead", "healthy"),
        ((*ALL, "017"), {"holder": Holder(7)}, "ahead", "healthy"),
        (ALL[:2], {}, "behind", "degraded"),
        ((), {}, "empty", "degraded"),
        (ALL[:2], {"holder": Holder(7)}, "in_progress", "degraded"),
        ((), {"activity": RUNNING}, "in_progress", "degraded"),
        ((*ALL[:3], "007"), {}, "diverged", "unhealthy"),
        ((*ALL[:3], "007"), {"holder": Holder(7)}, "diverged", "unhealthy"),
    ],
)
def test_the_relation_and_what_it_is_worth(
    labels: tuple[str, ...], facts: dict[str, Any], relation: str, status: str
) -> None:
    """Exactly one finding says how database and code stand, and decides."""
    entries = tuple(sorted(applied(*labels).entries, key=lambda entry: entry.version))
    report = judged(History(entries), **facts)
    assert (report.relation, report.status) == (relation, status)
    assert report.http_status == (503 if status == "unhealthy" else 200)
    assert codes(report).count(relation) == 1


def test_the_warning_has_the_guides_words() -> None:
    """Six of eight are missing."""
    report = judged(applied("000", "001"))
    assert report.warning == "Expected 8 migrations, only 2 applied"
    assert report.findings[0].message.startswith("Expected 8 migrations, only 2 applied; missing: ")
    assert (report.latest, report.applied) == ("001", ("000", "001"))
    assert report.pending == ALL[2:]


def test_what_is_ahead_is_not_counted_as_ours() -> None:
    """Newer versions do not make up for one of ours that is missing."""
    report = judged(applied(*ALL[:7], "017", "018", "019"))
    assert report.warning == "Expected 8 migrations, only 7 applied"
    assert report.ahead == ("017", "018", "019")
    assert report.relation == Relation.BEHIND


def test_an_edited_file_is_drift() -> None:
    """The database is there, but who knows what the file says now."""
    report = judged(applied(*ALL, checksum="other", raw_checksum="other"))
    assert (report.drift, report.status) == (("016",), HealthStatus.DEGRADED)
    assert codes(report)[0] == Condition.DRIFT


def half_way(**kept: Any) -> History:
    entry = JournalEntry(16, JournalState.RUNNING, total=3, done=1, in_doubt=True, **kept)
    return replace(applied(*ALL[:7]), leftovers=(entry,))


def test_a_doubt_is_unhealthy_unless_somebody_works_on_it() -> None:
    """While a runner is at it, a file that commits step by step always looks so."""
    report = judged(half_way())
    assert (report.in_doubt, report.status) == (("016",), HealthStatus.UNHEALTHY)
    assert Condition.IN_DOUBT in codes(report)
    report = judged(half_way(), holder=Holder(7))
    assert (report.in_doubt, report.status) == ((), HealthStatus.DEGRADED)
    assert codes(report) == [Condition.IN_PROGRESS]


def test_failures_are_told() -> None:
    """Of the file, else of this process's own run; not while somebody tries again."""
    failed = LastFailure("016", "create_task_completions_table", NOW)
    report = judged(applied(*ALL[:7]), last_failure=failed)
    assert report.last_failure == failed
    assert Condition.FAILED in codes(report)
    report = judged(applied(*ALL[:7]), activity=Activity(Phase.FAILED, NOW))
    assert Condition.FAILED in codes(report)
    report = judged(applied(*ALL[:7]), last_failure=failed, activity=RUNNING)
    assert codes(report) == [Condition.IN_PROGRESS]


@pytest.mark.parametrize(
    ("files", "code"),
    [
        ({"002_late.sql": "SELECT 1"}, "late"),
        ({"016_again.sql": "SELECT 1"}, "duplicate"),
        ({"017_open.sql": "SELECT 'open"}, "unreadable"),
        ({"20240101000000_long.sql": "SELECT 1"}, "too-long"),
    ],
)
def test_a_folder_that_cannot_run(files: dict[str, str], code: str) -> None:
    """The word says which problem it is; the command says the rest."""
    texts = {f"{m.label}_{m.name}.sql": m.content for m in household().load()} | files
    made = plan(replace(applied(*ALL), width=10), Memory(texts))
    report = build_health(replace(SEEN, plan=made), now=NOW)
    assert Condition.REFUSED in codes(report)
    assert any(code in finding.message for finding in report.findings)


def test_missing_tables_are_named_a_few_of_them() -> None:
    """The rest is counted."""
    tables = tuple(TableHealth(f"t{number}", exists=False) for number in range(7))
    report = judged(applied(*ALL), tables=tables)
    assert (report.status, report.all_tables_exist) == (HealthStatus.DEGRADED, False)
    assert report.findings[0].message == "Missing tables: t0, t1, t2, t3, t4 and 2 more."


@pytest.mark.parametrize("fault", Fault)
def test_no_answer_is_never_healthy(fault: Fault) -> None:
    """Whatever the fault, the document says its fixed phrase."""
    seen = Observation(checked_at=NOW, fault=fault, connected=fault is Fault.FORBIDDEN)
    for rules in ((), RULES):
        report = build_health(seen, now=NOW, rules=rules)
        assert (report.status, report.http_status) == (HealthStatus.UNHEALTHY, 503)
        assert report.error == fault.value
        assert report.relation == Relation.UNKNOWN
        assert report.findings[0].remedy


def test_a_locked_ledger_is_in_progress_if_somebody_is_seen_to_migrate() -> None:
    """Else nobody knows."""
    seen = replace(SEEN, fault=Fault.LOCKED, holder=Holder(7))
    report = build_health(seen, now=NOW)
    assert (report.relation, report.status) == (Relation.IN_PROGRESS, HealthStatus.DEGRADED)
    report = build_health(replace(seen, holder=None), now=NOW)
    assert (report.relation, report.status) == (Relation.UNKNOWN, HealthStatus.UNHEALTHY)
    assert codes(report) == [Condition.BLOCKED]


def test_not_checked_yet_is_unhealthy() -> None:
    """With no rules at all, too."""
    report = build_health(Observation(), now=NOW, rules=())
    assert (report.status, report.relation) == (HealthStatus.UNHEALTHY, Relation.UNKNOWN)
    assert codes(report) == [Condition.NOT_CHECKED]


observations = st.builds(
    Observation,
    checked_at=st.none() | st.just(NOW),
    connected=st.booleans(),
    fault=st.none() | st.sampled_from(Fault),
    plan=st.none()
    | st.sampled_from(
        [applied(*ALL), applied(*ALL, "017"), applied(*ALL[:2]), applied(), applied("007", "011")]
    ).map(plan),
    expected=st.just(8),
    tables=st.none()
    | st.lists(st.builds(TableHealth, st.just("t"), st.booleans()), max_size=2).map(tuple),
    holder=st.none() | st.just(Holder(7)),
    activity=st.none() | st.builds(Activity, st.sampled_from(Phase), st.just(NOW)),
    last_failure=st.none() | st.just(LastFailure("016", "x", NOW)),
)


@pytest.mark.property
@given(observations, st.sampled_from([RULES, ()]))
def test_what_is_not_known_is_never_healthy(seen: Observation, rules: tuple[Rule, ...]) -> None:
    """Healthy means: somebody looked, there was an answer, and the ledger was read."""
    report = build_health(seen, now=NOW, rules=rules)
    if report.status is HealthStatus.HEALTHY:
        assert seen.checked_at is not None
        assert (seen.connected, seen.fault) == (True, None)
        assert seen.plan is not None
    if report.status is HealthStatus.HEALTHY and rules:
        assert report.relation in {Relation.CURRENT, Relation.AHEAD}
        assert report.pending == report.drift == report.in_doubt == ()
        assert report.all_tables_exist in {None, True}
    if seen.plan is None and report.relation is not Relation.UNKNOWN:
        assert (report.relation, seen.fault) == (Relation.IN_PROGRESS, Fault.LOCKED)


def test_a_rule_of_ones_own() -> None:
    """Its severity decides, since no policy knows its code."""

    def slow(seen: Observation) -> Iterator[Finding]:
        if (seen.response_ms or 0) > 40:
            yield Finding("slow", Severity.WARNING, "Slow.")

    seen = replace(SEEN, plan=plan(applied(*ALL)))
    report = build_health(seen, now=NOW, rules=(slow,))
    assert (report.status, codes(report)) == (HealthStatus.DEGRADED, ["slow"])


def test_a_rule_that_breaks_is_seen() -> None:
    """It neither hides nor ends the report, and what it said stays out of it."""

    def broken(seen: Observation) -> Iterator[Finding]:
        raise ValueError("postgresql://user:secret@host/db")

    report = build_health(replace(SEEN, plan=plan(applied(*ALL))), now=NOW, rules=(broken,))
    assert codes(report) == [Condition.INTERNAL]
    assert report.status is HealthStatus.UNHEALTHY
    assert "secret" not in str(report)


def test_readiness_waits_for_the_schema() -> None:
    """Behind, empty, in progress and without its tables: 503; ahead: 200."""
    gone = (TableHealth("users", exists=False),)
    seen = [
        replace(SEEN, plan=plan(applied(*ALL[:2]))),
        replace(SEEN, plan=plan(applied())),
        replace(SEEN, plan=plan(applied(*ALL[:2])), holder=Holder(7)),
        replace(SEEN, plan=plan(applied(*ALL)), tables=gone),
    ]
    assert {build_health(one, now=NOW, policy=READINESS).http_status for one in seen} == {503}
    ahead = replace(SEEN, plan=plan(applied(*ALL, "017")))
    assert build_health(ahead, now=NOW, policy=READINESS).http_status == 200


def test_the_worst_comes_first() -> None:
    """And carries the severity that the policy gives it."""
    tables = (TableHealth("users", exists=False),)
    report = judged(half_way(), tables=tables)
    assert [finding.severity for finding in report.findings] == [
        Severity.ERROR,
        Severity.WARNING,
        Severity.WARNING,
    ]


def test_the_age_of_a_report() -> None:
    """In whole milliseconds, never negative."""
    seen = replace(SEEN, plan=plan(applied(*ALL)))
    for seconds, age in ((1.5, 1500), (-3, 0)):
        report = build_health(seen, now=NOW + timedelta(seconds=seconds), cached=True)
        assert (report.age_ms, report.cached) == (age, True)


def test_names_from_the_ledger_stay_there() -> None:
    """A version that the folder has not is shown without the ledger's name for it."""
    report = judged(applied(*ALL, "017"))
    assert [m.name for m in report.migrations if m.version == "017"] == [""]
    assert [m.name for m in report.migrations if m.version == "001"] == ["create_users_table"]


def test_versions_from_the_ledger_are_shown_as_far_as_they_are_numbers() -> None:
    """A version may be any text, and whoever asks may be anybody."""
    folder = Memory({"20240101_a/migration.sql": "SELECT 1"}, layout="prisma")
    entries = [
        LedgerEntry(version, str(version), "", NOW)
        for text in ("20240101_a", "20250101_secret", "20250202", "secret")
        if (version := read_version(text)) is not None
    ]
    made = plan(History(tuple(entries)), folder)
    report = build_health(replace(SEEN, plan=made, expected=1), now=NOW)
    assert report.applied == ("20240101_a", "20250101...", "20250202", "(not a number)")
    assert "secret" not in str(report) + json.dumps(report.to_dict()) + plain_text(report)
