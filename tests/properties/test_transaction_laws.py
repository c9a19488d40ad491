"""
Laws of transactions: whatever a file says, each of its statements runs once, or none.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from sqltext.kit import read, texts
from sqltext.strategies import any_script
from st44_migrate.errors import SourceError
from st44_migrate.sqltext import split

pytestmark = pytest.mark.property

MENU = {
    "postgresql": [
        *("SELECT 1", "SELECT 2", "BEGIN", "COMMIT", "SAVEPOINT s", "SET a.b = 1", "RESET ALL"),
        *(
            "VACUUM",
            "SET TRANSACTION READ WRITE",
            "BEGIN DEFERRABLE",
            "ROLLBACK",
            "SET LOCAL a = 1",
        ),
    ],
    "sqlite": [
        *("SELECT 1", "SELECT 2", "BEGIN", "COMMIT", "SAVEPOINT s", "VACUUM", "PRAGMA a = 1"),
        *("PRAGMA foreign_keys = off", "PRAGMA foreign_keys = on", "PRAGMA journal_mode = wal"),
        *("PRAGMA user_version = 1", "ROLLBACK"),
    ],
}
HEADERS = ["", "-- st44: transaction\n", "-- st44: no-transaction\n"]
CONTROL = re.compile(r"BEGIN|COMMIT|SET TRANSACTION")


@dataclass(frozen=True)
class Dish:
    dialect: str
    header: str
    statements: list[str]

    @property
    def text(self) -> str:
        return self.header + ";\n".join(self.statements)


dishes = st.sampled_from(sorted(MENU)).flatmap(
    lambda dialect: st.builds(
        Dish,
        st.just(dialect),
        st.sampled_from(HEADERS),
        st.lists(st.sampled_from(MENU[dialect]), min_size=1, max_size=7),
    )
)


@given(dishes)
def test_every_statement_runs_once_unless_the_file_is_refused(dish: Dish) -> None:
    """In prologue, units or epilogue; only the transaction control itself is gone."""
    try:
        script = read(dish.text, dish.dialect)
    except SourceError:
        return
    ours = [*script.prologue, *script.statements, *script.epilogue]
    theirs = [s for s in split(dish.text, dish.dialect) if not CONTROL.match(s.text)]
    assert sorted(ours, key=lambda s: s.offset) == theirs
    assert list(script.statements) == sorted(script.statements, key=lambda s: s.offset)


@given(dishes)
def test_a_file_is_one_transaction_or_many_units(dish: Dish) -> None:
    """What cannot run in a transaction is a unit of its own; the header is obeyed."""
    try:
        script = read(dish.text, dish.dialect)
    except SourceError:
        return
    assert script.transactional == (dish.header != HEADERS[2] and not script.autonomous)
    assert script.transactional or dish.header != HEADERS[1]
    if script.transactional:
        assert len(script.units) == 1
    for index, unit in enumerate(script.units):
        alone = [s.text for s in unit if s.text == "VACUUM" or "journal_mode" in s.text]
        assert (index in script.autonomous) >= bool(alone)
        assert index not in script.autonomous or len(unit) == 1


@given(any_script)
def test_a_transaction_around_everything_changes_nothing_but_the_checksum(
    case: tuple[str, tuple[str, list[str]]],
) -> None:
    """It is elided, and it counts."""
    dialect, (text, statements) = case
    plain, wrapped = read(f"{text};--", dialect), read(f"BEGIN;{text};COMMIT", dialect)
    assert texts(plain.statements) == texts(wrapped.statements) == statements
    assert plain.transactional == wrapped.transactional
    assert plain.checksum != wrapped.checksum
