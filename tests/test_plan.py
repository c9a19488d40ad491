"""
What a folder and a ledger amount to, example by example.
"""

from __future__ import annotations

import hashlib
from datetime import UTC, datetime

from st44_migrate.model import (
    History,
    JournalEntry,
    JournalState,
    LedgerEntry,
    Migration,
    Plan,
    Severity,
    State,
)
from st44_migrate.plan import Reader, make_plan
from st44_migrate.sqltext import read_script, units_checksum

NOON = datetime(2026, 1, 2, 12, tzinfo=UTC)


def file(name: str, sql: str = "SELECT 1") -> Migration:
    label, _, rest = name.partition("_")
    raw = hashlib.sha256(sql.encode()).hexdigest()
    return Migration(int(label), label, rest, f"migrations/{name}.sql", sql.encode(), raw)


def entry(name: str, journal: JournalEntry | None = None) -> LedgerEntry:
    label, _, rest = name.partition("_")
    return LedgerEntry(int(label), label, rest, NOON, journal)


def applied(migration: Migration) -> LedgerEntry:
    checksum = read_script(migration, "postgresql").checksum
    kept = JournalEntry(
        migration.version, JournalState.APPLIED, checksum, migration.raw_checksum, duration_ms=3
    )
    return LedgerEntry(migration.version, migration.label, migration.name, NOON, kept)


def plan(files: list[Migration], history: History, *, allow_late: bool = False) -> Plan:
    return make_plan(files, history, read=Reader("postgresql"), allow_late=allow_late)


def pending(made: Plan) -> list[str]:
    return [p.migration.label for p in made.pending]


def errors(made: Plan) -> list[str]:
    return [p.code for p in made.errors]


def test_an_empty_ledger_makes_everything_pending() -> None:
    """Files run in the order of their numbers, not of their names."""
    made = plan([file("10_b"), file("9_a"), file("011_c")], History())
    assert pending(made) == ["9", "10", "011"]
    assert errors(made) == []


def test_versions_compare_as_integers() -> None:
    """046 that recorded itself as '46' is applied, and warned about."""
    made = plan([file("046_fix")], History((entry("46_fix"),)))
    assert pending(made) == []
    assert [(p.code, p.severity) for p in made.problems] == [("number", Severity.WARNING)]
    assert made.statuses[0].state is State.ELSEWHERE


def test_an_edited_file_is_an_error() -> None:
    """The journal has another checksum than the file."""
    before, after = file("001_a", "SELECT 1"), file("001_a", "SELECT 2")
    made = plan([after], History((applied(before),)))
    assert errors(made) == ["edited"]
    assert made.statuses[0].state is State.EDITED
    assert "show 001" in made.problems[0].remedy


def test_a_comment_or_a_line_end_is_not_an_edit() -> None:
    """Raw bytes differ, statements do not."""
    before, after = file("001_a", "SELECT 1;\n"), file("001_a", "-- why\r\nSELECT 1;  \r\n")
    assert errors(plan([after], History((applied(before),)))) == []


def test_a_vouched_file_is_never_read() -> None:
    """With the raw hash the journal knows, nobody looks inside."""
    garbage = file("001_a", "'unterminated")
    kept = JournalEntry(1, JournalState.APPLIED, "c" * 64, garbage.raw_checksum)
    made = plan([garbage], History((LedgerEntry(1, "001", "a", NOON, kept),)))
    assert errors(made) == []


def test_a_late_file_is_an_error_unless_it_or_the_caller_says_so() -> None:
    """Below the highest applied version only with a word for it."""
    history = History((entry("002_b"),))
    assert errors(plan([file("001_a"), file("002_b")], history)) == ["late"]
    assert errors(plan([file("001_a"), file("002_b")], history, allow_late=True)) == []
    says_so = file("001_a", "-- st44: late\nSELECT 1")
    assert errors(plan([says_so, file("002_b")], history)) == []


def test_a_database_ahead_is_normal() -> None:
    """Versions above the folder's last are no problem."""
    made = plan([file("001_a")], History((entry("001_a"), entry("002_b"))))
    assert errors(made) == []
    assert [e.label for e in made.ahead] == ["002"]
    assert made.statuses[1].state is State.AHEAD


def test_an_unknown_version_in_the_middle_has_diverged() -> None:
    """A version below the folder's last has no file."""
    history = History((entry("001_a"), entry("002_b"), entry("003_c")))
    made = plan([file("001_a"), file("003_c")], history)
    assert errors(made) == ["diverged"]
    assert made.statuses[1].state is State.MISSING


def test_a_retired_version_needs_no_file() -> None:
    """What repair has accepted is no problem any more."""
    gone = entry("002_b", JournalEntry(2, JournalState.RETIRED, reason="squashed"))
    history = History((entry("001_a"), gone, entry("003_c")))
    assert errors(plan([file("001_a"), file("003_c")], history)) == []


def test_equal_numbers_name_both_files_and_the_way_out() -> None:
    """With an empty ledger the later one is to be renamed."""
    made = plan([file("040_single"), file("040_names"), file("051_last")], History())
    assert errors(made) == ["duplicate"]
    problem = made.problems[0]
    assert "040_names.sql and migrations/040_single.sql" in problem.message
    assert "052_single.sql" in problem.remedy


def test_equal_numbers_keep_the_one_that_the_ledger_knows() -> None:
    """The file that was not applied is the one to be renamed."""
    made = plan(
        [file("040_names"), file("040_single"), file("051_last")],
        History((entry("040_single"), entry("051_last"))),
    )
    assert errors(made) == ["duplicate"]
    assert "knows 040 as 'single'" in made.errors[0].remedy
    assert "052_names.sql" in made.errors[0].remedy


def test_another_name_in_the_ledger_is_a_warning() -> None:
    """Another file with this number may have been applied."""
    made = plan([file("040_names")], History((entry("040_single"),)))
    assert [(p.code, p.severity) for p in made.problems] == [("name", Severity.WARNING)]


def test_a_gap_is_a_note() -> None:
    """A missing number is said, without weight; between dates it is not."""
    made = plan([file("001_a"), file("004_b"), file("20260101000000_c")], History())
    notes = [(p.code, p.severity, p.message) for p in made.problems]
    assert notes == [("gap", Severity.NOTE, "the folder has no 002 to 003.")]


def test_a_version_must_fit_the_ledgers_column() -> None:
    """The household's column takes ten digits, a date has fourteen."""
    made = plan([file("20260101000000_c")], History(width=10))
    assert errors(made) == ["too-long"]


def test_a_file_that_records_another_number_is_warned_about() -> None:
    """Before it runs: by its text."""
    sql = "INSERT INTO schema_migrations (version, name) VALUES ('040', 'x')"
    made = plan([file("052_x", sql)], History())
    assert [p.code for p in made.problems] == ["number"]
    assert "another file's number" in made.problems[0].remedy


def test_a_file_that_cannot_be_read_is_a_problem_with_a_place() -> None:
    """Line, column and excerpt come along."""
    made = plan([file("001_a", "SELECT 1;\nSELECT 'oops")], History())
    assert errors(made) == ["unreadable"]
    assert (made.problems[0].line, made.problems[0].column) == (2, 8)
    assert "^" in made.problems[0].excerpt


def test_a_row_without_a_number_is_an_error() -> None:
    """Nothing can be said about a ledger that holds such a row."""
    assert errors(plan([file("001_a")], History(foreign=("abc",)))) == ["foreign-version"]


def halfway(sql: str, done: int, *, in_doubt: bool = False) -> tuple[Migration, JournalEntry]:
    migration = file("001_a", sql)
    script = read_script(migration, "postgresql")
    left = JournalEntry(
        1,
        JournalState.FAILED,
        total=len(script.units),
        done=done,
        done_checksum=units_checksum(script.units[:done]),
        in_doubt=in_doubt,
    )
    return migration, left


THREE = "-- st44: no-transaction\nSELECT 1;\nSELECT 2;\nSELECT 3;"


def test_an_interrupted_file_goes_on_where_it_stopped() -> None:
    """Its executed part is unchanged."""
    _, left = halfway(THREE, 2)
    made = plan([file("001_a", THREE.replace("SELECT 3", "SELECT 33"))], History(leftovers=(left,)))
    assert errors(made) == []
    assert made.pending[0].resume_at == 2
    assert made.statuses[0].state is State.UNFINISHED


def test_an_interrupted_file_must_not_change_where_it_ran() -> None:
    """Its executed part was edited."""
    _, left = halfway(THREE, 2)
    edited = file("001_a", THREE.replace("SELECT 2", "SELECT 22"))
    assert errors(plan([edited], History(leftovers=(left,)))) == ["unfinished"]


def test_a_statement_in_doubt_is_an_error() -> None:
    """Nobody saw it end."""
    migration, left = halfway(THREE, 1, in_doubt=True)
    made = plan([migration], History(leftovers=(left,)))
    assert errors(made) == ["unfinished"]
    assert "statement 2 of 3" in made.problems[0].message
