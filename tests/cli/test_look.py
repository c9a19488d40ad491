"""
``status``, ``plan``, ``check``, ``show``: they tell the truth and change nothing.
"""

from __future__ import annotations

import re

import pytest

from cli.harness import Project


def test_looking_never_writes(empty: Project) -> None:
    """
    A database in which nothing is stays so.
    """
    for command in ("status", "plan", "check"):
        assert empty.on(command).code in {0, 3}
    assert (empty.root / "app.db").stat().st_size == 0


@pytest.mark.parametrize("command", ["status", "plan", "check"])
def test_a_database_that_is_not_there(project: Project, command: str) -> None:
    """
    The file's name may be misspelt: that is an error, and no file is made.
    """
    outcome = project.on(command)
    assert outcome.code == 6
    assert outcome.err.startswith("error: the SQLite database ")
    assert not (project.root / "app.db").exists()


def test_the_status_before_and_after(empty: Project) -> None:
    """
    Every version with its state; one line that sums up.
    """
    before = empty.on("status")
    assert before.code == 0
    assert before.out.splitlines() == [
        "version  name          state    applied at  took",
        "001      create_users  pending  -           -",
        "002      create_tasks  pending  -           -",
        "003      add_name      pending  -           -",
        "",
        "3 pending; latest none, 0 in the ledger",
    ]
    empty.on("up", "-q")
    after = empty.spawn("status", "--url", empty.url).out
    assert (
        len(re.findall(r"^00\d  .* applied  \d{4}-\d\d-\d\d [\d:]{8}Z  ", after, re.MULTILINE)) == 3
    )
    assert after.endswith("\nup to date; latest 003, 3 in the ledger\n")


def test_the_status_as_a_document(applied: Project) -> None:
    """
    Exactly the promised keys.
    """
    document = applied.on("status", "--json").document
    for version in document["migrations"]:
        assert re.fullmatch(r"\d{4}-\d\d-\d\dT[\d:]{8}\.\d{3}Z", version.pop("applied_at"))
    assert document == {
        "latest": "003",
        "count": 3,
        "migrations": [
            {"version": "001", "name": "create_users", "state": "applied"},
            {"version": "002", "name": "create_tasks", "state": "applied"},
            {"version": "003", "name": "add_name", "state": "applied"},
        ],
        "problems": [],
    }


def test_the_status_of_a_mess_is_told_in_full(applied: Project) -> None:
    """
    An edited file, a lost file and a pending one; still exit 0, since it could look.
    """
    applied.write("001_create_users.sql", "CREATE TABLE users (id bigint);\n")
    (applied.root / "migrations" / "002_create_tasks.sql").unlink()
    applied.write("004_later.sql", "SELECT 1;\n")
    outcome = applied.on("status")
    assert outcome.code == 0
    assert re.search(r"^001 .* edited ", outcome.out, re.MULTILINE)
    assert re.search(r"^002 .* missing ", outcome.out, re.MULTILINE)
    assert re.search(r"^004 .* pending ", outcome.out, re.MULTILINE)
    assert outcome.out.count("\nerror: ") == 2
    assert "2 problems to settle first, nothing will run; 1 pending" in outcome.out


def test_the_plan_in_order(empty: Project) -> None:
    """
    Each file with its statements and its mode; `up` does just that.
    """
    outcome = empty.on("plan")
    assert outcome.code == 0
    assert outcome.out.splitlines() == [
        "1.  migrations/001_create_users.sql  1 statement   in a transaction",
        "2.  migrations/002_create_tasks.sql  2 statements  in a transaction",
        "3.  migrations/003_add_name.sql      1 statement   in a transaction",
        "",
        "3 pending; latest none, 0 in the ledger",
    ]


def test_the_plan_exits_as_up_would(applied: Project) -> None:
    """
    0 where it would run, 4 where it would refuse, 2 where the folder is wrong.
    """
    assert applied.on("plan").code == 0
    applied.write("001_create_users.sql", "CREATE TABLE users (id bigint);\n")
    assert (applied.on("plan").code, applied.on("up").code) == (4, 4)
    applied.write("003_other.sql", "SELECT 1;\n")
    assert (applied.on("plan").code, applied.on("up").code) == (2, 2)


def test_check_is_a_question_with_four_answers(empty: Project) -> None:
    """
    3 pending, 0 all is well, 4 folder and ledger disagree, 2 the folder is wrong.
    """
    pending = empty.spawn("check", "--url", empty.url)
    assert pending.code == 3
    assert "pending: migrations/001_create_users.sql, migrations/002" in pending.err
    assert pending.out == "3 pending; latest none, 0 in the ledger\n"
    empty.on("up")
    well = empty.spawn("check", "--url", empty.url)
    assert (well.code, well.out, well.err) == (0, "up to date; latest 003, 3 in the ledger\n", "")
    empty.write("001_create_users.sql", "CREATE TABLE users (id bigint);\n")
    empty.write("004_later.sql", "SELECT 1;\n")
    edited = empty.on("check")
    assert edited.code == 4
    assert "001_create_users.sql" in edited.err
    empty.write("003_other.sql", "SELECT 1;\n")
    assert empty.on("check").code == 2
    (empty.root / "migrations").rename(empty.root / "elsewhere")
    assert empty.on("check").code == 2


def test_check_passes_over_what_is_no_error(applied: Project) -> None:
    """
    A gap is worth a note, and exit 0.
    """
    applied.write("009_later.sql", "SELECT 1;\n")
    assert applied.on("up", "-q").code == 0
    outcome = applied.on("check")
    assert outcome.code == 0
    assert "004 to 008" in outcome.err


def test_check_as_a_document(empty: Project) -> None:
    """
    The status in one word, and every pending file.
    """
    document = empty.on("check", "--json").document
    assert document["status"] == "pending"
    assert [pending["version"] for pending in document["pending"]] == ["001", "002", "003"]
    assert document["error"] is None
    empty.on("up")
    assert empty.on("check", "--json").document["status"] == "current"


def test_show_what_was_applied(applied: Project) -> None:
    """
    The SQL, when, by whom.
    """
    outcome = applied.on("show", "2")
    assert outcome.code == 0
    assert "version     002\n" in outcome.out
    assert re.search(r"^applied by  \S+@\S*$", outcome.out, re.MULTILINE)
    assert "CREATE TABLE tasks (id integer PRIMARY KEY);" in outcome.out
    assert "differs" not in outcome.out


def test_show_the_difference(applied: Project) -> None:
    """
    A unified diff against the file as it is now.
    """
    applied.write("003_add_name.sql", "ALTER TABLE users ADD COLUMN title text;\n")
    outcome = applied.on("show", "003")
    assert "-ALTER TABLE users ADD COLUMN name text;" in outcome.out
    assert "+ALTER TABLE users ADD COLUMN title text;" in outcome.out
    document = applied.on("show", "003", "--json").document
    assert document["applied_sql"] == "ALTER TABLE users ADD COLUMN name text;\n"
    assert "+ALTER TABLE users ADD COLUMN title text;" in document["diff"]


@pytest.mark.parametrize("version", ["999", "x", "-1"])
def test_show_what_is_not_there(applied: Project, version: str) -> None:
    """
    No such version, and no version at all.
    """
    outcome = applied.run("show", "--url", applied.url, "--", version)
    assert outcome.code == 2


@pytest.mark.parametrize("command", ["status", "plan", "check", "up"])
def test_a_file_that_cannot_be_read_has_its_place(empty: Project, command: str) -> None:
    """
    Path, line and column, the excerpt, and what to do.
    """
    empty.write("002_create_tasks.sql", "CREATE TABLE t (a);\nINSERT INTO t VALUES ('x);\n")
    outcome = empty.on(command)
    assert "migrations/002_create_tasks.sql:2:23" in outcome.out + outcome.err
    assert outcome.code == (0 if command == "status" else 2)


def test_a_quiet_check_still_says_why(empty: Project) -> None:
    """
    The files that are pending and the errors are the answer; notes are not.
    """
    empty.write("009_later.sql", "SELECT 1;\n")
    outcome = empty.on("check", "--quiet")
    assert outcome.code == 3
    assert outcome.err == (
        "pending: migrations/001_create_users.sql, migrations/002_create_tasks.sql,"
        " migrations/003_add_name.sql, migrations/009_later.sql\n"
    )
    assert empty.on("up", "-q").code == 0
    empty.write("001_create_users.sql", "SELECT 2;\n")
    assert "001_create_users.sql was applied" in empty.on("check", "-q").err
