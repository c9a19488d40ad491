"""
The kit bites: each of these mistakes is planted into the engine, and found.

Where one layer of the engine's defence makes up for another, a test says that
the mistake alone is harmless, and plants it together with the other layer's.
"""

from __future__ import annotations

import sys
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import replace
from typing import Any

import pytest

from sharing import Sharing
from st44_migrate import _ground, _sending, _stepwise, _work, claims, journal
from st44_migrate._hearing import Hearing
from st44_migrate._patience import Patience
from st44_migrate._progress import Lost, Progress
from st44_migrate._sending import Failed
from st44_migrate._world import World
from st44_migrate.batch import Envelope
from st44_migrate.items import Batch, Role
from st44_migrate.locks import AdvisoryLock
from st44_migrate.model import History, JournalEntry, JournalState
from st44_migrate.testing.actors import Fault
from st44_migrate.testing.memory_dialect import MemoryDialect
from st44_migrate.testing.rehearsal import Rehearsal
from st44_migrate.testing.samples import sample_folder
from st44_migrate.testing.schedules import Explored, ScheduleFailed, every_schedule

TWO_FILES = Rehearsal(files=sample_folder("tables", "tables"))
FAILED_ONCE = History(leftovers=(JournalEntry(1, JournalState.FAILED, total=1, done=0),))

MonkeyPatch = pytest.MonkeyPatch


class Unguarded(MemoryDialect):
    def guard(self, *_: Any) -> Sequence[str]:
        return ()


class HalfGuarded(MemoryDialect):
    """Looks into the ledger, and not whether another runner is at work."""

    def guard(self, footing: Any, key: int, *rest: Any) -> Sequence[str]:
        return super().guard(footing, key + footing.session.pid, *rest)


def found(rehearsal: Rehearsal, *faults: Fault, limit: int = 2_000) -> ScheduleFailed:
    with pytest.raises(ScheduleFailed) as caught:
        every_schedule(rehearsal, faults=faults, limit=limit)
    print(f"{caught.value.schedules} schedule(s): {caught.value.wrong[0]}")
    return caught.value


def harmless(rehearsal: Rehearsal, *faults: Fault, limit: int = 600) -> Explored:
    return every_schedule(rehearsal, faults=faults, limit=limit)


# --- the plan -----------------------------------------------------------------


@pytest.fixture
def planned_before_the_lock(monkeypatch: MonkeyPatch) -> None:
    """The history is never read again under the lock."""
    first: dict[int, tuple[World, History]] = {}
    look = Progress.look

    def remembering(self: Progress, world: World, history: History) -> None:
        first.setdefault(id(world), (world, history))
        look(self, world, history)

    async def stale(world: World, *_: Any) -> History:
        return first[id(world)][1]

    monkeypatch.setattr(Progress, "look", remembering)
    monkeypatch.setattr(_work, "_history", stale)


@pytest.mark.usefixtures("planned_before_the_lock")
def test_a_plan_made_before_the_lock_is_found() -> None:
    """The guard keeps the file from running twice, but a runner fails for nothing."""
    assert "failed without a reason" in str(found(TWO_FILES))


@pytest.mark.usefixtures("planned_before_the_lock")
def test_a_plan_made_before_the_lock_without_a_guard_is_found() -> None:
    """Without the guard's look into the ledger, the file runs twice."""
    assert "took effect more than once" in str(found(replace(TWO_FILES, dialect=Unguarded())))


# --- the transaction ----------------------------------------------------------


def test_a_record_after_the_commit_is_found(monkeypatch: MonkeyPatch) -> None:
    """A kill in between leaves an applied file that nobody has recorded: it runs again."""
    whole = Envelope.whole

    def later(self: Envelope, *args: Any) -> Batch:
        batch = whole(self, *args)
        record = [item for item in batch if item.role is Role.RECORD]
        rest = [item for item in batch if item.role is not Role.RECORD]
        commit = next(i for i, item in enumerate(rest) if item.role is Role.COMMIT)
        return (*rest[: commit + 1], *record, *rest[commit + 1 :])

    monkeypatch.setattr(Envelope, "whole", later)
    assert "took effect more than once" in str(found(TWO_FILES, Fault.KILL))


@pytest.fixture
def rolled_back_on_exceptions_only(monkeypatch: MonkeyPatch) -> None:
    """A cancellation is a BaseException, and leaves the transaction open."""
    undo = _sending.undo

    async def on_exception(*args: Any, **more: Any) -> None:
        # Only a failure names the statement that failed.
        if len(args) > 3 and args[3] is not None:
            await undo(*args, **more)

    monkeypatch.setattr("st44_migrate._apply.undo", on_exception)


@pytest.mark.usefixtures("rolled_back_on_exceptions_only")
def test_a_rollback_on_exceptions_only_is_found() -> None:
    """On a caller's session the lock cannot be given back in what is still open."""
    assert "holds a lock" in str(found(replace(TWO_FILES, borrowed=True), Fault.CANCEL))


@pytest.mark.usefixtures("rolled_back_on_exceptions_only")
def test_on_a_session_of_its_own_closing_rolls_back() -> None:
    """There the mistake alone is harmless: the session ends."""
    harmless(TWO_FILES, Fault.CANCEL)


def test_a_missing_guard_is_found_behind_a_pooler() -> None:
    """Without a lock, nothing else says that somebody was faster."""
    rehearsal = replace(TWO_FILES, pooled=True, dialect=Unguarded())
    assert "took effect more than once" in str(found(rehearsal))


def test_under_the_lock_a_missing_guard_is_harmless() -> None:
    """Nobody else is at work, and the plan is made under the lock."""
    harmless(replace(TWO_FILES, dialect=Unguarded()), Fault.KILL)


# --- the claim ----------------------------------------------------------------


@pytest.fixture
def claimed_with_do_nothing(monkeypatch: MonkeyPatch) -> None:
    """Nobody waits for a row that is there already, from a failure."""
    upsert = journal.upsert

    def do_nothing(*args: Any) -> list[str]:
        return [sql.partition(" DO UPDATE")[0] + " DO NOTHING" for sql in upsert(*args)]

    monkeypatch.setattr(claims, "upsert", do_nothing)


@pytest.mark.usefixtures("claimed_with_do_nothing")
def test_a_claim_with_do_nothing_is_found() -> None:
    """Where the guard does not ask for the lock, two racers run the file."""
    rehearsal = replace(TWO_FILES, history=FAILED_ONCE, pooled=True, dialect=HalfGuarded())
    assert "took effect more than once" in str(found(rehearsal))


@pytest.mark.usefixtures("claimed_with_do_nothing")
def test_under_a_whole_guard_a_claim_with_do_nothing_is_harmless() -> None:
    """Whoever does not get the transaction's lock runs nothing of the file."""
    harmless(replace(TWO_FILES, history=FAILED_ONCE, pooled=True))


# --- what is given back -------------------------------------------------------


@pytest.fixture
def kept_on_failure(monkeypatch: MonkeyPatch) -> None:
    """The lock is given back at the end of a run that succeeds."""
    leave = _ground._leave

    async def if_well(*args: Any) -> None:
        if sys.exc_info()[0] is None:
            await leave(*args)

    monkeypatch.setattr(_ground, "_leave", if_well)


@pytest.mark.usefixtures("kept_on_failure")
def test_a_lock_that_is_kept_on_failure_is_found() -> None:
    """On a caller's session it stays for ever."""
    rehearsal = replace(TWO_FILES, borrowed=True)
    assert "holds a lock" in str(found(rehearsal, Fault.FAIL))


def test_a_lock_that_is_never_given_back_is_found(monkeypatch: MonkeyPatch) -> None:
    """The same, without any failure."""

    async def keep(self: AdvisoryLock, conn: object) -> None:
        del self, conn

    monkeypatch.setattr(AdvisoryLock, "release", keep)
    assert "holds a lock" in str(found(replace(TWO_FILES, borrowed=True)))


async def unshielded(cleanup: Callable[[], Awaitable[object]], /) -> None:
    await cleanup()


def test_unshielded_cleanup_is_found() -> None:
    """A cancellation that arrives during the cleanup leaves the session open."""
    rehearsal = replace(TWO_FILES, shield=unshielded)
    assert "has left its session open" in str(found(rehearsal, Fault.CANCEL))


def test_unshielded_cleanup_is_found_on_a_callers_session() -> None:
    """There the lock stays."""
    rehearsal = replace(TWO_FILES, shield=unshielded, borrowed=True)
    assert "holds" in str(found(rehearsal, Fault.CANCEL))


# --- what is not transactional ------------------------------------------------


@pytest.fixture
def not_announced(monkeypatch: MonkeyPatch) -> None:
    """The journal does not know that a statement is on its way."""
    monkeypatch.setattr(Envelope, "announce", lambda *_: ())


@pytest.mark.usefixtures("not_announced")
@pytest.mark.parametrize("kind", ["database", "index"])
def test_a_statement_that_is_not_announced_is_found(kind: str) -> None:
    """After a kill it runs again, or cannot, and nobody is told of a doubt."""
    found(Rehearsal(files=sample_folder(kind)), Fault.KILL)


def test_a_leftover_that_is_not_dropped_is_found(monkeypatch: MonkeyPatch) -> None:
    """IF NOT EXISTS takes half an index for the one that is wanted."""

    async def ignore(*_: Any) -> None:
        pass

    monkeypatch.setattr(_stepwise, "_discard_leftovers", ignore)
    found(Rehearsal(files=sample_folder("lenient")), Fault.KILL)


def test_a_lock_that_is_not_looked_after_is_found(monkeypatch: MonkeyPatch) -> None:
    """A file gives the lock away, and two runners build one index."""

    async def surely(self: AdvisoryLock, conn: object) -> bool:
        del self, conn
        return True

    monkeypatch.setattr(AdvisoryLock, "held", surely)
    found(Rehearsal(files=sample_folder("unlocks", "index")))


# --- several files in one message ---------------------------------------------

FOUR_FILES = replace(TWO_FILES, files=sample_folder("tables", "tables", "tables", "tables"))
"""The second and the third go out together."""


def test_a_record_after_the_commit_is_found_in_company(monkeypatch: MonkeyPatch) -> None:
    """A kill between two commits of one message leaves a file that nobody has recorded."""
    whole = Envelope.whole

    def later(self: Envelope, pending: Any, lock_timeout: float) -> Batch:
        batch = whole(self, pending, lock_timeout)
        record = [item for item in batch if item.role is Role.RECORD]
        rest = [item for item in batch if item.role is not Role.RECORD]
        # Only in the message of several.
        return batch if pending.migration.version == 1 else (*rest, *record)

    monkeypatch.setattr(Envelope, "whole", later)
    assert "took effect more than once" in str(found(replace(FOUR_FILES, runners=1), Fault.KILL))


def test_looking_for_the_first_lost_file_only_is_found(monkeypatch: MonkeyPatch) -> None:
    """The server went on with the message: what came after is applied, and not reported."""

    def first_only(files: Any, *rest: Any) -> Lost:
        return Lost(files[:1], *rest)

    monkeypatch.setattr(_work, "Lost", first_only)
    assert "says nothing of ['3']" in str(found(replace(FOUR_FILES, runners=1), Fault.CUT))


def test_a_file_that_counts_before_its_commit_is_found(monkeypatch: MonkeyPatch) -> None:
    """Its record is answered, and then the transaction fails."""
    hear = Hearing.__call__

    def hasty(self: Hearing, tag: str, value: object) -> None:
        hear(self, tag, value)
        batch = self.message.batches[self.at] if self.at < len(self.message.files) else ()
        if self.tags and batch[len(self.tags)].role is Role.COMMIT:
            for _ in range(len(batch) - len(self.tags)):
                hear(self, "COMMIT", None)

    monkeypatch.setattr(Hearing, "__call__", hasty)
    story = str(found(replace(FOUR_FILES, runners=1), Fault.FAIL))
    assert "which is not recorded" in story


def test_a_file_that_counts_before_the_commit_of_all_is_found(monkeypatch: MonkeyPatch) -> None:
    """It has run in a transaction that others share, and that is undone in the end."""
    hear = Hearing.__call__

    def hasty(self: Hearing, tag: str, value: object) -> None:
        hear(self, tag, value)
        self._count()

    monkeypatch.setattr(Hearing, "__call__", hasty)
    rehearsal = replace(FOUR_FILES, runners=1, dialect=Sharing())
    assert "does not hold 002 any more" in str(found(rehearsal, Fault.FAIL))


def test_several_files_in_one_message_behind_a_pooler_are_found(monkeypatch: MonkeyPatch) -> None:
    """Whoever looks for the lost session is faster than it, and has no lock that tells."""
    monkeypatch.setattr(_work, "_together", lambda *_: 100)
    rehearsal = replace(FOUR_FILES, runners=1, pooled=True)
    assert "says nothing of" in str(found(rehearsal, Fault.CUT))


def test_a_retry_after_the_commit_is_found(monkeypatch: MonkeyPatch) -> None:
    """The session cannot be restored; the file is applied all the same."""
    bear = Patience.bear

    async def whatever_failed(self: Patience, failure: Failed) -> None:
        failure.item = None
        await bear(self, failure)

    monkeypatch.setattr(Patience, "bear", whatever_failed)
    rehearsal = Rehearsal(files=sample_folder("unlocks", "index"))
    assert "says nothing of" in str(found(rehearsal, Fault.BUSY))


# --- files that only define things ----------------------------------------------

DEFINING = replace(TWO_FILES, files=sample_folder("defines", "defines", "defines", "defines"))
"""The second and the third go out together, in few words."""


def test_a_brief_record_after_the_commit_is_found(monkeypatch: MonkeyPatch) -> None:
    """A kill in between leaves files that nobody has recorded."""
    in_company = Envelope.in_company

    def later(self: Envelope, *args: Any) -> Batch:
        batch = in_company(self, *args)
        record = [item for item in batch if item.role is Role.RECORD]
        return type(batch)((*(item for item in batch if item.role is not Role.RECORD), *record))

    monkeypatch.setattr(Envelope, "in_company", later)
    assert "is not recorded" in str(found(replace(DEFINING, runners=1), Fault.KILL))


def test_few_words_without_the_lock_are_found(monkeypatch: MonkeyPatch) -> None:
    """A file before gave the lock away: another runner has it, and fails for nothing."""
    monkeypatch.setattr(Envelope, "vouched", lambda _, __, brief: brief)
    files = sample_folder("unlocks", "defines", "defines")
    assert "failed without a reason" in str(found(replace(TWO_FILES, files=files)))
