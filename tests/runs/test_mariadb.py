"""
Runs on MariaDB, where DDL commits by itself: what is applied, where it stops, how it goes on.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from st44_migrate import (
    ApplyError,
    DatabaseUnavailable,
    LedgerError,
    LedgerName,
    Memory,
    PlanError,
    Settings,
    SourceError,
)
from st44_migrate.events import MigrationStarted, NoticeReceived
from targets import MARIADB, Target, applied, labels, write

TWO = {
    "001_users.sql": "CREATE TABLE users (id int PRIMARY KEY, name text);",
    "002_fill.sql": "INSERT INTO users VALUES (1, 'a');\nINSERT INTO users VALUES (2, '100% ? :x');",
}


@pytest.fixture(params=MARIADB)
def maria(request: pytest.FixtureRequest, mariadb_url: str) -> Target:
    """
    Give an empty MariaDB database, once for each colour.
    """
    return Target(request.param, mariadb_url)


def progress(target: Target, version: str) -> tuple[str, int, int, int]:
    """
    Say what the journal knows of a file: state, units, those done, whether in doubt.
    """
    (row,) = target.query(
        "SELECT state, total, done, in_doubt FROM schema_migrations_journal"
        f" WHERE version = '{version}'"
    )
    state, total, done, in_doubt = row
    return state, total, done, in_doubt


def test_files_are_applied_once(maria: Target, folder: Path) -> None:
    """Schema, data, ledger and journal say the same, and a second run has nothing to do."""
    write(folder, TWO)
    assert labels(maria.plan(folder)) == ["001", "002"]
    assert maria.tables() == set()
    report = maria.apply(folder)
    assert applied(report) == ["001", "002"]
    assert maria.query("SELECT name FROM users ORDER BY id") == [("a",), ("100% ? :x",)]
    assert maria.versions() == ["001", "002"]
    assert maria.journal() == {"1": "applied", "2": "applied"}
    again = maria.apply(folder)
    assert (applied(again), again.skipped, again.count) == ([], 2, 2)
    assert maria.plan(folder).applied[0].applied_at is not None


def test_a_file_of_data_is_a_transaction(maria: Target, folder: Path) -> None:
    """Without DDL a file is rolled back whole, and says so."""
    write(
        folder,
        TWO
        | {"002_fill.sql": "INSERT INTO users VALUES (1, 'a');\nINSERT INTO nowhere VALUES (1);"},
    )
    with pytest.raises(ApplyError) as caught:
        maria.apply(folder)
    assert caught.value.place is not None
    assert (caught.value.place.line, caught.value.sqlstate) == (2, "1146")
    assert "002_fill.sql was rolled back whole" in caught.value.unchanged
    assert maria.query("SELECT * FROM users") == []
    assert [e.transactional for e in maria.saw(MigrationStarted)] == [False, True]
    write(folder, TWO)
    assert applied(maria.apply(folder)) == ["002"]


def test_a_file_with_ddl_stops_and_goes_on(maria: Target, folder: Path) -> None:
    """What is committed stays and is counted; the corrected rest runs, and nothing twice."""
    text = (
        "CREATE TABLE a (id int PRIMARY KEY);\nINSERT INTO a VALUES (1);\n"
        "ALTER TABLE nowhere ADD COLUMN b int;\nINSERT INTO a (id) VALUES (2);\n"
    )
    write(folder, {"001_a.sql": text})
    with pytest.raises(ApplyError) as caught:
        maria.apply(folder)
    assert caught.value.place is not None
    assert caught.value.place.line == 3
    assert "The first 2 of 4 statement(s)" in caught.value.unchanged
    assert progress(maria, "1") == ("failed", 4, 2, 0)
    assert maria.versions() == []

    write(folder, {"001_a.sql": text.replace("VALUES (1)", "VALUES (7)")})
    with pytest.raises(PlanError, match="edited where it had run already"):
        maria.apply(folder)
    write(folder, {"001_a.sql": text.replace("nowhere", "a")})
    assert applied(maria.apply(folder)) == ["001"]
    assert maria.query("SELECT id FROM a ORDER BY id") == [(1,), (2,)]
    assert progress(maria, "1") == ("applied", 4, 4, 0)


def test_data_between_ddl_commits_with_its_progress(maria: Target, folder: Path) -> None:
    """A BEGIN ... COMMIT of data is one unit: all or nothing."""
    text = (
        "CREATE TABLE a (id int PRIMARY KEY);\nSTART TRANSACTION;\nINSERT INTO a VALUES (1);\n"
        "INSERT INTO a VALUES (1);\nCOMMIT;\nCREATE TABLE b (id int);"
    )
    write(folder, {"001_a.sql": text})
    with pytest.raises(ApplyError):
        maria.apply(folder)
    assert progress(maria, "1") == ("failed", 3, 1, 0)
    assert maria.query("SELECT * FROM a") == []
    assert maria.tables() == {"a"}


def test_ddl_inside_a_transaction_is_refused(maria: Target, folder: Path) -> None:
    """It would commit what the file believes to be one transaction."""
    write(folder, {"001_a.sql": "BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;"})
    with pytest.raises(SourceError, match=r"001_a.sql:2:1: CREATE cannot run in a transaction"):
        maria.apply(folder)
    assert maria.tables() == set()


def test_delimiter_is_refused(maria: Target, folder: Path) -> None:
    """It is the client's; a procedure needs none."""
    write(folder, {"001_a.sql": "SELECT 1;\nDELIMITER //\nSELECT 1//"})
    with pytest.raises(SourceError, match=r"001_a.sql:2:1: DELIMITER is a command of the mariadb"):
        maria.apply(folder)


def test_stored_programs_are_created(maria: Target, folder: Path) -> None:
    """Their semicolons are their own."""
    text = """
CREATE TABLE t (a int);
CREATE PROCEDURE p(n int)
BEGIN
  DECLARE i int DEFAULT 0;
  WHILE i < n DO
    IF i > 0 THEN INSERT INTO t VALUES (CASE WHEN i > 1 THEN 2 ELSE 1 END); END IF;
    SET i = i + 1;
  END WHILE;
END;
CREATE TRIGGER doubled BEFORE INSERT ON t FOR EACH ROW SET NEW.a = NEW.a * 2;
CALL p(3);
"""
    maria.apply(write(folder, {"001_p.sql": text}))
    assert maria.query("SELECT a FROM t ORDER BY a") == [(2,), (4,)]


def test_a_call_that_fails_late_is_a_failure(maria: Target, folder: Path) -> None:
    """Behind the first result of a procedure an error may come."""
    text = "CREATE PROCEDURE p() BEGIN SELECT 1; SELECT * FROM nowhere; END;\nCALL p();"
    write(folder, {"001_p.sql": text})
    with pytest.raises(ApplyError, match=r"001_p.sql:2:1: .*nowhere"):
        maria.apply(folder)


def test_nothing_leaks_from_file_to_file(maria: Target, folder: Path) -> None:
    """Settings, the database in use and locked tables are as they were for the next file."""
    maria.execute("CREATE TABLE seen (mode text, fk int, db text)")
    leaking = (
        "SET sql_mode = '';\nSET foreign_key_checks = 0;\nUSE information_schema;\n"
        "SET NAMES latin1;\nSELECT 1;"
    )
    look = "INSERT INTO seen SELECT @@sql_mode, @@foreign_key_checks, DATABASE();"
    maria.apply(write(folder, {"001_leaking.sql": leaking, "002_é.sql": look}))
    ((mode, keys, database),) = maria.query("SELECT * FROM seen")
    assert ("STRICT_TRANS_TABLES" in mode, keys) == (True, 1)
    assert maria.url.partition("?")[0].endswith(f"/{database}")
    assert maria.query("SELECT name FROM schema_migrations ORDER BY version") == [
        ("leaking",), ("é",)
    ]  # fmt: skip


def test_settings_hold_for_a_run_that_goes_on(maria: Target, folder: Path) -> None:
    """What was set before the statement that failed is set again."""
    text = (
        "SET foreign_key_checks = 0;\nCREATE TABLE a (id int);\n"
        "INSERT INTO {} SELECT @@foreign_key_checks;"
    )
    with pytest.raises(ApplyError):
        maria.apply(write(folder, {"001_a.sql": text.format("nowhere")}))
    maria.apply(write(folder, {"001_a.sql": text.format("a")}))
    assert maria.query("SELECT id FROM a") == [(0,)]


@pytest.mark.parametrize("mode", ["", "ANSI", "NO_BACKSLASH_ESCAPES"])
def test_what_a_file_makes_of_the_session_does_not_reach_the_record(
    maria: Target, folder: Path, mode: str
) -> None:
    """Whatever sql_mode says, the journal keeps the file to the byte."""
    text = f"SET sql_mode = '{mode}';\nINSERT INTO t VALUES ('back\\\\slash é');"
    maria.execute("CREATE TABLE t (a text)")
    maria.apply(write(folder, {"001_a.sql": text}))
    assert maria.show(folder, "001").applied_sql == text


def test_a_ledger_that_loses_records_is_noticed(maria: Target, folder: Path) -> None:
    """Also where sql_mode lets a NULL into a column that takes none."""
    maria.execute(
        "CREATE TABLE schema_migrations (version varchar(20), name text, applied_at timestamp)",
        "CREATE TRIGGER eat BEFORE INSERT ON schema_migrations FOR EACH ROW SET NEW.version = 'x'",
        "CREATE TABLE t (a int)",
    )
    text = "SET sql_mode = '';\nINSERT INTO t VALUES (1);"
    with pytest.raises(ApplyError, match="the ledger did not take the record"):
        maria.apply(write(folder, {"001_a.sql": text}))
    assert maria.query("SELECT * FROM t") == []


def test_a_ledger_made_by_hand_counts(maria: Target, folder: Path) -> None:
    """Numbers, other collations, other spellings: what is recorded is applied."""
    maria.execute(
        "CREATE TABLE schema_migrations (version int PRIMARY KEY, name varchar(99), applied_at datetime)"
        " DEFAULT CHARSET latin1",
        "INSERT INTO schema_migrations VALUES (1, 'users', NOW())",
        "CREATE TABLE users (id int PRIMARY KEY, name text)",
    )
    assert applied(maria.apply(write(folder, TWO))) == ["002"]
    assert maria.query("SELECT version FROM schema_migrations ORDER BY 1") == [(1,), (2,)]


def test_another_tools_table_is_refused(maria: Target, folder: Path) -> None:
    """It is never written to."""
    maria.execute("CREATE TABLE schema_migrations (version bigint PRIMARY KEY, dirty boolean)")
    with pytest.raises(LedgerError, match="golang-migrate"):
        maria.apply(write(folder, TWO))


def test_the_ledger_may_be_in_another_database(maria: Target, folder: Path) -> None:
    """A schema is a database here."""
    other = maria.url.partition("?")[0].rpartition("/")[2] + "_ledger"
    maria.execute(f"CREATE DATABASE {other}")
    try:
        settings = Settings(ledger=LedgerName("done", other))
        assert applied(maria.apply(write(folder, TWO), settings=settings)) == ["001", "002"]
        assert maria.query(f"SELECT count(*) FROM {other}.done") == [(2,)]
        assert maria.tables() == {"users"}
    finally:
        maria.execute(f"DROP DATABASE {other}")


def test_repeatable_files_run_when_they_change(maria: Target, folder: Path) -> None:
    """The journal alone remembers them, also after a failure."""
    files = TWO | {"R__view.sql": "CREATE OR REPLACE VIEW v AS SELECT 1 AS one;"}
    assert applied(maria.apply(write(folder, files))) == ["001", "002", "R__view"]
    assert applied(maria.apply(folder)) == []
    files["R__view.sql"] = "CREATE OR REPLACE VIEW v AS SELECT two;"
    with pytest.raises(ApplyError):
        maria.apply(write(folder, files))
    files["R__view.sql"] = "CREATE OR REPLACE VIEW v AS SELECT 2 AS two;"
    assert applied(maria.apply(write(folder, files))) == ["R__view"]
    assert maria.query("SELECT two FROM v") == [(2,)]


def test_people_may_tell_the_ledger(maria: Target, folder: Path) -> None:
    """Baseline, mark and repair write what they say."""
    files = TWO | {"003_more.sql": "INSERT INTO users VALUES (3, 'c');"}
    write(folder, files)
    assert [s.label for s in maria.baseline(folder, "001")] == ["001"]
    assert [s.label for s in maria.mark(folder, "002")] == ["002"]
    maria.execute("CREATE TABLE users (id int PRIMARY KEY, name text)")
    assert applied(maria.apply(folder)) == ["003"]
    write(folder, files | {"003_more.sql": "INSERT INTO users VALUES (3, 'edited');"})
    with pytest.raises(PlanError):
        maria.apply(folder)
    maria.repair(folder, "003")
    assert applied(maria.apply(folder)) == []


def test_a_dropped_connection_is_told_exactly(maria: Target, folder: Path) -> None:
    """The session ends itself between two statements: what stays is counted."""
    kill = "EXECUTE IMMEDIATE CONCAT('KILL ', CONNECTION_ID());"
    text = f"CREATE TABLE a (id int);\n{kill}\nCREATE TABLE b (id int);"
    write(folder, {"001_a.sql": text})
    with pytest.raises(ApplyError) as caught:
        maria.apply(folder)
    assert "The first 1 of 3 statement(s)" in caught.value.unchanged
    assert "the connection was lost" in caught.value.unchanged
    assert progress(maria, "1") == ("running", 3, 1, 1)
    with pytest.raises(PlanError):
        maria.apply(folder)
    maria.repair(folder, "001")
    write(folder, {"001_a.sql": text.replace(kill, "SELECT 1;")})
    assert applied(maria.apply(folder)) == ["001"]
    assert maria.tables() == {"a", "b"}


def test_evidence_settles_a_doubt(maria: Target, folder: Path) -> None:
    """A table that is there was created: the run goes on behind its statement."""
    text = "CREATE TABLE a (id int);\nCREATE TABLE b (id int);\nINSERT INTO b VALUES (1);"
    write(folder, {"001_a.sql": text.replace("b (id", "b (id nonsense, x")})
    with pytest.raises(ApplyError):
        maria.apply(folder)
    maria.execute(
        "UPDATE schema_migrations_journal SET in_doubt = true, state = 'running',"
        f" checksum = '{_checksum(text)}'",
        "CREATE TABLE b (id int)",
    )
    write(folder, {"001_a.sql": text})
    assert applied(maria.apply(folder)) == ["001"]
    assert maria.query("SELECT * FROM b") == [(1,)]
    assert any("it took effect" in e.message for e in maria.saw(NoticeReceived))


def _checksum(text: str) -> str:
    from st44_migrate.sqltext import read_script

    (migration,) = Memory({"001_a.sql": text}).load()
    return read_script(migration, "mariadb").checksum


def test_errors_say_no_password(mariadb_url: str, folder: Path) -> None:
    """A login that is refused names the user, and does not wait."""
    target = Target("pymysql", mariadb_url.replace("root@", "nobody_here:S3CR3T@"))
    with pytest.raises(DatabaseUnavailable, match="gives no connection") as caught:
        target.apply(write(folder, TWO))
    assert "S3CR3T" not in str(caught.value)
