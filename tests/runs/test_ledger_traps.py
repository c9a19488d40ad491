"""
Ledgers that look right and are not: times, shadows and triggers on PostgreSQL.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

import psycopg
import pytest

from st44_migrate import MigrateError, Migrator
from targets import Target, applied, labels, write

GUIDE = (
    "CREATE TABLE schema_migrations (version varchar(10) PRIMARY KEY,"
    " name varchar(255) NOT NULL, applied_at {} NOT NULL DEFAULT CURRENT_TIMESTAMP)"
)
FILES = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "CREATE TABLE b (id int);"}
AWAY = (
    "DO $$ BEGIN EXECUTE format('ALTER DATABASE %I SET timezone = ''Asia/Kolkata''',"
    " current_database()); END $$"
)


def ages(target: Target, folder: Path) -> list[timedelta]:
    now = datetime.now(UTC)
    return [now - status.applied_at for status in target.plan(folder).statuses if status.applied_at]


@pytest.mark.parametrize("moment", ["timestamp", "timestamptz"])
def test_a_moment_is_read_as_it_was_written(database: Target, folder: Path, moment: str) -> None:
    """A column without a time zone holds the session's time, by psql and by us: not UTC."""
    database.execute(AWAY)
    database.execute(
        GUIDE.format(moment),
        "INSERT INTO schema_migrations (version, name) VALUES ('001', 'a')",
    )
    assert applied(database.apply(write(folder, FILES))) == ["002"]
    found = ages(database, folder)
    assert len(found) == 2
    assert all(timedelta(seconds=-5) < age < timedelta(minutes=1) for age in found)


def test_a_files_time_zone_does_not_change_its_record(database: Target, folder: Path) -> None:
    """SET timezone in a file moves neither its own record nor the next one's."""
    database.execute(GUIDE.format("timestamp"))
    files = {name: f"SET timezone = 'Asia/Kolkata';\n{sql}" for name, sql in FILES.items()}
    database.apply(write(folder, files))
    found = ages(database, folder)
    assert len(found) == 2
    assert all(timedelta(seconds=-5) < age < timedelta(minutes=1) for age in found)


def test_a_temporary_table_is_no_ledger(database: Target, folder: Path) -> None:
    """A caller's temporary table of that name hides the real one: nothing is run or recorded there."""
    database.apply(write(folder, FILES))
    write(folder, FILES | {"003_c.sql": "CREATE TABLE c (id int);"})
    with psycopg.connect(database.url, autocommit=True) as conn:
        conn.execute(GUIDE.format("timestamp").replace("TABLE", "TEMPORARY TABLE").encode())
        try:
            assert labels(Migrator(conn, folder).plan()) == ["003"]
            assert applied(Migrator(conn, folder).apply()) == ["003"]
        except MigrateError as error:
            assert "temporary" in error.happened  # noqa: PT017 -- either way is right, silence is not
    assert "c" not in database.tables() or database.versions() == ["001", "002", "003"]


def test_a_record_that_does_not_arrive_is_no_success(database: Target, folder: Path) -> None:
    """A trigger that swallows the row: the file is rolled back with the record that did not come."""
    database.apply(write(folder, {"001_a.sql": FILES["001_a.sql"]}))
    database.execute(
        "CREATE FUNCTION swallow() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NULL; END'",
        "CREATE TRIGGER swallow BEFORE INSERT ON schema_migrations"
        " FOR EACH ROW EXECUTE FUNCTION swallow()",
    )
    with pytest.raises(MigrateError, match="002"):
        database.apply(write(folder, FILES))
    assert database.tables() == {"a"}


@pytest.mark.parametrize("moment", ["text", "bigint"])
def test_a_moment_of_an_odd_type_is_no_riddle(database: Target, folder: Path, moment: str) -> None:
    """applied_at is for people: a type that is no moment is read as none, or refused by its name."""
    database.execute(
        f"CREATE TABLE schema_migrations (version text, name text, applied_at {moment})",
        "INSERT INTO schema_migrations (version, name) VALUES ('001', 'a')",
    )
    try:
        assert labels(database.plan(write(folder, FILES))) == ["002"]
    except MigrateError as error:
        assert "applied_at" in str(error)  # noqa: PT017 -- either way is right
        assert "isfinite" not in str(error)  # noqa: PT017


def test_the_applied_text_is_kept_to_the_letter(target: Target, folder: Path) -> None:
    """Quotes, backslashes, dollars, percent signs and letters of all kinds: show() gives them back."""
    text = (
        '-- it\'s \\ a "test" $st44$ 100% %s :x ? \N{SNOWMAN} \N{GRINNING FACE}\n'
        "CREATE TABLE odd (body text);\n\n\tINSERT INTO odd VALUES ('\\'), ('''');\n"
    )
    target.apply(write(folder, {"001_odd.sql": text}))
    assert target.show(folder, "1").applied_sql == text
    assert target.query("SELECT body FROM odd") == [("\\",), ("'",)]


def test_a_large_file_is_kept_whole(target: Target, folder: Path) -> None:
    """Two megabytes of rows run and are kept: no driver and no database cuts them."""
    rows = "\n".join(f"INSERT INTO big VALUES ({n}, '{'x' * 200}');" for n in range(8_000))
    text = f"CREATE TABLE big (n integer, body text);\n{rows}\n"
    report = target.apply(write(folder, {"001_big.sql": text}))
    assert report.applied[0].statements == 8_001
    assert target.query("SELECT count(*) FROM big") == [(8_000,)]
    assert target.show(folder, "1").applied_sql == text
