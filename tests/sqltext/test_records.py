"""
The versions that a file records itself.
"""

from __future__ import annotations

import pytest

from sqltext.kit import migration, read
from st44_migrate.sqltext import read_script, recorded_versions, split


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("INSERT INTO schema_migrations (version, name) VALUES ('040', 'a')", ("040",)),
        ("insert into Schema_Migrations values (46, 'a', now()) on conflict do nothing", ("46",)),
        ('INSERT INTO public."schema_migrations" ("version") VALUES (\'1\')', ("1",)),
        (
            "INSERT INTO a.b.schema_migrations AS m (name, applied_at, version)\n"
            "OVERRIDING SYSTEM VALUE VALUES ('a, b', now(), '2'), /* x */ (f(1, 2), g(), '3')",
            ("2", "3"),
        ),
        ("INSERT INTO schema_migrations (version) VALUES ('007'::varchar(10))", ("007",)),
        ("INSERT INTO schema_migrations (version) VALUES ('it''s')", ("it's",)),
        ("BEGIN; INSERT INTO schema_migrations VALUES ('1'); SELECT 1; COMMIT", ("1",)),
    ],
)
def test_literal_versions_are_found(sql: str, expected: tuple[str, ...]) -> None:
    """In whatever schema, column order and number of rows, as they are written."""
    assert read(sql).records == expected


@pytest.mark.parametrize(
    "sql",
    [
        "INSERT INTO schema_migrations (name) VALUES ('040')",
        "INSERT INTO schema_migrations (version) VALUES ('0' || '40')",
        "INSERT INTO schema_migrations (version) VALUES (DEFAULT), (f('1')), (-1)",
        "INSERT INTO schema_migrations (version) SELECT v FROM (VALUES ('1')) t (v)",
        "INSERT INTO schema_migrations DEFAULT VALUES",
        "INSERT INTO schema_migrations_old (version) VALUES ('1')",
        "INSERT INTO schema_migrations.a (version) VALUES ('1')",
        "INSERT INTO \"Schema_Migrations\" (version) VALUES ('1')",
        "INSERT INTO a (version) VALUES ('schema_migrations')",
        "INSERT INTO a SELECT 'INSERT INTO schema_migrations VALUES (''1'')'",
        "-- INSERT INTO schema_migrations VALUES ('1')\nSELECT 1",
        "DELETE FROM schema_migrations WHERE version = '1'",
        "INSERT INTO schema_migrations (version) VALUES (",
        "INSERT INTO schema_migrations (version",
        "INSERT schema_migrations VALUES ('1')",
        "INSERT INTO",
        "I /* schema_migrations */",
    ],
)
def test_nothing_else_is_taken_for_one(sql: str) -> None:
    """A wrong guess would be reported as a wrong number."""
    assert read(sql).records == ()


def test_sqlite_ignores_case_and_has_its_own_words() -> None:
    """Names in brackets or backticks, and INSERT OR IGNORE."""
    sql = "INSERT OR IGNORE INTO main.[Schema_Migrations] (`NAME`, \"Version\") VALUES ('a', 7)"
    assert read(sql, "sqlite").records == ("7",)


def test_the_ledger_may_have_another_name() -> None:
    """The name is taken as it is quoted: PostgreSQL folds what is not."""
    sql = "INSERT INTO applied VALUES ('1'); INSERT INTO \"Applied\" VALUES ('2');"
    assert read_script(migration(sql), "postgresql", ledger="Applied").records == ("2",)
    assert read_script(migration(sql), "postgresql", ledger="applied").records == ("1",)
    assert recorded_versions(split(sql, "sqlite"), "sqlite", ledger="applied") == ("1", "2")
    assert recorded_versions(split(sql, "postgresql")) == ()
