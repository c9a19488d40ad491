"""
Values and errors as text for people, and as documents for programs.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate import (
    Applied,
    ApplyError,
    ConfigError,
    DatabaseUnavailable,
    Migration,
    Pending,
    Place,
    Plan,
    PlanError,
    Problem,
    Record,
    Report,
    Severity,
    SourceError,
    State,
    Status,
)
from st44_migrate.errors import DriverError
from st44_migrate.model import JournalEntry, JournalState, LedgerEntry, Script, Statement
from st44_migrate.render import (
    duration,
    error_document,
    moment,
    plan_document,
    record_document,
    render_error,
    render_plan,
    render_record,
    render_report,
    render_status,
    report_document,
    status_document,
    touched_document,
    up_failure,
    verdict,
)
from st44_migrate.render.documents import Document
from st44_migrate.render.words import columns, count, iso

NOON = datetime(2025, 12, 14, 12, 0, 0, 123456, tzinfo=UTC)
SQL = "CREATE TABLE a (id int);\nINSERT INTO b VALUES (1);\n"
FIRST = Statement("CREATE TABLE a (id int)", 0, 1, 1)
SECOND = Statement("INSERT INTO b VALUES (1)", 25, 2, 1)
PLACE = Place("migrations/017_add.sql", 2, 13)
ERROR_KEYS = {
    *("code", "message", "path", "line", "column", "statement", "sqlstate", "detail", "hint"),
}


def migration(version: int = 17, name: str = "add", content: str = SQL) -> Migration:
    label = f"{version:03}"
    path = f"migrations/{label}_{name}.sql"
    return Migration(version, label, name, path, content.encode(), "raw")


def script(*, transactional: bool = True, begin: str = "") -> Script:
    units = ((FIRST, SECOND),) if transactional else ((FIRST,), (SECOND,))
    return Script(SQL, units, transactional, "sum", begin=begin)


def entry(version: int, name: str = "add", journal: JournalEntry | None = None) -> LedgerEntry:
    return LedgerEntry(version, f"{version:03}", name, NOON, journal)


def report(applied: Sequence[Applied] = (), **fields: Any) -> Report:
    usual: dict[str, Any] = {"skipped": 2, "pending": 0, "latest": "017", "count": 3}
    return Report(tuple(applied), **{**usual, **fields}, started_at=NOON, finished_at=NOON)


def plan(**fields: Any) -> Plan:
    empty: dict[str, Any] = dict.fromkeys(
        ("pending", "applied", "ahead", "problems", "statuses"), ()
    )
    return Plan(**{**empty, **fields})


DONE = Applied(17, "017", "add", "migrations/017_add.sql", 2, 1234)
GAP = Problem("gap", Severity.NOTE, "the folder has no 016.", "Harmless.", version="017")
EDITED = Problem(
    "edited",
    Severity.ERROR,
    "migrations/017_add.sql has been edited since.",
    "Restore it.\nOr repair it.",
    version="017",
    path="migrations/017_add.sql",
)
UNREADABLE = Problem(
    "unreadable",
    Severity.ERROR,
    "migrations/017_add.sql:2:13: a quote is not closed",
    "Close it.",
    version="017",
    path="migrations/017_add.sql",
    line=2,
    column=13,
    excerpt="  2 | INSERT INTO b VALUES ('1);\n    |             ^\n",
)


def apply_error(**fields: Any) -> ApplyError:
    usual: dict[str, Any] = {
        "migration": migration(),
        "report": report(pending=2),
        "place": PLACE,
        "statement": SECOND,
        "error": DriverError(
            'relation "b" does not exist',
            sqlstate="42P01",
            detail="It never did.",
            hint="Create it.\nFirst.",
            context="SQL function",
        ),
        "excerpt": "  2 | INSERT INTO b VALUES (1);\n    |             ^",
        "unchanged": "The file left nothing behind.",
        "remedy": "Fix it and run again.",
    }
    happened = 'migrations/017_add.sql:2:13: relation "b" does not exist (42P01)'
    return ApplyError(happened, **{**usual, **fields})


# --- words --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("milliseconds", "text"),
    [
        (None, "-"),
        (0, "0 ms"),
        (999, "999 ms"),
        (1000, "1.0 s"),
        (59_949, "59.9 s"),
        (59_950, "1 min 0 s"),
        (3_599_499, "59 min 59 s"),
        (3_599_500, "1 h 0 min"),
        (7_500_000, "2 h 5 min"),
    ],
)
def test_a_duration_has_the_unit_that_suits_it(milliseconds: int | None, text: str) -> None:
    """
    Milliseconds, seconds, minutes, hours; no "60.0 s" and no "60 min" at the seams.
    """
    assert duration(milliseconds) == text


def test_a_time_is_in_utc_whoever_wrote_it() -> None:
    """
    Other zones are converted; a time without a zone is the ledger's, in UTC.
    """
    oslo = NOON.astimezone(timezone(timedelta(hours=1)))
    assert moment(oslo) == moment(NOON) == moment(NOON.replace(tzinfo=None))
    assert moment(NOON) == "2025-12-14 12:00:00Z"
    assert iso(oslo) == iso(NOON) == iso(NOON.replace(tzinfo=None)) == "2025-12-14T12:00:00.123Z"
    assert (moment(None), iso(None)) == ("-", None)


def test_one_thing_and_many() -> None:
    """
    One file, two files, no files.
    """
    assert [count(n, "file") for n in (0, 1, 2)] == ["0 files", "1 file", "2 files"]


@pytest.mark.property
@given(st.lists(st.tuples(*[st.text("ab", max_size=9)] * 3), min_size=1))
def test_columns_are_aligned(rows: list[tuple[str, ...]]) -> None:
    """
    Every cell of a column starts where the others start, and nothing is cut.
    """
    lines = list(columns(rows))
    starts = [0]
    for column in list(zip(*rows, strict=True))[:-1]:
        starts.append(starts[-1] + max(map(len, column)) + 2)
    assert len(rows) == len(lines)
    for row, line in zip(rows, lines, strict=True):
        for start, cell in zip(starts, row, strict=True):
            assert line[start:].startswith(cell)
            assert not line[start + len(cell) :].startswith(("a", "b"))


# --- what a run did -----------------------------------------------------------


def test_the_summary_says_what_the_old_runner_said() -> None:
    """
    Applied, skipped, failed; latest, total: in one line, and true.
    """
    done = report([DONE, DONE], skipped=28, latest="051", count=30)
    assert render_report(done) == "applied 2, skipped 28, failed 0; latest 051, 30 in the ledger"


def test_the_summary_of_nothing_to_do() -> None:
    """
    It says so, and does not look like work.
    """
    assert render_report(report()) == "up to date: 2 applied already; latest 017, 3 in the ledger"


def test_the_summary_of_a_failure() -> None:
    """
    The failed file is counted once, and the files behind it are not forgotten.
    """
    stopped = report([DONE], pending=3)
    assert render_report(stopped, failed=1) == (
        "applied 1, skipped 2, failed 1; latest 017, 3 in the ledger; 2 not run"
    )
    unlucky = report(pending=3, latest=None, count=0, skipped=0)
    assert render_report(unlucky, failed=1) == (
        "applied 0, skipped 0, failed 1; latest none, 0 in the ledger; 2 not run"
    )
    assert render_report(unlucky).endswith("; 3 not run")


def test_the_document_of_a_run() -> None:
    """
    Exactly the keys that programs were promised.
    """
    assert report_document(report([DONE])) == {
        "status": "applied",
        "applied": [{"version": "017", "name": "add", "statements": 2, "duration_ms": 1234}],
        "latest": "017",
        "count": 3,
        "error": None,
    }
    assert report_document(report())["status"] == "current"


def test_the_document_of_a_failed_run() -> None:
    """
    It holds what stays applied; without a report only what was seen.
    """
    error = error_document(apply_error())
    failed = up_failure(error, report([DONE], pending=1))
    assert failed == {**report_document(report([DONE])), "status": "failed", "error": error}
    assert up_failure(error, None) == {
        "status": "failed",
        "applied": [],
        "latest": None,
        "count": None,
        "error": error,
    }
    seen = up_failure(error, None, [DONE])
    assert seen["applied"] == report_document(report([DONE]))["applied"]
    assert seen["count"] is None


# --- where things stand -------------------------------------------------------


STANDING = plan(
    pending=(Pending(migration(18, "next"), script()),),
    applied=(entry(1, "create_users"), entry(17)),
    problems=(EDITED, GAP),
    statuses=(
        Status(1, "001", "create_users", State.ELSEWHERE, NOON),
        Status(17, "017", "add", State.EDITED, NOON, 12, "migrations/017_add.sql"),
        Status(18, "018", "next", State.PENDING, path="migrations/018_next.sql"),
    ),
)


def test_the_status_is_a_table_with_problems_and_a_verdict() -> None:
    """
    Aligned columns, no colour needed, remedies under their problems.
    """
    assert render_status(STANDING).splitlines() == [
        "version  name          state               applied at            took",
        "001      create_users  recorded elsewhere  2025-12-14 12:00:00Z  -",
        "017      add           edited              2025-12-14 12:00:00Z  12 ms",
        "018      next          pending             -                     -",
        "",
        "error: migrations/017_add.sql has been edited since.",
        "  Restore it.",
        "  Or repair it.",
        "",
        "note: the folder has no 016.",
        "  Harmless.",
        "",
        "1 problem to settle first, nothing will run; 1 pending; latest 017, 2 in the ledger",
    ]


def test_the_document_of_the_status() -> None:
    """
    Exactly the keys that programs were promised.
    """
    document = status_document(STANDING)
    assert set(document) == {"latest", "count", "migrations", "problems"}
    assert (document["latest"], document["count"]) == ("017", 2)
    assert document["migrations"][1] == {
        "version": "017",
        "name": "add",
        "state": "edited",
        "applied_at": "2025-12-14T12:00:00.123Z",
    }
    assert document["migrations"][2]["applied_at"] is None
    assert document["problems"][0] == {
        "code": "edited",
        "version": "017",
        "path": "migrations/017_add.sql",
        "message": "migrations/017_add.sql has been edited since.",
    }
    assert touched_document(STANDING.statuses) == {"versions": document["migrations"]}


@pytest.mark.parametrize(
    ("standing", "text"),
    [
        (plan(), "up to date; latest none, 0 in the ledger"),
        (plan(applied=(entry(1),)), "up to date; latest 001, 1 in the ledger"),
        (
            plan(applied=(entry(1), entry(2)), ahead=(entry(2),)),
            "up to date; latest 002, 2 in the ledger; 1 ahead of this folder",
        ),
        (
            plan(pending=(Pending(migration(), script()),), problems=(GAP,)),
            "1 pending; latest none, 0 in the ledger",
        ),
    ],
)
def test_the_verdict(standing: Plan, text: str) -> None:
    """
    One line; warnings and notes do not change it.
    """
    assert verdict(standing) == text


LAST_MODE = "statement by statement; goes on after 1 statement"


def test_a_plan_shows_what_would_run_and_how() -> None:
    """
    In order, with the number of statements and the mode; notes are left out.
    """
    standing = plan(
        pending=(
            Pending(migration(17), script(begin="ISOLATION LEVEL SERIALIZABLE")),
            Pending(migration(18, "later"), script()),
            Pending(migration(19, "index"), script(transactional=False), resume_at=1),
        ),
        problems=(GAP, GAP._replace(severity=Severity.WARNING)),
    )
    assert render_plan(standing).splitlines() == [
        "1.  migrations/017_add.sql    2 statements  in a transaction (isolation level serializable)",
        "2.  migrations/018_later.sql  2 statements  in a transaction",
        "3.  migrations/019_index.sql  2 statements  " + LAST_MODE,
        "",
        "warning: the folder has no 016.",
        "  Harmless.",
        "",
        "3 pending; latest none, 0 in the ledger",
    ]


def test_the_document_of_a_plan() -> None:
    """
    It says everything the text says, and names the status in one word.
    """
    document = plan_document(STANDING)
    assert document["status"] == "problems"
    assert document["pending"] == [
        {
            "version": "018",
            "name": "next",
            "path": "migrations/018_next.sql",
            "statements": 2,
            "transactional": True,
            "resume_at": 0,
        }
    ]
    assert document["problems"][0]["remedy"] == "Restore it.\nOr repair it."
    assert document["problems"][1]["severity"] == "note"
    assert plan_document(plan())["status"] == "current"
    assert plan_document(STANDING._replace(problems=(GAP,)))["status"] == "pending"


# --- one version --------------------------------------------------------------

JOURNAL = JournalEntry(17, JournalState.APPLIED, total=1, done=1, duration_ms=12)
KEPT = Record(entry(17, journal=JOURNAL), JOURNAL, SQL, "app@host", migration())


def test_a_record_shows_the_applied_sql() -> None:
    """
    Facts first, then the text as it was applied; no difference, no word of it.
    """
    assert render_record(KEPT) == "\n".join(
        [
            "version     017",
            "name        add",
            "state       applied",
            "applied at  2025-12-14 12:00:00Z",
            "applied by  app@host",
            "took        12 ms",
            "file        migrations/017_add.sql",
            "",
            "The SQL as it was applied:",
            "",
            *SQL.splitlines(),
        ]
    )


def test_an_edited_file_shows_its_difference() -> None:
    """
    A unified diff from what was applied to what the file says now.
    """
    edited = KEPT._replace(file=migration(content=SQL.replace("(1)", "(2)")))
    shown = render_record(edited)
    assert shown.endswith(
        "--- 017 as it was applied\n"
        "+++ migrations/017_add.sql now\n"
        "@@ -1,2 +1,2 @@\n"
        " CREATE TABLE a (id int);\n"
        "-INSERT INTO b VALUES (1);\n"
        "+INSERT INTO b VALUES (2);"
    )
    assert record_document(edited)["diff"] in shown


@pytest.mark.parametrize("content", ["\ufeff" + SQL, SQL.replace("\n", "\r\n"), SQL + "\n\n"])
def test_line_ends_and_marks_are_no_difference(content: str) -> None:
    """
    A checkout on another system changes nothing that was applied.
    """
    assert record_document(KEPT._replace(file=migration(content=content)))["diff"] is None


def test_the_document_of_a_record() -> None:
    """
    All that is known, None where nothing is.
    """
    assert record_document(KEPT) == {
        "version": "017",
        "name": "add",
        "state": "applied",
        "applied_at": "2025-12-14T12:00:00.123Z",
        "applied_by": "app@host",
        "duration_ms": 12,
        "reason": None,
        "path": "migrations/017_add.sql",
        "applied_sql": SQL,
        "diff": None,
    }


def test_a_version_recorded_elsewhere_and_one_that_is_pending() -> None:
    """
    What we did not apply we cannot show; the file is there to be read.
    """
    elsewhere = Record(entry(17), None, None, None, migration())
    assert "state       recorded elsewhere" in render_record(elsewhere)
    assert "The SQL of migrations/017_add.sql now:\n\nCREATE TABLE" in render_record(elsewhere)
    pending = Record(None, None, None, None, migration())
    assert render_record(pending).startswith("version  017\nname     add\nstate    not applied")
    gone = Record(entry(17), None, None, None, None)
    assert render_record(gone).endswith("file        not in the folder")


def test_an_unfinished_version_shows_how_far_it_came() -> None:
    """
    Which part is in doubt, why it stopped, and what somebody decided about it.
    """
    journal = JournalEntry(
        17,
        JournalState.RUNNING,
        total=3,
        done=1,
        in_doubt=True,
        reason="looked at it",
        error="the connection\nwas lost",
    )
    shown = render_record(Record(None, journal, SQL, "app@host", migration()))
    assert shown.splitlines()[:8] == [
        "version   017",
        "name      add",
        "state     running",
        "tried by  app@host",
        "progress  1 of 3 parts committed, part 2 in doubt",
        "reason    looked at it",
        "error     the connection was lost",
        "file      migrations/017_add.sql",
    ]
    assert "The SQL as it was tried:\n\nCREATE TABLE" in shown


def test_a_version_of_which_only_the_journal_knows() -> None:
    """
    Its number is all there is.
    """
    record = Record(None, JournalEntry(17, JournalState.FAILED), SQL, None, None)
    assert render_record(record).startswith("version  17\nstate    failed\n")
    assert record_document(record)["version"] == "17"


# --- errors -------------------------------------------------------------------


def test_an_error_of_a_statement_begins_with_its_place() -> None:
    """
    Compilers' form, which terminals and editors link; then all the server said.
    """
    assert render_error(apply_error()).splitlines() == [
        'migrations/017_add.sql:2:13: error: relation "b" does not exist (42P01)',
        "  2 | INSERT INTO b VALUES (1);",
        "    |             ^",
        "  SQLSTATE: 42P01",
        "  detail: It never did.",
        "  hint: Create it.",
        "    First.",
        "  context: SQL function",
        "The file left nothing behind.",
        "Fix it and run again.",
    ]


def test_only_the_word_error_is_painted() -> None:
    """
    The place stays plain, so that it can be linked and copied.
    """
    painted = render_error(apply_error(), lambda text: f"<{text}>")
    assert painted.startswith("migrations/017_add.sql:2:13: <error:> relation")
    assert painted.count("<") == 1
    assert render_error(ConfigError("no"), lambda text: f"<{text}>") == "<error:> no"


def test_an_error_without_a_place() -> None:
    """
    The file comes first if there is one.
    """
    at_commit = apply_error(place=None, statement=None, excerpt="")
    at_commit.happened = "migrations/017_add.sql: at commit: a row is missing (23503)"
    assert render_error(at_commit).startswith(
        "migrations/017_add.sql: error: at commit: a row is missing (23503)\n  SQLSTATE"
    )
    assert render_error(DatabaseUnavailable("refused", transient=True)) == (
        "error: refused\nNothing was run."
    )


def test_an_error_of_the_folder_and_of_the_plan() -> None:
    """
    Their places lead as well; every problem is told, the first one first.
    """
    source = SourceError(f"{PLACE}: a quote is not closed", place=PLACE, remedy="Close it.")
    assert render_error(source) == (
        f"{PLACE}: error: a quote is not closed\nNothing was run.\nClose it."
    )
    refused = render_error(PlanError([UNREADABLE, EDITED]))
    assert refused.startswith(f"{PLACE}: error: a quote is not closed\n  2 | INSERT")
    assert "also: migrations/017_add.sql has been edited since. Restore it." in refused
    assert render_error(PlanError([EDITED])).startswith("error: migrations/017_add.sql has been")


def test_notes_on_an_error_are_told() -> None:
    """
    Where a value came from is added by who knows it.
    """
    error = DatabaseUnavailable("refused", transient=False)
    error.add_note("The database is named by DATABASE_URL.")
    assert render_error(error).endswith("\nThe database is named by DATABASE_URL.")


def test_the_document_of_an_error() -> None:
    """
    All keys are always there; the place is not repeated in the message.
    """
    assert error_document(apply_error()) == {
        "code": "apply",
        "message": 'relation "b" does not exist (42P01)',
        "path": "migrations/017_add.sql",
        "line": 2,
        "column": 13,
        "statement": "INSERT INTO b VALUES (1)",
        "sqlstate": "42P01",
        "detail": "It never did.",
        "hint": "Create it.\nFirst.",
    }
    assert set(error_document(ConfigError("no"))) == ERROR_KEYS
    assert error_document(PlanError([EDITED]))["path"] == "migrations/017_add.sql"
    unplaced = error_document(apply_error(place=None, statement=None, error=None))
    assert (unplaced["path"], unplaced["line"]) == ("migrations/017_add.sql", None)


@pytest.mark.parametrize(
    "document",
    [
        report_document(report([DONE])),
        status_document(STANDING),
        plan_document(STANDING),
        record_document(KEPT),
        error_document(apply_error()),
        touched_document(STANDING.statuses),
    ],
)
def test_documents_are_json(document: Document) -> None:
    """
    Nothing but what JSON has: the document survives the way there and back.
    """
    assert json.loads(json.dumps(document)) == document
