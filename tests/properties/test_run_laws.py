"""
Laws of a run: whatever a folder holds and whatever was recorded before, database,
ledger and report tell the same story, and going on is as good as one go.
"""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lending import Lent, lend
from st44_migrate import ApplyError, Memory, PlanError, Report, Settings
from st44_migrate.errors import MigrateError
from st44_migrate.model import State
from stories import File, Story, stories
from targets import SQLITE, applied

pytestmark = pytest.mark.property

BAD_STEPS = ("SELECT nothing", "INSERT INTO nowhere VALUES (1)", "VACUUM nowhere")


def record(lent: Lent, files: tuple[File, ...]) -> None:
    """
    Write the ledger by hand, as the guide has it, without zeros.
    """
    lent.execute(
        "CREATE TABLE schema_migrations (version varchar(10) PRIMARY KEY,"
        " name varchar(255) NOT NULL, applied_at timestamp DEFAULT CURRENT_TIMESTAMP)"
    )
    for file in files:
        lent.execute(
            f"INSERT INTO schema_migrations (version, name) VALUES ('{file.version}', 'by hand')"
        )
    if lent.conn.in_transaction:
        lent.execute("COMMIT")


def content(lent: Lent) -> dict[str, int]:
    """
    Every table with the number of its rows, but for ledger and journal.
    """
    names = lent.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    tables = [name for (name,) in names if not name.startswith("schema_migrations")]
    return {name: lent.execute(f"SELECT count(*) FROM {name}")[0][0] for name in tables}


def ledger(lent: Lent) -> set[int]:
    return {int(version) for (version,) in lent.execute("SELECT version FROM schema_migrations")}


def everything(lent: Lent) -> list[tuple[Any, ...]]:
    """
    Every row of every table, the journal's times included.
    """
    names = lent.execute("SELECT name FROM sqlite_master WHERE type = 'table' ORDER BY name")
    return [row for (name,) in names for row in lent.execute(f"SELECT '{name}', * FROM {name}")]


def attempt(lent: Lent, source: Memory, choices: Settings) -> Report | None:
    """
    Run, and give the report, also of a failure; None where nothing ran.
    """
    try:
        return lent.do(source, lambda m: m.apply(), settings=choices)  # type: ignore[no-any-return]
    except ApplyError as error:
        return error.report
    except MigrateError:
        return None


@pytest.mark.parametrize("kind", SQLITE)
def test_database_ledger_and_report_agree_after_any_run(kind: str) -> None:
    """
    What is there is exactly what was applied; what failed left nothing.
    """

    @settings(max_examples=settings().max_examples if kind == "sqlite3" else 20)
    @given(stories(), st.booleans())
    def agree(story: Story, allow_late: bool) -> None:
        with lend(kind, ":memory:") as lent:
            record(lent, story.by_hand)
            choices = Settings(allow_late=allow_late)
            report = attempt(lent, story.source(), choices)
            refused = story.is_late and not allow_late
            ran = [] if refused else story.runnable
            by_hand = {file.version for file in story.by_hand}
            assert (report is None) == refused
            assert content(lent) == {file.table: file.rows for file in ran}
            assert ledger(lent) == by_hand | {file.version for file in ran}
            if report is not None:
                assert applied(report) == [file.label for file in ran]
                assert report.count == len(ledger(lent))
                assert report.pending == len(story.pending) - len(ran)
                assert report.skipped == len(story.by_hand)
                assert int(report.latest or -1) == max(ledger(lent), default=-1)

    agree()


@given(stories(), st.booleans())
def test_the_status_says_what_is_there(story: Story, run: bool) -> None:
    """
    Before and after a run, of every file.
    """
    with lend("sqlite3", ":memory:") as lent:
        record(lent, story.by_hand)
        choices = Settings(allow_late=True)
        if run:
            attempt(lent, story.source(), choices)
        plan = lent.do(story.source(), lambda m: m.plan(), settings=choices)
        ran = story.runnable if run else []
        failed = story.pending[len(ran)] if run and len(ran) < len(story.pending) else None
        for file, status in zip(story.files, plan.statuses, strict=True):
            expected = State.PENDING
            if file in story.by_hand:
                expected = State.ELSEWHERE
            elif file in ran:
                expected = State.APPLIED
            elif file == failed:
                expected = State.FAILED
            assert (status.label, status.state) == (file.label, expected)


@given(stories())
def test_a_mended_folder_is_finished(story: Story) -> None:
    """
    After a failure the corrected file and the rest run, and nothing runs twice.
    """
    with lend("sqlite3", ":memory:") as lent:
        record(lent, story.by_hand)
        attempt(lent, story.source(), Settings(allow_late=True))
        whole = story.mended()
        report = lent.do(whole.source(), lambda m: m.apply(), settings=Settings(allow_late=True))
        rest = whole.pending[len(story.runnable) :]
        assert applied(report) == [file.label for file in rest]
        assert content(lent) == {file.table: file.rows for file in whole.pending}
        assert report.pending == 0


@given(stories())
def test_running_twice_is_running_once(story: Story) -> None:
    """
    A second run changes no row, not even in the journal.
    """
    with lend("sqlite3", ":memory:") as lent:
        record(lent, story.by_hand)
        choices = Settings(allow_late=True)
        attempt(lent, story.mended().source(), choices)
        before = everything(lent)
        report = attempt(lent, story.mended().source(), choices)
        assert report is not None
        assert report.applied == ()
        assert everything(lent) == before


@given(stories(by_hand=False), st.integers(1, 5))
def test_two_steps_are_as_good_as_one(story: Story, count: int) -> None:
    """
    A deployment of some files and then of all ends where one of all ends.
    """
    ends = []
    for steps in ([count, None], [None]):
        with lend("sqlite3", ":memory:") as lent:
            for step in steps:
                attempt(lent, story.source(step), Settings())
            ends.append((content(lent), ledger(lent)))
    assert ends[0] == ends[1]


@given(stories())
def test_looking_changes_nothing_at_all(story: Story) -> None:
    """
    Neither before a run nor after it, and also where a plan has errors.
    """
    with lend("sqlite3", ":memory:") as lent:
        record(lent, story.by_hand)
        before = everything(lent)
        plan = lent.plan(story.source())
        assert bool(plan.errors) == story.is_late
        assert everything(lent) == before
        if story.is_late:
            with pytest.raises(PlanError):
                lent.apply(story.source())
            assert everything(lent) == before


@given(st.integers(0, 6), st.integers(0, 6), st.sets(st.integers(0, 7)), st.sampled_from(BAD_STEPS))
def test_a_file_that_commits_step_by_step_goes_on_where_it_failed(
    rows: int, at: int, vacuums: set[int], bad: str
) -> None:
    """
    What was committed stays and is not done twice; what was not is all there in the end.
    """
    steps = ["CREATE TABLE t (id integer)", *(f"INSERT INTO t VALUES ({n})" for n in range(rows))]
    for place in sorted(vacuums, reverse=True):
        steps.insert(min(place, len(steps)), "VACUUM")
    at = min(at, len(steps))
    broken = [*steps[:at], bad, *steps[at:]]
    done = sum(step.startswith("INSERT") for step in steps[:at])
    with lend("sqlite3", ":memory:") as lent:
        with pytest.raises(ApplyError) as caught:
            lent.apply(stepwise(broken))
        assert caught.value.statement is not None
        assert caught.value.statement.text == bad
        made = "CREATE TABLE t (id integer)" in steps[:at]
        assert content(lent) == ({"t": done} if made else {})
        assert ledger(lent) == set()
        edited = ["SELECT 1", *steps[1:]]
        if at:
            with pytest.raises(PlanError, match="edited where it had run already"):
                lent.apply(stepwise(edited))
        assert applied(lent.apply(stepwise(steps))) == ["001"]
        assert content(lent) == {"t": rows}
        assert lent.apply(stepwise(steps)).applied == ()


def stepwise(steps: list[str]) -> Memory:
    return Memory({"001_steps.sql": "-- st44: no-transaction\n" + ";\n".join(steps) + ";\n"})
