"""
The explorer: what counts as a schedule, what is merged, and what a failure tells.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from st44_migrate.testing.actors import Fault
from st44_migrate.testing.memory import MemoryDatabase
from st44_migrate.testing.memory_dialect import MemoryDialect
from st44_migrate.testing.memory_store import Record
from st44_migrate.testing.oracle import contradictions
from st44_migrate.testing.rehearsal import Rehearsal
from st44_migrate.testing.samples import sample_folder
from st44_migrate.testing.schedules import ScheduleFailed, every_schedule
from st44_migrate.testing.stage import Stage
from st44_migrate.testing.verdict import verdict

ONE_FILE = Rehearsal(files=sample_folder("tables"))


class Unguarded(MemoryDialect):
    def guard(self, *_: Any) -> tuple[str, ...]:
        return ()


BROKEN = replace(ONE_FILE, pooled=True, dialect=Unguarded())


def test_a_runner_alone_has_one_schedule() -> None:
    """There is no other order."""
    explored = every_schedule(replace(ONE_FILE, runners=1))
    assert (explored.schedules, explored.merged, explored.complete) == (1, 0, True)


def test_one_fault_at_a_time_is_tried_at_every_step() -> None:
    """A kill before each call, and one schedule without any."""
    alone = replace(ONE_FILE, runners=1)
    stage, steps = Stage(alone), 0
    while moves := stage.moves(()):
        stage.make(moves[0])
        steps += 1
    explored = every_schedule(alone, faults=[Fault.KILL])
    # Before its first call a runner has done nothing that could be undone.
    assert (explored.schedules, explored.complete) == (steps, True)


def test_departures_bound_the_search() -> None:
    """None leaves "each runs until it has to wait"; more of them find more schedules."""
    counts = [every_schedule(ONE_FILE, departures=n).schedules for n in (0, 1, 2)]
    assert counts[0] == 1
    assert counts == sorted(set(counts))
    assert not every_schedule(ONE_FILE, departures=0).complete


def test_a_limit_is_kept() -> None:
    """And what was left out is said."""
    explored = every_schedule(ONE_FILE, faults=Fault, limit=50)
    assert (explored.schedules, explored.complete) == (50, False)


def test_the_same_schedules_are_tried_every_time() -> None:
    """Nothing depends on chance or on the time."""
    first, second = (every_schedule(ONE_FILE, faults=Fault, limit=200) for _ in range(2))
    assert first == second


def test_a_failure_tells_its_story() -> None:
    """What is wrong, who did what before, and how they ended."""
    with pytest.raises(ScheduleFailed) as caught:
        every_schedule(BROKEN)
    assert caught.value.wrong[0] == "001_step.sql took effect more than once: [2, 2]"
    assert caught.value.schedules < 20
    assert any("runner 2: CREATE TABLE t1" in line for line in caught.value.story)
    assert caught.value.story[-1] == "  runner 2 ended with None"
    assert caught.value.wrong[0] in str(caught.value)


def test_a_schedule_can_be_played_again() -> None:
    """The same moves lead to the same state."""
    first, second = Stage(ONE_FILE), Stage(ONE_FILE)
    while moves := first.moves(()):
        first.make(moves[-1])
        second.make(moves[-1])
        assert first.fingerprint() == second.fingerprint()
    assert verdict(first) == []


def test_no_step_is_lost_from_a_fingerprint() -> None:
    """Two states of one schedule are never taken for each other."""
    stage, seen = Stage(Rehearsal(files=sample_folder("tables", "index", "tables"))), set()
    steps = 0
    while moves := stage.moves(()):
        seen.add(stage.fingerprint())
        stage.make(moves[0])
        steps += 1
    assert len(seen) == steps


# --- the oracle ---------------------------------------------------------------


def judged(effects: list[str], recorded: list[str], journal: dict[str, Any] | None) -> list[str]:
    """
    What the oracle says of the file 001, which cannot be in a transaction.
    """
    database = MemoryDatabase()
    database.store.effects = effects
    database.store.tables["schema_migrations"] = {label: {} for label in recorded}
    rows: dict[str, Record] = {"1": journal} if journal else {}
    database.store.tables["schema_migrations_journal"] = rows
    return list(contradictions(database, FILES))


FILES = sample_folder("database")
FIRST, SECOND = FILES[0].effects
RUNNING = {"state": "running", "done": 1, "in_doubt": False}
APPLIED = {"state": "applied", "done": 2, "in_doubt": False}


@pytest.mark.parametrize(
    ("effects", "recorded", "journal"),
    [
        ([], [], None),
        ([FIRST], [], RUNNING),
        ([FIRST], [], {**RUNNING, "in_doubt": True}),
        ([FIRST, SECOND], [], {**RUNNING, "in_doubt": True}),
        ([FIRST, SECOND], ["001"], APPLIED),
        ([FIRST, SECOND], ["1"], None),
    ],
)
def test_what_may_be(effects: list[str], recorded: list[str], journal: dict[str, Any]) -> None:
    """Nothing, a part of it that the journal knows, or all of it."""
    assert judged(effects, recorded, journal) == []


@pytest.mark.parametrize(
    ("effects", "recorded", "journal", "wrong"),
    [
        ([FIRST, FIRST], [], RUNNING, "more than once"),
        ([SECOND], [], RUNNING, "with a gap"),
        ([FIRST], ["001"], APPLIED, "is recorded, but took effect like this"),
        ([], ["001"], None, "is recorded, but took effect like this"),
        ([FIRST], [], None, "the journal has nothing of it"),
        ([FIRST, SECOND], [], None, "took effect, and is not recorded"),
        ([FIRST, SECOND], [], APPLIED, "is applied for the journal"),
        ([FIRST, SECOND], ["001"], {**RUNNING, "done": 2}, "is running for the journal"),
        ([FIRST, SECOND], [], RUNNING, "has 2 effect(s), and the journal says 1"),
        ([], [], RUNNING, "has 0 effect(s), and the journal says 1"),
    ],
)
def test_what_may_not_be(
    effects: list[str], recorded: list[str], journal: dict[str, Any], wrong: str
) -> None:
    """Each disagreement between effects, ledger and journal has its sentence."""
    assert any(wrong in sentence for sentence in judged(effects, recorded, journal))
