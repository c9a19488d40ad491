"""
Files that only define things go out in fewer words, and nothing else is different.
"""

from __future__ import annotations

from itertools import accumulate
from pathlib import Path
from threading import Timer

import psycopg
import pytest

from runs.wrapped import Window, Windowed
from st44_migrate import ApplyError, Migrator, Settings
from st44_migrate.dialects import Column, Footing, Session, Tables
from st44_migrate.dialects.postgresql import PostgreSQL
from st44_migrate.drivers.url import driver_for
from st44_migrate.events import MigrationApplied, MigrationSkipped
from st44_migrate.model import Migration
from st44_migrate.plan import Reader
from targets import Target, applied, write

COUNT = 24
BODY = "\n;\nCREATE TABLE t"
FOOTING = Footing(
    Session(),
    Tables('"public"', '"public"."ledger"', '"public"."ledger_j"'),
    "public",
    (Column("applied_at", "timestamp with time zone", None, required=False),),
    plain=True,
)


def files(**different: str) -> dict[str, str | bytes]:
    """
    Write files that each create a table; some are *different*: ``f12="SELECT 1;"`` is
    all of the twelfth.
    """
    return {
        f"{n:03}_file.sql": different.get(f"f{n}", f"CREATE TABLE t{n} (id int);\n")
        for n in range(1, COUNT + 1)
    }


def defines(sql: str, footing: Footing = FOOTING) -> bool:
    migration = Migration(1, "1", "file", "1_file.sql", sql.encode(), "")
    return PostgreSQL().only_defines(footing, Reader("postgresql")(migration))


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE a (id int, at timestamptz DEFAULT now(), CHECK (id > f(1)));",
        'create unlogged table if not exists "My schema"."a" (id int);',
        'CREATE UNIQUE INDEX IF NOT EXISTS i ON a (id, at DESC NULLS LAST, "B");',
        "CREATE INDEX ON a(id);",
        "ALTER TABLE a ADD COLUMN note varchar(20) NOT NULL DEFAULT 'it''s';",
        "ALTER TABLE a ADD IF NOT EXISTS at timestamp with time zone DEFAULT current_timestamp;",
        "ALTER TABLE a ADD COLUMN tags text[];",
        "ALTER TABLE IF EXISTS a DROP COLUMN note;\nALTER TABLE a RENAME TO b;",
        "ALTER TABLE a RENAME COLUMN b TO c;",
        "CREATE TYPE mood AS ENUM ('sad', 'happy');",
        "COMMENT ON TABLE a IS 'It''s (really) a table';",
        "BEGIN;\nCREATE TABLE a (id int);\nCOMMIT;",
    ],
)
def test_what_only_defines_things(sql: str) -> None:
    """Nobody's code runs but the server's."""
    assert defines(sql)


@pytest.mark.parametrize(
    "sql",
    [
        pytest.param("SELECT set_config('x.y', '1', false);", id="a function is called"),
        pytest.param("SET search_path = other;", id="the session is changed"),
        pytest.param("CREATE TABLE a (id) AS SELECT f();", id="filled by a query"),
        pytest.param("CREATE TABLE a (id) AS (VALUES (f()));", id="filled by values"),
        pytest.param("CREATE TABLE a (id) AS TABLE b;", id="filled from a view"),
        pytest.param("CREATE TABLE a (id) AS EXECUTE p;", id="filled by what is prepared"),
        pytest.param("CREATE TABLE a AS SELECT 1;", id="of no columns"),
        pytest.param("CREATE TABLE a (b int GENERATED ALWAYS AS (f(1)) STORED);", id="folded"),
        pytest.param("CREATE TABLE a (LIKE b INCLUDING ALL);", id="like another one"),
        pytest.param('CREATE TABLE "a' + '""a' * 60 + '" AS SELECT 1;', id="a long name, quickly"),
        pytest.param("CREATE TEMP TABLE a (id int);", id="temporary"),
        pytest.param("CREATE TABLE pg_temp.a (id int);", id="temporary by its schema"),
        pytest.param("CREATE INDEX i ON a (f(id));", id="an index computes"),
        pytest.param("CREATE INDEX i ON a (id) WHERE f(id);", id="a condition computes"),
        pytest.param("CREATE INDEX i ON a (id) WHERE b === c;", id="by an operator"),
        pytest.param("CREATE INDEX i ON a (id my_ops);", id="of an operator class"),
        pytest.param("ALTER TABLE a ADD COLUMN e my_domain;", id="a domain checks"),
        pytest.param("ALTER TABLE a ADD COLUMN n int DEFAULT 'x'::my::int;", id="casts compute"),
        pytest.param("ALTER TABLE a ADD COLUMN n int DEFAULT 1 @@@ 2;", id="an operator computes"),
        pytest.param("ALTER TABLE a ADD COLUMN n serial;", id="all is written anew"),
        pytest.param("ALTER TABLE a ADD CONSTRAINT c CHECK (n > 1);", id="a constraint is checked"),
        pytest.param("ALTER TABLE a DROP COLUMN b CASCADE;", id="what depends on it goes along"),
        pytest.param("ALTER TABLE ledger ADD COLUMN n int;", id="the ledger's own table"),
        pytest.param("COMMENT ON TABLE ledger_j IS '';", id="the journal's own table"),
        pytest.param("ALTER TABLE a ADD COLUMN n int DEFAULT f();", id="a default computes"),
        pytest.param("ALTER TABLE a ALTER n TYPE text USING f;", id="a cast computes"),
        pytest.param("ALTER TABLE a VALIDATE CONSTRAINT c;", id="a check computes"),
        pytest.param("INSERT INTO a VALUES (1);", id="a trigger may run"),
        pytest.param("CREATE TABLE a (id int); INSERT INTO a VALUES (1);", id="and more"),
        pytest.param("DROP SCHEMA public CASCADE;", id="the ledger may go with it"),
        pytest.param("CREATE /* */ TABLE a (id int);", id="in an unusual way"),
        pytest.param(
            "BEGIN ISOLATION LEVEL SERIALIZABLE; CREATE TABLE a (i int); COMMIT;", id="own"
        ),
    ],
)
def test_what_does_more_or_may_do_more(sql: str) -> None:
    """It is sent with all that any other file is."""
    assert not defines(sql)


def test_nothing_only_defines_where_the_database_is_not_plain() -> None:
    """An event trigger may do anything; and a plain timestamp is read in another zone."""
    assert not defines("CREATE TABLE a (id int);", FOOTING._replace(plain=False))
    assert not defines("CREATE TABLE a (id int);", FOOTING._replace(columns=()))


def test_they_go_out_in_fewer_words(pg: Target, folder: Path) -> None:
    """A guard for the first of a message only, and nothing is restored; all is recorded."""
    window = Window()
    report = pg.apply(write(folder, files()), database=window.on(pg))
    (last,) = (call for call in window.calls if call.count(BODY) == 9)
    assert last.count("pg_event_trigger") == 1
    assert "pg_try_advisory_xact_lock" not in last
    assert "RESET ALL" not in last
    assert "SESSION AUTHORIZATION" not in last
    assert pg.tables() == {f"t{n}" for n in range(1, COUNT + 1)}
    assert pg.versions() == applied(report) == [f"{n:03}" for n in range(1, COUNT + 1)]
    assert set(pg.journal().values()) == {"applied"}
    for table in ("schema_migrations", "schema_migrations_journal"):
        assert pg.query(f"SELECT count(DISTINCT xmin::text) FROM {table}") == [(COUNT,)]
    assert not pg.apply(folder).applied


def test_how_long_they_took_is_known_all_the_same(pg: Target, folder: Path) -> None:
    """From the ledger's moment and the journal's; an event counts the commit before, too."""
    report = pg.apply(write(folder, files()))
    told = {event.migration.label: event.duration_ms for event in pg.saw(MigrationApplied)}
    assert told == {done.label: done.duration_ms for done in report.applied}
    for label in ("001", "012", "024"):
        record = pg.show(folder, label)
        assert record.journal is not None
        assert record.journal.duration_ms is not None
        assert 0 <= record.journal.duration_ms <= told[label] + 1
        assert record.journal.done == record.journal.total == 1


def test_what_one_that_fails_leaves_behind_is_no_obstacle(pg: Target, folder: Path) -> None:
    """The journal knows the version already, from a failure: the claim in few words fails."""
    write(folder, files(f20="SELECT 1 / 0;"))
    with pytest.raises(Exception, match="division by zero"):
        pg.apply(folder)
    pg.execute(
        "INSERT INTO schema_migrations_journal (version, name, state) VALUES ('23', 'x', 'failed')"
    )
    report = pg.apply(write(folder, files()))
    assert applied(report) == ["020", "021", "022", "023", "024"]
    assert set(pg.journal().values()) == {"applied"}


@pytest.mark.parametrize("label", ["012", "12", "00012"])
@pytest.mark.parametrize("keyed", [True, False])
def test_a_version_that_somebody_has_recorded_does_not_run(
    pg: Target, folder: Path, label: str, *, keyed: bool
) -> None:
    """In whatever spelling, and whether the ledger has a key or not."""
    if not keyed:
        pg.execute(
            "CREATE TABLE schema_migrations (version varchar(20), name text, applied_at timestamptz)"
        )

    def record(text: str) -> None:
        # On its way is a message of four; the next one has the twelfth.
        if text.count(BODY) == 4:
            pg.execute(f"INSERT INTO schema_migrations VALUES ('{label}', 'by hand', now())")

    window = Window(before=record)
    with pytest.raises(Exception, match="12"):
        pg.apply(write(folder, files()), database=window.on(pg))
    assert pg.tables() == {f"t{n}" for n in range(1, 12)}
    assert pg.versions() == sorted([*(f"{n:03}" for n in range(1, 12)), label])
    assert "12" not in {version for version, state in pg.journal().items() if state == "applied"}


def test_a_version_that_somebody_records_at_the_same_moment_does_not_run(
    pg: Target, folder: Path
) -> None:
    """The ledger's own key stops the file, and its transaction with it."""
    write(folder, files())
    pg.execute("CREATE TABLE go (id int)")
    with psycopg.connect(pg.url) as other:

        def record(text: str) -> None:
            if text.count(BODY) == 8:
                other.execute("INSERT INTO schema_migrations VALUES ('012', 'by hand', now())")
                Timer(0.3, other.commit).start()

        with pytest.raises(Exception, match="012"):
            pg.apply(folder, database=Window(before=record).on(pg))
    assert pg.tables() == {"go", *(f"t{n}" for n in range(1, 12))}
    assert pg.versions() == [f"{n:03}" for n in range(1, 13)]


def test_a_doubt_is_had_once(pg: Target, folder: Path) -> None:
    """After it, files of the run go out as any others do, many in a message."""
    window = Window()
    pg.apply(write(folder, files(f3=TRIGGER)), database=window.on(pg))
    sizes = [n for call in window.calls if (n := call.count(BODY))]
    assert len(sizes) <= 9
    assert sum("pg_event_trigger" in call and BODY in call for call in window.calls) <= 3


def test_where_the_lock_was_given_away_it_is_taken_again(pg: Target, folder: Path) -> None:
    """Nothing goes out in few words without it; all is applied all the same."""
    window = Window()
    gives = "SELECT pg_advisory_unlock_all();"
    report = pg.apply(write(folder, files(f1=gives, f5=gives)), database=window.on(pg))
    assert applied(report) == [f"{n:03}" for n in range(1, COUNT + 1)]
    assert pg.versions() == applied(report)
    assert sum("pg_try_advisory_lock" in call for call in window.calls) == 3
    assert not pg.saw(MigrationSkipped)


def test_durations_do_not_depend_on_the_zone(pg: Target, folder: Path) -> None:
    """A ledger with plain timestamps, as people have them, is written in the session's zone."""
    pg.execute(
        "CREATE TABLE schema_migrations (version varchar(20) PRIMARY KEY, name varchar(255),"
        " applied_at timestamp DEFAULT current_timestamp)",
        f"ALTER DATABASE {pg.query('SELECT current_database()')[0][0]} SET TimeZone = 'Asia/Kolkata'",
    )
    report = pg.apply(write(folder, files()))
    assert all(0 <= done.duration_ms < 60_000 for done in report.applied)
    record = pg.show(folder, "012")
    assert record.journal is not None
    assert record.journal.duration_ms is not None
    assert 0 <= record.journal.duration_ms < 60_000


TRIGGER = """
CREATE FUNCTION wander() RETURNS event_trigger LANGUAGE plpgsql AS
$$ BEGIN PERFORM set_config('search_path', 'elsewhere', false); END $$;
CREATE SCHEMA elsewhere;
CREATE EVENT TRIGGER wanders ON ddl_command_end WHEN tag IN ('CREATE TABLE')
EXECUTE FUNCTION wander();
"""


@pytest.mark.parametrize("when", ["before", "in the same run"])
def test_what_an_event_trigger_does_to_the_session_does_not_leak(
    pg: Target, folder: Path, when: str
) -> None:
    """Each file finds the session as it was."""
    different = {} if when == "before" else {"f9": TRIGGER}
    if when == "before":
        first, *_ = files().items()
        pg.apply(write(folder, dict([first])))
        pg.execute(TRIGGER)
    pg.apply(write(folder, files(**different)))
    assert pg.query("SELECT DISTINCT schemaname FROM pg_tables WHERE tablename ~ '^t[0-9]'") == [
        ("public",)
    ]


def test_a_trigger_that_keeps_records_out_is_noticed(pg: Target, folder: Path) -> None:
    """What the ledger does not take is rolled back, among many files too."""
    first, *_ = files().items()
    pg.apply(write(folder, dict([first])))
    pg.execute(
        "CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN IF NEW.version = '013' THEN RETURN NULL; END IF; RETURN NEW; END $$",
        "CREATE TRIGGER keeps_out BEFORE INSERT ON schema_migrations"
        " FOR EACH ROW EXECUTE FUNCTION keep_out()",
    )
    with pytest.raises(Exception, match="the ledger did not take the record"):
        pg.apply(write(folder, files()))
    assert pg.tables() == {f"t{n}" for n in range(1, 13)}


def test_a_file_that_puts_such_a_trigger_there_is_noticed(pg: Target, folder: Path) -> None:
    """Files of the same run are careful then."""
    trigger = (
        "CREATE FUNCTION keep_out() RETURNS trigger LANGUAGE plpgsql AS"
        " $$ BEGIN RETURN NULL; END $$;\n"
        "CREATE CONSTRAINT TRIGGER none AFTER INSERT ON schema_migrations DEFERRABLE"
        " FOR EACH ROW EXECUTE FUNCTION keep_out();\n"
        "CREATE TRIGGER keeps_out BEFORE INSERT ON schema_migrations"
        " FOR EACH ROW WHEN (NEW.version > '012') EXECUTE FUNCTION keep_out();\n"
    )
    with pytest.raises(Exception, match="the ledger did not take the record"):
        pg.apply(write(folder, files(f3=trigger)))
    assert pg.versions() == [f"{n:03}" for n in range(1, 13)]


def test_what_was_restored_stays_so_when_the_next_file_fails_in_company(
    database: Target, folder: Path
) -> None:
    """Its transaction takes along what was restored behind the commit before it."""
    write(folder, files(f2="SET app.tenant = '9'; CREATE TABLE t2 (id int);"))
    with psycopg.connect(database.url, autocommit=True) as conn:
        conn.execute("SET app.tenant = '7'")
        window = Window(before=lambda text: failed_before(database, text))
        Migrator(Windowed(driver_for(conn), window), folder).apply()
        assert conn.execute("SELECT current_setting('app.tenant')").fetchone() == ("7",)
    assert database.versions() == [f"{n:03}" for n in range(1, COUNT + 1)]


def failed_before(target: Target, text: str) -> None:
    """
    Have the journal know of a failure of the third file when the message with the
    second one goes out.
    """
    if "t2 (id" in text:
        target.execute(
            "INSERT INTO schema_migrations_journal (version, name, state)"
            " VALUES ('3', 'file', 'failed') ON CONFLICT DO NOTHING"
        )


# --- what waits for the disk ----------------------------------------------------


def test_only_the_last_of_a_message_waits_for_the_disk(database: Target, folder: Path) -> None:
    """The others are written with it; a file alone waits, and the session is as it was."""
    database.execute("CREATE TABLE log (n int, how text)")
    texts = {
        f"f{n}": f"INSERT INTO log VALUES ({n}, current_setting('synchronous' || '_commit'));"
        for n in range(1, COUNT + 1)
    }
    window = Window()
    url = f"{database.url}&options=-csynchronous_commit%3Dlocal"
    database.apply(write(folder, files(**texts)), database=window.on(database, url))
    waited = database.query("SELECT n FROM log WHERE how = 'local' ORDER BY n")
    # The last of each message, however many it has on this machine.
    sizes = [n for call in window.calls if (n := call.count("\n;\nINSERT INTO log"))]
    assert waited == [(n,) for n in accumulate(sizes)]
    assert max(sizes) > 1
    assert database.query("SELECT DISTINCT how FROM log WHERE how <> 'local'") == [("off",)]


def test_a_file_that_does_not_wait_itself_leaves_the_others_alone(
    database: Target, folder: Path
) -> None:
    """Nobody would wait for those before it."""
    window = Window()
    write(folder, files(f24="SET synchronous_commit = off; CREATE TABLE t24 (id int);"))
    database.apply(folder, database=window.on(database))
    (last,) = (call for call in window.calls if "CREATE TABLE t24" in call)
    assert last.count(BODY) > 1
    assert "SET LOCAL synchronous_commit" not in last


def test_what_stays_of_a_message_that_fails_is_on_the_disk(database: Target, folder: Path) -> None:
    """Before it is reported: by a commit that waits."""
    window = Window()
    with pytest.raises(ApplyError) as caught:
        database.apply(write(folder, files(f14="SELECT 1 / 0;")), database=window.on(database))
    assert applied(caught.value.report) == [f"{n:03}" for n in range(1, 14)]
    assert sum("pg_logical_emit_message" in call for call in window.calls) == 1


def test_files_that_go_alone_all_wait_for_the_disk(database: Target, folder: Path) -> None:
    """There is nobody behind them."""
    window = Window()
    database.apply(write(folder, files()), database=window.on(database), settings=Settings(batch=1))
    assert sum(BODY in call for call in window.calls) == COUNT
    assert not any("synchronous_commit" in call for call in window.calls)
