"""
Laws of the plan.
"""

from __future__ import annotations

import hashlib
from collections.abc import Set as AbstractSet

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate.model import History, LedgerEntry, Migration, Severity, Version
from st44_migrate.plan import Reader, make_plan

pytestmark = pytest.mark.property


def a_file(version: int, width: int) -> Migration:
    sql = f"SELECT {version}"
    return Migration(
        version=version,
        label=str(version).zfill(width),
        name="step",
        path=f"{str(version).zfill(width)}_step.sql",
        content=sql.encode(),
        raw_checksum=hashlib.sha256(sql.encode()).hexdigest(),
    )


def an_entry(version: Version, width: int) -> LedgerEntry:
    return LedgerEntry(version, str(version).zfill(width), "step")


versions = st.sets(st.integers(0, 60), min_size=1, max_size=20)
widths = st.integers(1, 5)


def history(held: AbstractSet[Version], width: int) -> History:
    return History(tuple(an_entry(v, width) for v in sorted(held)))


@given(versions, st.sets(st.integers(0, 60)), widths, widths)
def test_pending_is_the_folder_without_the_ledger_in_order(
    files: set[int], held: set[int], width: int, written: int
) -> None:
    """However either side writes its numbers."""
    plan = make_plan([a_file(v, width) for v in files], history(held, written), read=READ)
    assert [p.migration.version for p in plan.pending] == sorted(files - held)


@given(versions, st.sets(st.integers(0, 60)), widths, st.randoms(use_true_random=False))
def test_the_order_of_the_input_does_not_matter(
    files: set[int], held: set[int], width: int, random: object
) -> None:
    """A plan is a function of the set of files."""
    ordered = [a_file(v, width) for v in sorted(files)]
    shuffled = list(ordered)
    random.shuffle(shuffled)  # type: ignore[attr-defined]
    assert make_plan(ordered, history(held, width), read=READ) == make_plan(
        shuffled, history(held, width), read=READ
    )


@given(versions, st.sets(st.integers(0, 60)), widths)
def test_applying_a_plan_leaves_nothing_to_do(files: set[int], held: set[int], width: int) -> None:
    """What is pending, once recorded, is neither pending nor an error."""
    migrations = [a_file(v, width) for v in files]
    first = make_plan(migrations, history(held, width), read=READ)
    done = held | {p.migration.version for p in first.pending}
    second = make_plan(migrations, history(done, width), read=READ)
    assert second.pending == ()
    assert {p.code for p in second.errors} <= {"diverged"}


@given(versions, st.sets(st.integers(0, 60)), widths)
def test_every_version_has_one_status(files: set[int], held: set[int], width: int) -> None:
    """Of the folder and of the ledger, none twice, in order."""
    plan = make_plan([a_file(v, width) for v in files], history(held, width), read=READ)
    assert [status.version for status in plan.statuses] == sorted(files | held)


@given(versions, st.sets(st.integers(0, 60)), widths)
def test_an_unknown_version_is_ahead_or_has_diverged(
    files: set[int], held: set[int], width: int
) -> None:
    """Exactly one of the two, by its place."""
    plan = make_plan([a_file(v, width) for v in files], history(held, width), read=READ)
    ahead = {entry.version for entry in plan.ahead}
    diverged = {int(p.version or "") for p in plan.problems if p.code == "diverged"}
    assert ahead | diverged == held - files
    assert ahead & diverged == set()
    assert all(version > max(files) for version in ahead)


@given(versions, st.sets(st.integers(0, 60)), widths)
def test_problems_come_errors_first(files: set[int], held: set[int], width: int) -> None:
    """So that the first is the reason why a run stops."""
    plan = make_plan([a_file(v, width) for v in files], history(held, width), read=READ)
    weights = [list(Severity).index(p.severity) for p in plan.problems]
    assert weights == sorted(weights)


READ = Reader("postgresql")
