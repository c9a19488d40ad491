"""
What a look sees on real databases, and that a warm look sees what a cold one does.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from health.probing import TABLES, household
from runs.conftest import Login
from runs.holding import holding
from runs.wrapped import Window
from st44_migrate import (
    ApplyError,
    HealthProbe,
    HealthReport,
    LedgerName,
    Memory,
    Migrator,
    Settings,
)
from st44_migrate.health import FromMigrations, health_document
from st44_migrate.testing.servers import PostgresServer
from targets import Target

DAY = "2025-12-14T02:30:00.000Z"

EMPTY_LEDGER = (
    "CREATE TABLE schema_migrations (version varchar(32) PRIMARY KEY, name varchar(255) NOT NULL,"
    " applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)"
)


@contextlib.contextmanager
def looking(target: Target, source: object = None, **choices: object) -> Iterator[HealthProbe]:
    """
    Make a probe that looks every time.
    """
    options = {"tables": TABLES, "ttl": 0.0, "deadline": 30.0} | choices
    with HealthProbe(target.url, source or household(), **options) as probe:  # type: ignore[arg-type]
        yield probe


def asked(report: HealthReport) -> tuple[str, str, str | None]:
    return str(report.status), str(report.relation), report.error


# --- the states of a deployment -----------------------------------------------


def test_from_nothing_to_current_and_beyond(either: Target) -> None:
    """One warm probe sees every step of it."""
    with looking(either) as probe:
        assert asked(probe.check()) == ("degraded", "empty", None)
        assert probe.check().warning == "Expected 8 migrations, only 0 applied"
        either.apply(household(2))
        behind = probe.check()
        assert asked(behind) == ("degraded", "behind", None)
        assert behind.warning == "Expected 8 migrations, only 2 applied"
        assert behind.all_tables_exist is False
        assert [t.name for t in behind.tables or () if t.exists] == ["users"]
        either.apply(household())
        current = probe.check()
        assert asked(current) == ("healthy", "current", None)
        assert current.all_tables_exist is True
        either.execute("INSERT INTO schema_migrations (version, name) VALUES ('017', 'by hand')")
        ahead = probe.check()
        assert asked(ahead) == ("healthy", "ahead", None)
        assert ahead.ahead == ("017",)
        either.execute("DROP TABLE tasks")
        dropped = probe.check()
        assert asked(dropped) == ("degraded", "ahead", None)
        assert [t.name for t in dropped.tables or () if not t.exists] == ["tasks"]


def test_the_versions_with_their_times(either: Target) -> None:
    """State, moment and duration of each."""
    either.apply(household(7))
    with looking(either) as probe:
        report = probe.check()
    *done, last = report.migrations
    assert [m.state.value for m in done] == ["applied"] * 7
    assert all(m.applied_at is not None and m.applied_at.tzinfo for m in done)
    assert all(m.duration_ms is not None for m in done)
    assert (last.version, last.name) == ("016", "create_task_completions_table")
    assert (last.state.value, last.applied_at, last.duration_ms) == ("pending", None, None)


def test_repeatable_files_are_expected_too(database: Target) -> None:
    """One that has changed since keeps the database behind."""

    def folder(body: str) -> Memory:
        view = f"CREATE OR REPLACE VIEW v AS SELECT {body} AS x"
        return Memory({"V1__a.sql": "SELECT 1", "R__v.sql": view}, layout="flyway")

    with looking(database, folder("1"), tables=()) as probe:
        assert asked(probe.check()) == ("degraded", "empty", None)
        database.apply(folder("1"))
        assert asked(probe.check()) == ("healthy", "current", None)
    with looking(database, folder("2"), tables=()) as probe:
        assert asked(probe.check()) == ("degraded", "behind", None)
        assert len(probe.check().pending) == 1
        database.apply(folder("2"))
        assert asked(probe.check()) == ("healthy", "current", None)


def test_a_ledger_without_a_journal(either: Target) -> None:
    """As the old runner left it: rows by hand count."""
    either.execute(
        EMPTY_LEDGER,
        "INSERT INTO schema_migrations (version, name) VALUES ('000', 'a'), ('001', 'b')",
    )
    with looking(either) as probe:
        assert asked(probe.check()) == ("degraded", "behind", None)
        assert probe.check().applied == ("000", "001")
        either.apply(household())
        assert asked(probe.check()) == ("degraded", "current", None), "users is not there"


def test_what_diverged_drifted_failed_or_stopped(either: Target) -> None:
    """Each has its place in the report."""
    either.apply(household())
    edited = {f"{m.label}_{m.name}.sql": m.content for m in household().load()}
    edited["016_create_task_completions_table.sql"] = b"CREATE TABLE task_completions (id text);"
    with looking(either, Memory(edited)) as probe:
        assert probe.check().drift == ("016",)
    del edited["015_create_task_assignments_table.sql"]
    with looking(either, Memory(edited)) as probe:
        assert asked(probe.check()) == ("unhealthy", "diverged", None)
    broken = {f"{m.label}_{m.name}.sql": m.content for m in household().load()}
    broken["017_broken.sql"] = b"SELECT nothing FROM nowhere;"
    with pytest.raises(ApplyError):
        either.apply(Memory(broken))
    with looking(either, Memory(broken)) as probe:
        failure = probe.check().last_failure
    assert failure is not None
    assert (failure.version, failure.name) == ("017", "broken")
    assert failure.at is not None
    assert failure.at.tzinfo is not None


def test_a_file_that_stopped_half_way(database: Target) -> None:
    """In doubt, with whoever may be able to tell."""
    files = {"001_a.sql": "CREATE TABLE a (id int);", "002_b.sql": "VACUUM a; SELECT 1;"}
    with pytest.raises(ApplyError):
        database.apply(Memory(files | {"002_b.sql": "VACUUM a; SELECT nothing;"}))
    database.execute("UPDATE schema_migrations_journal SET in_doubt = true WHERE version = '2'")
    with looking(database, Memory(files), tables=()) as probe:
        report = probe.check()
    assert asked(report) == ("unhealthy", "behind", None)
    assert report.in_doubt == ("002",)


def test_a_file_that_recorded_itself_too_early(database: Target) -> None:
    """Not healthy before its last statement: in progress, or in doubt if nobody is at it."""
    database.apply(household())
    with looking(database) as probe:
        assert asked(probe.check()) == ("healthy", "current", None)
        database.execute(
            "UPDATE schema_migrations_journal SET state = 'running', done = 1, total = 3"
            " WHERE version = '16'"
        )
        assert asked(probe.check()) == ("unhealthy", "current", None)
        assert probe.check().in_doubt == ("016",)
        with holding(database):
            assert asked(probe.check()) == ("degraded", "in_progress", None)
            assert probe.check().findings[0].message.endswith("still to come: 016.")


def test_two_attempts_that_fail_alike(either: Target) -> None:
    """The later one's time is told."""
    broken = Memory({"001_broken.sql": "SELECT nothing FROM nowhere"})
    with looking(either, broken, tables=()) as probe:
        times = []
        for _ in range(2):
            with pytest.raises(ApplyError):
                either.apply(broken)
            failure = probe.check().last_failure
            assert failure is not None
            times.append(failure.at)
    first, second = times
    assert first is not None
    assert second is not None
    assert first < second


def test_the_documents_of_the_guide(either: Target) -> None:
    """Field by field on a real database; only times are its own."""

    def document() -> dict[str, Any]:
        found = health_document(probe.check(), further=False)
        assert found["timestamp"].endswith("Z")
        assert isinstance(found["database"]["responseTime"], int)
        times = {"timestamp": DAY, "database": {"connected": True, "responseTime": 42}}
        return {**found, **times}

    either.apply(household(2))
    tables = [{"name": name, "exists": name == "users"} for name in TABLES]
    with looking(either) as probe:
        assert document() == {
            "status": "degraded",
            "timestamp": DAY,
            "database": {"connected": True, "responseTime": 42},
            "migrations": {
                "applied": ["000", "001"],
                "latest": "001",
                "count": 2,
                "warning": "Expected 8 migrations, only 2 applied",
            },
            "schema": {"critical_tables": tables, "all_tables_exist": False},
        }
        either.apply(household())
        assert document() == {
            "status": "healthy",
            "timestamp": DAY,
            "database": {"connected": True, "responseTime": 42},
            "migrations": {
                "applied": ["000", "001", "011", "012", "013", "014", "015", "016"],
                "latest": "016",
                "count": 8,
            },
            "schema": {
                "critical_tables": [{"name": name, "exists": True} for name in TABLES],
                "all_tables_exist": True,
            },
        }


def test_tables_with_a_schema(database: Target, other_pg_url: str) -> None:
    """Qualified ones are looked for there, others along the search_path; names as written."""
    database.apply(household())
    database.execute(
        "CREATE SCHEMA app", 'CREATE TABLE app."Users" (id int)', "CREATE VIEW app.v AS SELECT 1"
    )
    names = ("users", "public.users", "app.Users", "app.v", "app.users", "nowhere.users", "Users")
    with looking(database, tables=names) as probe:
        found = [t.name for t in probe.check().tables or () if t.exists]
    assert found == ["users", "public.users", "app.Users", "app.v"]
    with looking(Target("psycopg", other_pg_url), tables=FromMigrations()) as probe:
        assert len([t for t in probe.check().tables or () if not t.exists]) == 7


def test_tables_of_sqlite(lite: Target) -> None:
    """There is "main", and what is attached, which is not for a session of ours."""
    lite.apply(household())
    with looking(lite, tables=("users", "USERS", "main.users", "app.users", "nothing")) as probe:
        assert [t.exists for t in probe.check().tables or ()] == [True, True, True, False, False]


def test_a_ledger_of_another_name(database: Target) -> None:
    """In another schema, too."""
    database.execute("CREATE SCHEMA app")
    chosen = Settings(ledger=LedgerName("versions", "app"))
    replace(database, settings=chosen).apply(household())
    with looking(database, settings=chosen) as probe:
        assert asked(probe.check()) == ("healthy", "current", None)
        database.execute("DROP TABLE app.versions, app.versions_journal")
        assert asked(probe.check()) == ("degraded", "empty", None)


# --- what cannot be read ------------------------------------------------------


@pytest.mark.parametrize(
    ("statements", "error"),
    [
        (["CREATE TABLE schema_migrations (version bigint, dirty boolean)"], "Ledger not readable"),
        (["CREATE VIEW schema_migrations AS SELECT 1 AS version"], "Ledger not readable"),
        (
            [EMPTY_LEDGER, "ALTER TABLE schema_migrations RENAME version TO v"],
            "Ledger not readable",
        ),
    ],
)
def test_another_shape(database: Target, statements: list[str], error: str) -> None:
    """Known from the start, or met on a warm session."""
    with looking(database) as probe:
        probe.check()
        database.execute(*statements)
        assert asked(probe.check()) == ("unhealthy", "unknown", error)
    with looking(database) as probe:
        assert asked(probe.check()) == ("unhealthy", "unknown", error)


def test_no_right_to_read(database: Target, login: Login) -> None:
    """Denied is not "nothing applied", and comes right by itself when it is granted."""
    database.apply(household())
    stranger = Target("psycopg", login())
    with looking(stranger) as probe:
        report = probe.check()
        assert asked(report) == ("unhealthy", "unknown", "Permission denied")
        assert report.connected
        both = "schema_migrations, schema_migrations_journal"
        database.execute(f"GRANT SELECT ON {both} TO PUBLIC")
        assert asked(probe.check()) == ("healthy", "current", None)
        database.execute(f"REVOKE SELECT ON {both} FROM PUBLIC")
        assert asked(probe.check()) == ("unhealthy", "unknown", "Permission denied")


def test_rows_hidden_by_row_level_security(database: Target, login: Login) -> None:
    """What is hidden would count as not applied."""
    database.apply(household())
    database.execute("GRANT SELECT ON ALL TABLES IN SCHEMA public TO PUBLIC")
    with looking(Target("psycopg", login())) as probe:
        assert asked(probe.check()) == ("healthy", "current", None)
        database.execute("ALTER TABLE schema_migrations ENABLE ROW LEVEL SECURITY")
        assert asked(probe.check()) == ("unhealthy", "unknown", "Ledger not readable")


def test_a_ledger_in_a_schema_that_drops_out_of_the_search_path(
    database: Target, login: Login
) -> None:
    """A role that may not use it would see another ledger, or none."""
    database.apply(household())
    url = login()
    database.execute("REVOKE USAGE ON SCHEMA public FROM PUBLIC")
    with looking(Target("psycopg", url)) as probe:
        assert asked(probe.check()) == ("unhealthy", "unknown", "Ledger not readable")


def test_a_ledger_that_is_gone_while_its_journal_remembers(database: Target) -> None:
    """Never "nothing is applied"."""
    database.apply(household())
    with looking(database) as probe:
        probe.check()
        database.execute("DROP TABLE schema_migrations")
        for _ in range(2):
            assert asked(probe.check()) == ("unhealthy", "unknown", "Ledger not readable")


def test_no_database_at_all(database: Target, lite: Target) -> None:
    """A file is not made by looking for it."""
    absent = lite.url.replace("test.db", "absent.db")
    with looking(replace(lite, url=absent)) as probe:
        assert asked(probe.check()) == ("unhealthy", "unknown", "Database not found")
        assert asked(probe.check()) == ("unhealthy", "unknown", "Database not found")
    other = database.url.replace("st44_", "absent_")
    with looking(replace(database, url=other)) as probe:
        assert asked(probe.check()) == ("unhealthy", "unknown", "Database not found")


def test_a_file_that_is_replaced(lite: Target) -> None:
    """No session is kept on a file: another one may bear its name."""
    lite.apply(household())
    with looking(lite) as probe:
        assert asked(probe.check()) == ("healthy", "current", None)
        path = lite.url.removeprefix("sqlite:///")
        fresh = replace(lite, url=f"{lite.url}.new")
        fresh.apply(household(2))
        Path(f"{path}.new").replace(path)
        assert asked(probe.check()) == ("degraded", "behind", None)


# --- what it costs, and what it leaves ----------------------------------------


def test_a_warm_look_is_one_query(database: Target) -> None:
    """Whatever the state; and it asks nothing that writes."""
    window = Window()
    with HealthProbe(window.on(database), household(), tables=TABLES, ttl=0) as probe:
        for files in (0, 2, 8):
            if files:
                database.apply(household(files))
            for _ in range(2):
                probe.check()
            window.calls.clear()
            for number in range(1, 4):
                probe.check()
                assert len(window.calls) == number
            assert all(call.startswith("EXECUTE st44_") for call in window.calls)


def test_a_look_at_a_file_is_two_queries(lite: Target) -> None:
    """The rows themselves are the second: nothing tells whether they have changed."""
    lite.apply(household())
    window = Window()
    with HealthProbe(window.on(lite), household(), tables=TABLES, ttl=0) as probe:
        probe.check()
        window.calls.clear()
        probe.check()
        assert len(window.calls) == 2


@pytest.mark.parametrize("files", [2, 8])
def test_looking_writes_nothing(database: Target, files: int) -> None:
    """The server itself refuses to write in such a session, and is never asked to."""
    database.apply(household(files))
    before = database.query("SELECT oid, relfilenode FROM pg_class ORDER BY oid")
    with psycopg.connect(database.url, autocommit=True) as conn:
        conn.execute("SET default_transaction_read_only = on")
        with HealthProbe(conn, household(), tables=TABLES, ttl=0) as probe:
            for _ in range(2):
                assert probe.check().error is None
    assert before == database.query("SELECT oid, relfilenode FROM pg_class ORDER BY oid")


# --- the law of the warm look -------------------------------------------------

_JOURNAL = "schema_migrations_journal"
STEPS = {
    "record": "INSERT INTO schema_migrations (version, name) VALUES ('016', 'x')"
    " ON CONFLICT DO NOTHING",
    "forget": "DELETE FROM schema_migrations WHERE version = '016'",
    "rename": "UPDATE schema_migrations SET version = '16' WHERE version = '016'",
    "newer": "INSERT INTO schema_migrations (version, name) VALUES ('900', 'x')"
    " ON CONFLICT DO NOTHING",
    "unknown": "INSERT INTO schema_migrations (version, name) VALUES ('002', 'x')"
    " ON CONFLICT DO NOTHING",
    "swap": "WITH gone AS (DELETE FROM schema_migrations WHERE version = '015')"
    " INSERT INTO schema_migrations (version, name) VALUES ('002', 'x') ON CONFLICT DO NOTHING",
    "empty": "TRUNCATE schema_migrations",
    "edit": f"UPDATE {_JOURNAL} SET checksum = 'x', raw_checksum = 'x' WHERE version = '14'",
    "fail": f"UPDATE {_JOURNAL} SET state = 'failed', error_at = now() WHERE version = '16'",
    "apply": f"UPDATE {_JOURNAL} SET state = 'applied', checksum = NULL",
    "lose the journal": f"DROP TABLE IF EXISTS {_JOURNAL}",
    "lose both": f"DROP TABLE IF EXISTS schema_migrations, {_JOURNAL}",
    "lose a table": "DROP TABLE IF EXISTS tasks",
    "make a table": "CREATE TABLE IF NOT EXISTS tasks (id int)",
    "move": "ALTER TABLE schema_migrations SET SCHEMA other",
    "move back": "ALTER TABLE other.schema_migrations SET SCHEMA public",
    "vacuum": "VACUUM FULL",
    "widen": "ALTER TABLE schema_migrations ALTER version TYPE text",
}


def told(report: HealthReport) -> object:
    """
    All that a report says but for the times of the look.
    """
    return replace(report, timestamp=report.timestamp.min, checked_at=None, response_ms=None)


@pytest.fixture(scope="module")
def playground(postgres: PostgresServer) -> Iterator[Target]:
    """
    Give a database to all the walks: each one empties it first.
    """
    with postgres.database() as url:
        target = Target("psycopg", url)
        target.execute("CREATE SCHEMA other")
        yield target


@pytest.mark.property
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(walk=st.lists(st.sampled_from(sorted(STEPS)), min_size=1, max_size=6))
def test_a_warm_look_sees_what_a_cold_one_does(playground: Target, walk: list[str]) -> None:
    """
    Whatever happens to ledger, journal and tables between two looks.
    """
    playground.execute(
        *("DROP SCHEMA public, other CASCADE", "CREATE SCHEMA public", "CREATE SCHEMA other")
    )
    playground.apply(household(7))
    with looking(playground) as warm:
        warm.check()
        for step in walk:
            with contextlib.suppress(psycopg.Error):
                playground.execute(STEPS[step])
            with looking(playground) as cold:
                assert told(warm.check()) == told(cold.check()), step


def test_health_and_status_agree(either: Target) -> None:
    """They are made of the same plan."""
    either.apply(household(3))
    plan = Migrator(either.url, household()).plan()
    with looking(either) as probe:
        report = probe.check()
    assert [(m.version, m.state) for m in report.migrations] == [
        (s.label, s.state) for s in plan.statuses
    ]
    assert report.pending == tuple(p.migration.label for p in plan.pending)
