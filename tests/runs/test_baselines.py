"""
Baselines, run: what new databases take, and old ones leave alone.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from st44_migrate import ApplyError, ConfigError, Memory, PlanError, State
from st44_migrate.testing import PostgresServer, compare_baseline
from targets import Target, applied, codes

FILES = {
    "001_one.sql": "CREATE TABLE one (i integer)",
    "002_two.sql": "CREATE TABLE two (i integer)",
    "R__view.sql": "DROP VIEW IF EXISTS v; CREATE VIEW v AS SELECT i FROM one",
}
START = {"B002__start.sql": "CREATE TABLE two (i integer); CREATE TABLE one (i integer)"}
MORE = {"003_more.sql": "CREATE TABLE more (i integer)"}


def test_a_new_database_takes_it(target: Target) -> None:
    """Then the next file; a second run does nothing; the covered ones are shown as such."""
    source = Memory({**FILES, **START, **MORE})
    report = target.apply(source)
    assert [done.path for done in report.applied] == [
        "B002__start.sql",
        "003_more.sql",
        "R__view.sql",
    ]
    assert (report.pending, report.count) == (0, 2)
    assert target.tables() == {"one", "two", "more"}
    assert target.versions() == ["002", "003"]
    plan = target.plan(source)
    assert (plan.pending, codes(plan)) == ((), [])
    assert [(s.label, s.state) for s in plan.statuses[:3]] == [
        ("001", State.COVERED),
        ("002", State.APPLIED),
        ("003", State.APPLIED),
    ]
    again = target.apply(source)
    assert (again.applied, again.pending) == ((), 0)
    gone = Memory({**START, **MORE, "004_last.sql": "CREATE TABLE last (i integer)"})
    assert applied(target.apply(gone)) == ["004"]


def test_an_old_database_leaves_it_alone(target: Target) -> None:
    """Also where the files that it stands for are gone by now."""
    target.apply(Memory(FILES))
    assert applied(target.apply(Memory({**FILES, **START, **MORE}))) == ["003"]
    squashed = Memory({**START, **MORE})
    plan = target.plan(squashed)
    assert codes(plan) == []
    assert [s.state for s in plan.statuses] == [State.COVERED, State.COVERED, State.APPLIED]
    assert target.apply(squashed).applied == ()


def test_a_database_that_is_behind_is_told_so(target: Target) -> None:
    """Nothing runs: what lies between is in the baseline only."""
    target.apply(Memory({"001_one.sql": FILES["001_one.sql"]}))
    with pytest.raises(PlanError, match="the database is at 001") as caught:
        target.apply(Memory({**START, **MORE}))
    assert caught.value.problems[0].code == "behind"
    assert target.tables() == {"one"}


def test_an_edited_baseline_is_noticed_where_it_was_taken(target: Target) -> None:
    """And shown; elsewhere it means nothing."""
    target.apply(Memory({**FILES, **START}))
    edited = Memory({**FILES, "B002__start.sql": START["B002__start.sql"] + "; SELECT 1"})
    assert codes(target.plan(edited)) == ["edited"]
    record = target.show(edited, "2")
    assert record.file is not None
    assert record.file.path == "B002__start.sql"
    assert record.applied_sql == START["B002__start.sql"]
    target.repair(edited, "2")
    assert codes(target.plan(edited)) == []


def test_a_baseline_that_fails_leaves_nothing(target: Target) -> None:
    """It is a migration like any other."""
    broken = Memory({**FILES, "B002__start.sql": "CREATE TABLE one (i integer); SELECT nothing"})
    with pytest.raises(ApplyError, match=r"B002__start\.sql"):
        target.apply(broken)
    assert target.tables() == set()
    assert target.versions() == []
    # Without it, the files do.
    assert applied(target.apply(Memory(FILES)))[:2] == ["001", "002"]


def test_deciding_by_hand_means_the_files(target: Target) -> None:
    """A database that has it all is baselined by them while they are there, else by the baseline."""
    whole = Memory({**FILES, **START, **MORE})
    assert [status.name for status in target.baseline(whole, "2")] == ["one", "two"]
    assert [s.state for s in target.plan(whole).statuses[:3]] == [
        State.APPLIED,
        State.APPLIED,
        State.PENDING,
    ]
    target.execute("DELETE FROM schema_migrations", "DELETE FROM schema_migrations_journal")
    squashed = Memory({**START, **MORE})
    assert [status.name for status in target.baseline(squashed, "2")] == ["B__start"]
    assert applied(target.apply(squashed)) == ["003"]


FLYWAY = {
    "V1__one.sql": FILES["001_one.sql"],
    "V1_1__two.sql": FILES["002_two.sql"],
    "B1.1__start.sql": START["B002__start.sql"],
    "V2__more.sql": MORE["003_more.sql"],
}


def test_flyways_own(target: Target) -> None:
    """Its baselines have dotted versions."""
    source = Memory(FLYWAY, layout="flyway")
    assert [done.path for done in target.apply(source).applied] == [
        "B1.1__start.sql",
        "V2__more.sql",
    ]
    assert target.apply(source).applied == ()
    assert codes(target.plan(source)) == []


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_a_true_baseline_is_proven(dialect: str, tmp_path: Path, postgres: PostgresServer) -> None:
    """Order and blanks do not count; what is in the database does."""
    for name, sql in {**FILES, **START}.items():
        (tmp_path / name).write_text(sql)
    found = compare_baseline(tmp_path, dialect=dialect, server=postgres)
    assert found.equal
    assert found.common >= 4
    assert [file.label for file in found.files] == ["001", "002"]


DIFFERENT = {
    "a column": ("CREATE TABLE one (i integer, j integer)", "one"),
    "a type": ("CREATE TABLE one (i bigint)", "one"),
    "a default": ("CREATE TABLE one (i integer DEFAULT 1)", "one"),
    "a condition": ("CREATE TABLE one (i integer CHECK (i > 0))", "one"),
    "not null": ("CREATE TABLE one (i integer NOT NULL)", "one"),
    "an index": ("CREATE TABLE one (i integer); CREATE INDEX x ON one (i)", "x"),
    "a reference": ("CREATE TABLE one (i integer REFERENCES two (i))", "two"),
    "a row": ("CREATE TABLE one (i integer); INSERT INTO one VALUES (1)", "rows of"),
    "a view": ("CREATE TABLE one (i integer); CREATE VIEW w AS SELECT 1 AS i", "w"),
}


@pytest.mark.parametrize("dialect", ["postgresql", "sqlite"])
def test_a_false_baseline_is_found_out(dialect: str, postgres: PostgresServer) -> None:
    """Whatever it is that differs, it is named."""
    for what, (sql, named) in DIFFERENT.items():
        start = f"CREATE TABLE two (i integer PRIMARY KEY); {sql}"
        two = "CREATE TABLE two (i integer PRIMARY KEY)"
        source = Memory({**FILES, "002_two.sql": two, "B002__start.sql": start})
        found = compare_baseline(source, dialect=dialect, server=postgres)
        assert not found.equal, what
        assert any(named in line for line in found.only_baseline), (what, found)


def test_without_its_files_nothing_can_be_proven(tmp_path: Path) -> None:
    """Nor without a baseline; nor with a number that is no file's."""
    with pytest.raises(ConfigError, match="has no baseline"):
        compare_baseline(Memory(FILES), dialect="sqlite")
    with pytest.raises(ConfigError, match="no file 002 beside"):
        compare_baseline(Memory({**START, **MORE}), dialect="sqlite")
