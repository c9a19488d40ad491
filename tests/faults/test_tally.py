"""
What the page about guarantees says is what the tests can show.
"""

from __future__ import annotations

import re
from pathlib import Path

from faults.tally import FAULTS, FINE, HEAD, Outcome, Tally, judged

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"


def test_the_table_has_a_row_for_each_fault() -> None:
    """Which faults are tried is checked in; how often is for the last test run to say."""
    head, _, table = (DOCS / "guarantees-table.md").read_text("utf-8").partition("| fault |")
    assert head == HEAD
    rows = re.findall(r"^\| (\w[^|]*) \| (\d+) \| (\d+) \| (\d+) \| (\d+) \|$", table, re.MULTILINE)
    assert tuple(name for name, *_ in rows) == FAULTS
    assert [name for name, tried, *_ in rows if tried == "0"] == []
    assert {tuple(counts) for _, _, *counts in rows} == {("0", "0", "0")}


def test_every_fault_is_counted_by_a_test() -> None:
    """A row that no test counts would be a promise of nobody."""
    tests = "".join(path.read_text("utf-8") for path in (ROOT / "tests/faults").glob("test_*.py"))
    for fault in FAULTS:
        database, _, what = fault.partition(":")
        assert f'"{fault}"' in tests or f'NAMES[target.kind]}}:{what}"' in tests, database


def test_every_test_that_the_page_names_is_there() -> None:
    """The page names files; each of them exists and holds tests, or is a benchmark."""
    page = (DOCS / "guarantees.md").read_text("utf-8")
    named = set(re.findall(r"`((?:tests|benchmarks)/[\w/]+\.py)`", page))
    assert len(named) > 20
    assert [name for name in sorted(named) if not (ROOT / name).is_file()] == []
    held = {name: (ROOT / name).read_text("utf-8") for name in named if name.startswith("tests/")}
    assert [name for name, text in held.items() if "def test_" not in text] == []


def test_what_is_missing_is_lost_and_what_is_there_twice_is_doubled() -> None:
    """The judge sees both, also at once."""
    assert judged([1, 2, 3], [3, 2, 1]) == FINE
    assert judged([1, 2, 3], [1, 3, 3]) == Outcome(lost=1, doubled=1)
    assert judged([1], [1, 1, 1, 9], stuck=True) == Outcome(doubled=3, stuck=1)


def test_a_tally_adds_up_and_travels() -> None:
    """Counts of several tests and several processes end in one row."""
    one, other = Tally(), Tally()
    one.count(FAULTS[0], [FINE, Outcome(lost=2, stuck=1)])
    other.count(FAULTS[0], [Outcome(doubled=1)])
    one.add_plain(other.plain())
    assert one.table().splitlines()[2:] == [f"| {FAULTS[0]} | 3 | 2 | 1 | 1 |"]
    assert not one.complete
