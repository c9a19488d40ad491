"""
Twice as many files take twice as many steps: counted, not timed.
"""

from __future__ import annotations

import sys
import tracemalloc
from collections.abc import Callable
from pathlib import Path

from st44_migrate import Memory, Migrator
from st44_migrate.model import History
from st44_migrate.plan import Reader, make_plan

SLACK = 2.3
"""What twice as much may take; four times as much is what a square would."""


def steps(work: Callable[[], object]) -> int:
    """
    Count the calls of functions, in Python and below.
    """
    count = 0

    def note(_frame: object, event: str, _argument: object) -> None:
        nonlocal count
        count += event in {"call", "c_call"}

    sys.setprofile(note)
    try:
        work()
    finally:
        sys.setprofile(None)
    return count


def numbered(count: int) -> dict[str, str]:
    return {f"{number:05}_step.sql": f"SELECT {number};" for number in range(1, count + 1)}


def one_more(count: int, path: Path) -> int:
    """
    Apply a file to a database in which *count* are applied.
    """
    url = f"sqlite:///{path}/{count}.db"
    Migrator(url, Memory(numbered(count))).baseline(str(count))
    longer = Migrator(url, Memory(numbered(count + 1)))
    found = steps(longer.apply)
    assert not longer.plan().pending
    return found


def test_one_more_file_on_a_long_ledger(tmp_path: Path) -> None:
    """Every look at folder and ledger goes through them once."""
    one_more(10, tmp_path)  # loads what has to be loaded
    assert one_more(800, tmp_path) < SLACK * one_more(400, tmp_path)


def planned(files: dict[str, str]) -> Callable[[], object]:
    return lambda: make_plan(Memory(files).load(), History(), read=Reader("postgresql"))


def test_many_files_are_planned() -> None:
    """Read, put in order, compared."""
    planned(numbered(1))()
    assert steps(planned(numbered(1600))) < SLACK * steps(planned(numbered(800)))


STATEMENT = "INSERT INTO t VALUES (1, 'it''s; fine', $$a;b$$); -- a note; with one\n"


def test_many_statements_in_one_file_are_read() -> None:
    """However many there are, each is met once."""
    one, two = (steps(planned({"1_big.sql": STATEMENT * count})) for count in (2000, 4000))
    assert two < SLACK * one


def peak(work: Callable[[], object]) -> int:
    tracemalloc.start()
    try:
        work()
        return tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()


def test_memory_grows_with_the_text() -> None:
    """Twice the file takes twice the memory at most."""
    one, two = (peak(planned({"1_big.sql": STATEMENT * count})) for count in (2000, 4000))
    assert two < SLACK * one
