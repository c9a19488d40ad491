"""
Laws of two runners, in every order, with a fault at every step.

Every schedule is judged by the database's own log of what took effect, then by
a plain run afterwards; see `st44_migrate.testing.verdict`.
"""

from __future__ import annotations

import os
from dataclasses import replace

import pytest

from sharing import Sharing
from st44_migrate.model import History, JournalEntry, JournalState, read_version
from st44_migrate.testing.actors import Fault
from st44_migrate.testing.rehearsal import Rehearsal
from st44_migrate.testing.samples import sample_folder
from st44_migrate.testing.schedules import every_schedule

pytestmark = pytest.mark.property

# How many schedules of each rehearsal: those with the fewest departures come first.
LIMIT = {"dev": 250, "ci": 400}.get(os.environ.get("HYPOTHESIS_PROFILE", "dev"))

# What the third of three files is called, and what it was when it was applied last.
_VIEW = read_version("R__step3")
assert _VIEW is not None
CHANGED_SINCE = History(
    leftovers=(JournalEntry(_VIEW, JournalState.APPLIED, "another", "another", total=1, done=1),)
)

FAILED_ONCE = History(leftovers=(JournalEntry(1, JournalState.FAILED, total=1, done=0),))

FAILED_LATER = History(leftovers=(JournalEntry(3, JournalState.FAILED, total=2, done=0),))

REHEARSALS = {
    "no ledger yet": Rehearsal(files=sample_folder("tables"), history=None),
    "three files": Rehearsal(files=sample_folder("tables", "index", "tables")),
    "the first failed once": Rehearsal(
        files=sample_folder("tables", "tables"), history=FAILED_ONCE
    ),
    "an index that may be there": Rehearsal(files=sample_folder("lenient", "tables")),
    "what leaves no evidence": Rehearsal(files=sample_folder("database", "tables")),
    "the lock given away": Rehearsal(files=sample_folder("unlocks", "index", "tables")),
    "given away, and nobody asks": Rehearsal(files=sample_folder("unlocks", "tables")),
    "files that only define things": Rehearsal(files=sample_folder(*["defines"] * 4)),
    "an attempt at one of them failed": Rehearsal(
        files=sample_folder(*["defines"] * 4), history=FAILED_LATER
    ),
    "the lock given away before such files": Rehearsal(
        files=sample_folder("unlocks", "defines", "defines")
    ),
    "own records": Rehearsal(files=sample_folder("records", "tables")),
    "a broken file": Rehearsal(files=sample_folder("tables", "broken", "tables")),
    "half a broken file": Rehearsal(files=sample_folder("half-broken", "tables")),
    "two in one message": Rehearsal(files=sample_folder("tables", "tables", "tables", "tables")),
    "a broken file in company": Rehearsal(
        files=sample_folder("tables", "tables", "broken", "tables")
    ),
    "own records in company": Rehearsal(files=sample_folder("tables", "records", "tables")),
    "the lock given away in company": Rehearsal(
        files=sample_folder("tables", "unlocks", "tables", "tables")
    ),
    "in company on borrowed sessions": Rehearsal(
        files=sample_folder("tables", "tables", "tables"), borrowed=True
    ),
    "behind a pooler": Rehearsal(files=sample_folder("tables", "tables"), pooled=True),
    "failed once, behind a pooler": Rehearsal(
        files=sample_folder("tables", "tables"), history=FAILED_ONCE, pooled=True
    ),
    "a repeatable file": Rehearsal(files=sample_folder("tables", "repeats")),
    "one that has changed": Rehearsal(
        files=sample_folder("tables", "tables", "repeats"), history=CHANGED_SINCE
    ),
    "a repeatable file behind a pooler": Rehearsal(
        files=sample_folder("repeats", "repeats"), pooled=True
    ),
    "borrowed sessions": Rehearsal(files=sample_folder("tables", "index"), borrowed=True),
    "borrowed, and the lock given away": Rehearsal(
        files=sample_folder("unlocks", "tables"), borrowed=True
    ),
}

REHEARSALS |= {
    f"{name}, in one transaction": replace(REHEARSALS[name], dialect=Sharing())
    for name in (
        "two in one message",
        "a broken file in company",
        "own records in company",
        "one that has changed",
        "in company on borrowed sessions",
    )
}

every_rehearsal = pytest.mark.parametrize("rehearsal", REHEARSALS.values(), ids=REHEARSALS)


@every_rehearsal
def test_two_runners_in_every_order(rehearsal: Rehearsal) -> None:
    """Each file takes effect once, both runners tell the truth, and nothing stays locked."""
    explored = every_schedule(rehearsal)
    print(explored)
    assert explored.complete
    assert explored.schedules > 10


@every_rehearsal
def test_two_runners_with_a_fault_at_every_step(rehearsal: Rehearsal) -> None:
    """Whatever befalls one of them, the other has no reason to fail, and a plain run finishes."""
    explored = every_schedule(rehearsal, faults=Fault, limit=LIMIT)
    print(explored)
    assert explored.complete or explored.schedules == LIMIT


@every_rehearsal
def test_one_runner_with_two_faults(rehearsal: Rehearsal) -> None:
    """A second fault may come while it cleans up after the first."""
    explored = every_schedule(replace(rehearsal, runners=1), faults=Fault, most=2, limit=LIMIT)
    print(explored)
    assert explored.complete or explored.schedules == LIMIT


def test_a_thousand_schedules_are_tried_in_no_time() -> None:
    """The number that is reported is the number that was played."""
    rehearsal = REHEARSALS["three files"]
    explored = every_schedule(rehearsal, faults=Fault, limit=1_000)
    assert explored.schedules == 1_000
    assert 0 < explored.merged < explored.schedules
    assert explored.steps > 10_000
