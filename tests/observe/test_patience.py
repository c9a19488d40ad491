"""
Of many looks at the same thing, the ones that say something new are mentioned.
"""

from __future__ import annotations

from io import StringIO

from observe.conftest import BUILD, INDEX
from st44_migrate.events import LockWaited, StatementProgressed
from st44_migrate.observe.lines import PlainLines
from st44_migrate.observe.patience import Patience


def look(phase: str, done: int, *blockers: str) -> StatementProgressed:
    return StatementProgressed(INDEX, BUILD, phase, done, 400, "blocks", blockers)


def test_a_phase_and_a_new_session_in_the_way_are_mentioned_once() -> None:
    """How far it is, and how long somebody has been idle, is new at every look."""
    looks = [
        look("building index", 10),
        look("building index", 90),
        look("waiting for old snapshots", 0, "pid 7, psql, idle in transaction for 1 s"),
        look("waiting for old snapshots", 0, "pid 7, psql, idle in transaction for 2 s"),
        look("waiting for old snapshots", 1, "pid 9, psql, idle in transaction for 9 s"),
    ]
    patience = Patience()
    assert [patience.mentions(event) for event in looks] == [True, False, True, False, True]


def test_a_lock_that_is_waited_for_is_another_matter() -> None:
    """Waits are mentioned by how long they take, whatever else goes on."""
    patience = Patience()
    assert patience.mentions(LockWaited("pid 1", 0.0, 1.0))
    assert patience.mentions(look("building index", 10))
    assert not patience.mentions(LockWaited("pid 1", 0.5, 1.0))


def test_a_line_says_how_far_it_is_and_who_is_in_the_way() -> None:
    """File, line, phase, numbers; then whoever it waits for."""
    stream = StringIO()
    lines = PlainLines(stream)
    lines(look("building index: scanning table", 90))
    lines(look("waiting for old snapshots", 0, "pid 7, idle in transaction for 1 s: SELECT 1"))
    assert stream.getvalue().splitlines() == [
        f"{INDEX.label}_{INDEX.name}, line 5: building index: scanning table, 90 of 400 blocks",
        f"{INDEX.label}_{INDEX.name}, line 5: waiting for old snapshots, 0 of 400 blocks,"
        " waits for pid 7, idle in transaction for 1 s: SELECT 1",
    ]
