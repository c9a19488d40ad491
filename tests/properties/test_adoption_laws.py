"""
What a tool has recorded is what is adopted: laws, for the ledger of each tool.
"""

from __future__ import annotations

import sqlite3
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dressing import Dressed, dress
from recording import RECORDS
from st44_migrate import Adoption, LedgerName, Memory, Terms
from st44_migrate.adoption.catalog import find_tables, read_rows, read_tables, select_rows
from st44_migrate.adoption.planning import Sight, make_adoption
from st44_migrate.adoption.recognition import recognise
from st44_migrate.adoption.tools import BUILT_IN, builtin
from st44_migrate.model import Found, History, LedgerEntry
from st44_migrate.plan import Reader

TITLES = st.text("abcxyz", min_size=1, max_size=6).map("t{}".format)
FOLDERS = st.dictionaries(st.integers(1, 99), TITLES, min_size=1, max_size=8).map(
    lambda found: [
        Dressed(number, f"{found[number]}{number}x", (f"SELECT {number}",))
        for number in sorted(found)
    ]
)
LEDGERS = [builtin(name) for name in BUILT_IN]
ONE_ROW = {"golang-migrate", "tern"}


def adoption(tool: str, files: dict[str, str], done: list[Dressed], past: History) -> Adoption:
    """
    Record *done* as *tool* does it, and read it as `adopt` does it, on SQLite.
    """
    record = RECORDS[tool]
    with closing(sqlite3.connect(":memory:")) as conn:
        for sql in record.write("sqlite", files, done):
            conn.execute(sql)
        beside = {"ar_internal_metadata", "yoyo_lock"}
        columns = {name for ledger in LEDGERS for name in ledger.columns}
        tables = read_tables(
            conn.execute(find_tables("sqlite", columns, beside)).fetchall(), beside
        )
        own, table = recognise(tables, LEDGERS)
        assert (own.tool, table.name) == (tool, record.table)
        rows = conn.execute(select_rows("sqlite", table, own.columns)).fetchall()
    sight = Sight(
        own,
        table,
        own.read(read_rows(own.columns, rows)),
        tuple(Memory(files, layout=record.layout).load()),
        past,
        Reader("sqlite"),
        LedgerName(),
        None,
    )
    return make_adoption(sight, Terms())


@pytest.mark.property
@pytest.mark.parametrize("tool", [tool for tool in RECORDS if tool != "refinery"])
@given(FOLDERS, st.data())
def test_what_was_applied_is_adopted_and_the_rest_is_pending(
    tool: str, folder: list[Dressed], data: st.DataObject
) -> None:
    """Any part of any folder, a part from the beginning where the tool knows no other."""
    if tool in ONE_ROW:
        done = folder[: data.draw(st.integers(1, len(folder)))]
    else:
        done = data.draw(st.lists(st.sampled_from(folder), min_size=1, unique=True))
    files = dress(RECORDS[tool].layout, folder)
    made = adoption(tool, files, done, History())
    assert made.obstacles == ()
    assert {adopted.found for adopted in made.versions} == {Found.APPLIED}
    numbers = sorted(one.number for one in done)
    labels = [m.label for m in Memory(files, layout=RECORDS[tool].layout).load()]
    by_number = dict(zip(sorted(one.number for one in folder), labels, strict=True))
    assert {adopted.label for adopted in made.versions} == {by_number[n] for n in numbers}
    pending = {pending.migration.label for pending in made.after.pending}
    assert pending == set(labels) - {adopted.label for adopted in made.versions}


@pytest.mark.property
@pytest.mark.parametrize("tool", [tool for tool in RECORDS if tool not in {*ONE_ROW, "refinery"}])
@given(FOLDERS, st.data())
def test_files_that_are_gone_do_not_matter(
    tool: str, folder: list[Dressed], data: st.DataObject
) -> None:
    """Everything that was applied is kept, and no run finds anything wrong with it."""
    kept = data.draw(st.lists(st.sampled_from(folder), min_size=1, unique=True))
    layout = RECORDS[tool].layout
    whole = dress(layout, folder)
    with_titles = [one.title for one in folder if one not in kept]
    files = {
        name: text
        for name, text in whole.items()
        if not any(title in name for title in with_titles)
    }
    made = adoption_of_part(tool, whole, files, folder)
    assert len(made.versions) == len(folder)
    assert made.after.errors == ()
    assert made.after.pending == ()


def adoption_of_part(
    tool: str, whole: dict[str, str], files: dict[str, str], done: list[Dressed]
) -> Adoption:
    """
    Adopt with *files* what was recorded with the *whole* folder.
    """
    record = RECORDS[tool]
    with closing(sqlite3.connect(":memory:")) as conn:
        for sql in record.write("sqlite", whole, done):
            conn.execute(sql)
        own = builtin(tool)
        (table,) = (
            found
            for found in read_tables(
                conn.execute(find_tables("sqlite", list(own.columns), [])).fetchall(), []
            )
            if found.name == record.table
        )
        rows = conn.execute(select_rows("sqlite", table, own.columns)).fetchall()
    reading = own.read(read_rows(own.columns, rows))
    migrations = tuple(Memory(files, layout=record.layout).load())
    sight = Sight(own, table, reading, migrations, History(), Reader("sqlite"), LedgerName(), None)
    return make_adoption(sight, Terms())


@pytest.mark.property
@given(FOLDERS)
def test_what_is_in_our_ledger_already_is_not_taken_twice(folder: list[Dressed]) -> None:
    """With a row of the journal it is known; a bare row gets one."""
    files = dress("goose", folder)
    past = History(tuple(LedgerEntry(one.number, f"{one.number:05}", one.title) for one in folder))
    made = adoption("goose", files, folder, past)
    assert {adopted.found for adopted in made.versions} == {Found.APPLIED}
    assert made.after.pending == ()
