"""
Which files count for a database, where a baseline stands for some: laws, without a database.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate import Memory, Migration, Plan, State
from st44_migrate.baselines import choose, in_force, without_doubles
from st44_migrate.model import History, JournalEntry, JournalState, LedgerEntry
from st44_migrate.plan import Reader, make_plan
from targets import codes, labels


def folder(numbers: range | list[int], *baselines: int) -> list[Migration]:
    files = {f"{number:03}_step.sql": f"SELECT {number};" for number in numbers}
    files |= {f"B{number:03}__start.sql": f"SELECT -{number};" for number in baselines}
    return list(Memory(files or {"R__only.sql": "SELECT 1;"}).load())


def history(numbers: range | list[int], taken: int | None = None) -> History:
    names = dict.fromkeys(numbers, "step") | ({taken: "B__start"} if taken else {})
    return History(
        tuple(LedgerEntry(number, f"{number:03}", names[number]) for number in sorted(names))
    )


def plan(migrations: list[Migration], past: History) -> Plan:
    return make_plan(migrations, past, read=Reader("sqlite"))


SIZES = st.integers(1, 12).flatmap(
    lambda last: st.tuples(st.just(last), st.integers(1, last), st.integers(0, last))
)


@pytest.mark.property
@given(SIZES)
def test_a_new_database_takes_the_baseline_and_what_comes_after(
    sizes: tuple[int, int, int],
) -> None:
    """And is up to date then, with or without the files that the baseline stands for."""
    last, base, _ = sizes
    after = range(base + 1, last + 1)
    for numbers in (range(1, last + 1), after):
        migrations = folder(numbers, base)
        first = plan(migrations, History())
        paths = [pending.migration.path for pending in first.pending]
        assert paths == [f"B{base:03}__start.sql", *(f"{n:03}_step.sql" for n in after)]
        assert first.errors == ()
        for reached in range(base, last + 1):
            past = history(range(base + 1, reached + 1), taken=base)
            then = plan(migrations, past)
            assert labels(then) == [f"{n:03}" for n in range(reached + 1, last + 1)]
            assert set(codes(then)) <= {"gap"}
            covered = [s.label for s in then.statuses if s.state is State.COVERED]
            assert covered == [f"{n:03}" for n in numbers if n < base]


@pytest.mark.property
@given(SIZES)
def test_an_old_database_goes_on_as_if_there_were_none(sizes: tuple[int, int, int]) -> None:
    """Whatever it has, as long as the files are there."""
    last, base, done = sizes
    if not done:
        return
    with_it = plan(folder(range(1, last + 1), base), history(range(1, done + 1)))
    without = plan(folder(range(1, last + 1)), history(range(1, done + 1)))
    assert with_it == without


@pytest.mark.property
@given(SIZES)
def test_an_old_database_needs_the_files_up_to_the_baseline(sizes: tuple[int, int, int]) -> None:
    """Once it has them all, they may be gone; before that, it is told what it lacks."""
    last, base, done = sizes
    if not done:
        return
    found = plan(folder(range(base + 1, last + 1), base), history(range(1, done + 1)))
    if done >= base:
        assert found.errors == ()
        assert labels(found) == [f"{n:03}" for n in range(done + 1, last + 1)]
    else:
        (problem,) = found.errors
        assert problem.code == "behind"
        assert f"B{base:03}__start.sql" in problem.message


def test_of_several_baselines_the_highest_is_taken() -> None:
    """And one that was taken earlier stays in force."""
    migrations = folder(range(1, 7), 2, 4)
    assert [p.migration.path for p in plan(migrations, History()).pending] == [
        "B004__start.sql",
        "005_step.sql",
        "006_step.sql",
    ]
    assert labels(plan(migrations, history([3], taken=2))) == ["004", "005", "006"]
    # The older baseline was removed: its row in the ledger says enough.
    later = plan(folder(range(1, 7), 4), history([3], taken=2))
    assert (labels(later), set(codes(later))) == (["004", "005", "006"], set())
    bare = plan(folder([3, 5]), history([3], taken=2))
    assert (labels(bare), {p.code for p in bare.errors}) == (["005"], set())


def test_a_baseline_in_the_middle_of_its_work_goes_on() -> None:
    """It is the only thing that was begun; a file that was begun keeps it away."""
    migrations = folder(range(1, 4), 3)
    begun = JournalEntry(3, JournalState.RUNNING, total=3, done=1)
    assert [m.path for m in choose(migrations, History(leftovers=(begun,))).files] == [
        "B003__start.sql"
    ]
    other = JournalEntry(1, JournalState.RUNNING, total=3, done=1)
    assert len(choose(migrations, History(leftovers=(other,))).files) == 3


def test_two_baselines_of_one_number_are_refused() -> None:
    """A baseline and a file of one number are not: one stands for the other."""
    twice = list(Memory({"B01__a.sql": "SELECT 1", "B1__b.sql": "SELECT 1"}).load())
    assert codes(plan(twice, History())) == ["duplicate"]
    assert codes(plan(folder([1], 1), History())) == []


def test_what_a_version_means() -> None:
    """For this database; and for one of which nothing is known, the file."""
    migrations = folder(range(1, 4), 2)
    assert [m.path[:4] for m in in_force(migrations, history([], taken=2))] == [
        "001_",
        "B002",
        "003_",
    ]
    assert [m.path[:4] for m in in_force(migrations, history([1, 2]))] == ["001_", "002_", "003_"]
    assert [m.path[:4] for m in without_doubles(migrations)] == ["001_", "002_", "003_"]
    assert [m.path[:4] for m in without_doubles(folder([3], 2))] == ["B002", "003_"]
