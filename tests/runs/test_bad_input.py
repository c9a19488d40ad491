"""
What a folder must not hold is refused with its place before anything runs (R15),
and what only looks strange is taken as it is (R12).
"""

from __future__ import annotations

import codecs
from pathlib import Path

import pytest

from failing import GOOD
from st44_migrate import SourceError
from st44_migrate.events import MigrationStarted, RunFailed
from st44_migrate.model import State
from targets import Target, applied, codes, write
from unprivileged import common_folder, unprivileged

ANY = ("psycopg", "sqlite3")
PG = ("psycopg",)
LITE = ("sqlite3",)

# kinds, content, line and column, words of the message
BAD: dict[str, tuple[tuple[str, ...], str | bytes, int, int, str]] = {
    "Latin-1": (ANY, "-- größe\nSELECT 'grün';\n".encode("latin-1"), 1, 6, "0xf6 is not UTF-8"),
    "cut in a character": (ANY, "SELECT 'ü".encode()[:-1], 1, 9, "0xc3 is not UTF-8"),
    "UTF-16": (ANY, "SELECT 1;".encode("utf-16"), 1, 1, "UTF-16"),
    "NUL": (ANY, "SELECT 1;\nSELECT\t'\0';\n", 2, 9, "NUL"),
    "NUL in a comment": (ANY, "-- \0\nSELECT 1;\n", 1, 4, "NUL"),
    "no bytes": (ANY, "", 1, 1, "empty"),
    "only blanks": (ANY, " \n\t\r\n", 1, 1, "empty"),
    "only a byte order mark": (ANY, codecs.BOM_UTF8, 1, 1, "empty"),
    "string": (ANY, "SELECT 1;\r\nSELECT 'it''s;\r\nSELECT 2;\r\n", 2, 8, "never ends"),
    "quoted name": (ANY, 'CREATE TABLE "a (id integer);\n', 1, 14, "never ends"),
    "comment": (PG, "SELECT 1; /* /* one */ two\n", 1, 11, "never ends"),
    "dollar quote": (PG, "DO $a$ BEGIN END $b$;\nSELECT 1;\n", 1, 4, "$a$ opens here"),
    "escape string": (PG, "SELECT E'it\\';\n", 1, 9, "never ends"),
    "meta-command": (PG, "SELECT 1;\n  \\connect other\n", 2, 3, "\\connect is a command of psql"),
    "what pg_dump writes": (PG, "\\restrict abc\nSELECT 1;\n", 1, 1, "\\restrict is a command"),
    "an include": (PG, "\\i other.sql\n", 1, 1, "\\i is a command of psql"),
    "COPY with its data": (
        *(PG, "CREATE TABLE a (t text);\n\nCOPY a (t) FROM stdin;\nit's\t1\n\\.\n"),
        *(3, 1, "FROM STDIN"),
    ),
    "COPY to nobody": (PG, "COPY (SELECT 1) TO STDOUT;\n", 1, 1, "TO STDOUT"),
    "COMMIT in the middle": (
        *(ANY, "CREATE TABLE a (id integer);\nCOMMIT;\nCREATE TABLE b (id integer);\n"),
        *(2, 1, "COMMIT without a BEGIN"),
    ),
    "two transactions": (
        *(ANY, "BEGIN;\nSELECT 1;\nCOMMIT;\n BEGIN;\nSELECT 2;\nCOMMIT;\n"),
        *(4, 2, "second BEGIN"),
    ),
    "a statement behind COMMIT": (
        *(ANY, "BEGIN;\nSELECT 1;\nCOMMIT;\nCREATE TABLE b (id integer);\n"),
        *(4, 1, "outside of the BEGIN ... COMMIT"),
    ),
    "BEGIN without an end": (ANY, "BEGIN;\nSELECT 1;\n", 1, 1, "no COMMIT"),
    "BEGIN in BEGIN": (ANY, "BEGIN;\nBEGIN;\nCOMMIT;\n", 2, 1, "inside of the BEGIN"),
    "ROLLBACK": (ANY, "BEGIN;\nSELECT 1;\nROLLBACK;\n", 3, 1, "ROLLBACK"),
    "AND CHAIN": (PG, "BEGIN;\nSELECT 1;\nCOMMIT AND CHAIN;\n", 3, 1, "AND CHAIN"),
    "a prepared transaction": (PG, "BEGIN;\nPREPARE TRANSACTION 'a';\n", 2, 1, "PREPARE"),
    "VACUUM in BEGIN": (ANY, "BEGIN;\nVACUUM;\nCOMMIT;\n", 2, 1, "VACUUM cannot run"),
    "a misspelt header": (ANY, "-- st44: no-transactoin\nSELECT 1;\n", 1, 10, "no header"),
    "two headers": (
        *(ANY, "-- st44: transaction\n-- st44: no-transaction\nSELECT 1;\n"),
        *(2, 10, "contradicts"),
    ),
    "VACUUM against its header": (ANY, "-- st44: transaction\nVACUUM;\n", 2, 1, "VACUUM"),
}
CASES = [
    pytest.param(kind, content, line, column, words, id=f"{kind}-{name}")
    for name, (kinds, content, line, column, words) in BAD.items()
    for kind in kinds
]


def everything(target: Target) -> list[tuple[object, ...]]:
    """
    List every table, the ledger too.
    """
    if target.is_postgres:
        return target.query("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    return target.query("SELECT name FROM sqlite_master")


@pytest.mark.parametrize(
    ("target", "content", "line", "column", "words"), CASES, indirect=["target"]
)
def test_a_file_that_cannot_be_taken_stops_the_run_before_it_begins(
    target: Target, folder: Path, content: str | bytes, line: int, column: int, words: str
) -> None:
    """
    Its place is said, and nothing ran, not even the good file before it.
    """
    write(folder, {"001_good.sql": GOOD, "002_bad.sql": content, "003_good.sql": "SELECT 1;\n"})
    with pytest.raises(SourceError) as caught:
        target.apply(folder)
    error = caught.value
    assert error.place is not None
    assert (error.place.path, error.place.line, error.place.column) == (
        f"{folder}/002_bad.sql",
        line,
        column,
    )
    assert str(error).startswith(f"{error.place}: ")
    assert words in error.happened
    assert error.unchanged == "Nothing was run."
    assert error.remedy
    assert everything(target) == []
    assert target.saw(MigrationStarted) == []
    assert [event.error for event in target.saw(RunFailed)] == [error]
    plan = target.plan(folder)
    assert codes(plan) == ["unreadable"]
    (problem,) = plan.problems
    assert (problem.line, problem.column, problem.excerpt) == (line, column, error.excerpt)
    assert [pending.migration.label for pending in plan.pending] == ["001", "003"]


def test_all_bad_files_are_named_at_once(target: Target, folder: Path) -> None:
    """
    Who has two files to correct hears of both.
    """
    write(folder, {"001_a.sql": "", "002_b.sql": "SELECT 'b;\n", "003_c.sql": "SELECT 1;\n"})
    with pytest.raises(SourceError) as caught:
        target.apply(folder)
    assert f"{folder}/001_a.sql:1:1: " in str(caught.value)
    assert f"{folder}/002_b.sql:1:8: " in str(caught.value)


def test_an_applied_file_made_unreadable_counts_as_edited(target: Target, folder: Path) -> None:
    """
    What was applied is known, so a broken file is a difference like any other.
    """
    write(folder, {"001_good.sql": GOOD})
    target.apply(folder)
    write(folder, {"001_good.sql": "SELECT 'broken;\n"})
    plan = target.plan(folder)
    assert codes(plan) == ["edited"]
    assert plan.statuses[0].state is State.EDITED


# --- names and folders --------------------------------------------------------

NAMES = {
    "V2__add.sql": "2_add.sql",
    "002-add.sql": "002_add.sql",
    "002 add.sql": "002_add.sql",
    "add.sql": "002_add.sql",
    "002_.sql": "002_what_it_does.sql",
    "002_add.SQL": "002_add.sql",
    "002_add.up.sql": "002_add.sql",
}


@pytest.mark.parametrize("target", LITE, indirect=True)
@pytest.mark.parametrize(("wrong", "right"), NAMES.items(), ids=list(NAMES))
def test_a_misnamed_file_stops_the_run_and_hears_its_name(
    target: Target, folder: Path, wrong: str, right: str
) -> None:
    """
    A file that looks like a migration is never left out in silence.
    """
    write(folder, {"001_good.sql": GOOD, wrong: "SELECT 1;\n"})
    with pytest.raises(SourceError) as caught:
        target.apply(folder)
    assert f"{folder}/{wrong} " in caught.value.happened
    assert f"call it {right}." in caught.value.happened
    (folder / wrong).unlink()
    assert applied(target.apply(folder)) == ["001"]


def test_a_missing_folder_is_an_error_that_names_the_nearest(
    target: Target, folder: Path, tmp_path: Path
) -> None:
    """
    A deploy with a misspelt folder must not find nothing to do.
    """
    write(folder, {"001_good.sql": GOOD})
    with pytest.raises(SourceError, match="There is no folder") as caught:
        target.apply(tmp_path / "migration")
    assert f"Did you mean {folder}?" in str(caught.value)
    assert everything(target) == []


@pytest.mark.parametrize("files", [{}, {"README.md": "# none", "TEMPLATE.sql": "SELECT 1;"}])
def test_a_folder_without_a_migration_is_an_error(
    target: Target, folder: Path, files: dict[str, str | bytes]
) -> None:
    """
    Neither an empty folder nor one of other files is a success.
    """
    write(folder, files)
    with pytest.raises(SourceError, match="has no migration in it"):
        target.apply(folder)
    with pytest.raises(SourceError, match="has no migration in it"):
        target.plan(folder)


def test_a_file_in_place_of_the_folder_is_an_error(target: Target, folder: Path) -> None:
    """
    The folder is asked for, and the one that the file lies in is offered.
    """
    write(folder, {"001_good.sql": GOOD})
    with pytest.raises(SourceError, match="is not a folder"):
        target.apply(folder / "001_good.sql")


@pytest.mark.parametrize("target", ANY, indirect=True)
def test_what_may_not_be_read_is_an_error(target: Target) -> None:
    """
    Neither a folder nor a file that this user may not read is left out.
    """
    with common_folder() as common:
        closed = write(common / "closed", {"001_good.sql": GOOD})
        secret = write(common / "secret", {"001_good.sql": GOOD, "002_b.sql": "SELECT 1;\n"})
        closed.chmod(0o000)
        (secret / "002_b.sql").chmod(0o000)
        try:
            with unprivileged(), pytest.raises(SourceError, match="may not be listed") as caught:
                target.apply(closed)
            assert str(closed) in str(caught.value)
            with unprivileged(), pytest.raises(SourceError, match="cannot be read") as caught:
                target.apply(secret)
            assert f"{secret}/002_b.sql" in str(caught.value)
        finally:
            closed.chmod(0o755)
    assert everything(target) == []
