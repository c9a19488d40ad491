"""
From claims to records: the next files of a run.

Transactional files go out together, as many as the engine says (see `message`).
One that meets a lock is tried again, whole and alone (see `_patience`); so is one
that fails in company through no fault of its own.  Any other file commits unit by
unit (see `_stepwise`).
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from enum import Enum, auto
from functools import partial

from ._hearing import Hearing
from ._patience import Patience, retrying
from ._progress import Progress
from ._sending import Failed, ask, culprit, quietly, send, undo
from ._world import World
from .batch import Envelope
from .dialects import Company, Trouble
from .errors import DriverError
from .items import Item, Role
from .message import Message, compose
from .model import Pending

__all__ = ["Outcome", "apply_next"]


_NOT_NULL = frozenset({"23502", "SQLITE_CONSTRAINT_NOTNULL"})

_THE_FILES_OWN = frozenset({Role.BODY, Role.COMMIT, Role.RESTORE})
"""What says something about a file when it fails."""


class Outcome(Enum):
    """
    How an attempt ended, when it did not fail.
    """

    APPLIED = auto()
    OVERTAKEN = auto()
    """Somebody else recorded the version meanwhile; nothing of the file ran."""

    LOCK_LOST = auto()
    """Another runner is at work; nothing of the file ran."""


async def apply_next(
    world: World, envelope: Envelope, progress: Progress, files: Sequence[Pending]
) -> Outcome:
    """
    Apply *files*, which are the next ones, or the first of them; or find that
    somebody else has.  What is applied is told to *progress*.

    Raises:
        Failed: the file at hand cannot be applied.

        LockTimeout: another runner's claim outlasted our patience.
    """
    if files[0].script.transactional:
        return await _together(world, envelope, progress, files)
    from ._stepwise import unit_by_unit

    (pending,) = files
    outcome = await retrying(world, pending, partial(_opened, world, envelope, pending))
    if outcome is Outcome.APPLIED:
        await unit_by_unit(world, envelope, pending)
        progress.done(world)
    return outcome


async def _together(
    world: World, envelope: Envelope, progress: Progress, files: Sequence[Pending]
) -> Outcome:
    """
    Send *files* in one message; the one that stops it is tried again alone.
    """
    patience = Patience(world, files[0])
    while True:
        try:
            return await _whole(world, envelope, progress, files, patience.allowance)
        except Failed as failure:
            if failure.error.lost or failure.item is None:
                raise
            in_company, files = len(files) > 1, (progress.at_hand,)
            if in_company:
                patience = Patience(world, progress.at_hand)
                if _is_ours(world, failure):
                    # Alone, it is put in other words, and shows what is wrong.
                    envelope.briefly = False
                    continue
            await patience.bear(failure)


def _is_ours(world: World, failure: Failed) -> bool:
    """
    Whether a statement of ours failed, for another reason than a lock.
    """
    if failure.item is None or failure.item.role in _THE_FILES_OWN:
        return False
    return world.dialect.trouble(failure.error) is not Trouble.BUSY


# --- attempts -----------------------------------------------------------------


async def _whole(
    world: World,
    envelope: Envelope,
    progress: Progress,
    files: Sequence[Pending],
    lock_timeout: float,
) -> Outcome:
    message = compose(envelope, files, lock_timeout)
    most = world.settings.batch if world.dialect.company is Company.MESSAGE else 0
    following = progress.pace.following(progress.queue, len(files), most, envelope.joins)
    meanwhile = partial(envelope.foresee, following, lock_timeout)
    hearing = Hearing(world, progress, message, envelope.forms, meanwhile)
    tidy = partial(_tidy, world, envelope, hearing)
    try:
        await world.conn.run([item.sql for item in message.items], hearing)
        hearing.conclude()
    except DriverError as error:
        item, number = _blamed(world, message, hearing, error)
        if number > hearing.at and not error.lost:
            # A mistake that is seen before anything is begun, or that undoes all of it:
            # what stands before that file is not applied yet.
            if world.dialect.company is Company.TRANSACTION:
                await world.shield(tidy)
                progress.pace.files = 1
            return await _whole(world, envelope, progress, files[:number], lock_timeout)
        return await _failed_at(world, item, error, partial(tidy, item))
    except BaseException:
        await world.shield(tidy)
        raise
    return Outcome.APPLIED


async def _tidy(
    world: World, envelope: Envelope, hearing: Hearing, item: Item | None = None
) -> None:
    """
    Undo what was begun; see to it that what stays of a message stays for good.

    Raises:
        Failed: the session is lost, so that nobody knows.
    """
    await undo(world, envelope, hearing.pending, item)
    files = hearing.message.files
    if hearing.at:
        # What was restored behind its commit was undone with the transaction that came next.
        before = envelope.restore(files[hearing.at - 1].script)
        await quietly(world, [left.sql for left in before])
    flush = world.dialect.flush() if len(files) > 1 else ()
    if flush:
        try:
            await world.conn.run(flush)
        except DriverError as error:
            if error.lost:
                raise Failed(None, error) from error


def _blamed(
    world: World, message: Message, hearing: Hearing, error: DriverError
) -> tuple[Item | None, int]:
    """
    Find the item that failed, and the number of the first file that may be why.
    """
    item = culprit(message.items, error)
    if item is None:
        return None, hearing.at
    number = message.file_of(error.index or 0)
    if world.dialect.company is not Company.TRANSACTION or number == hearing.at:
        return item, number
    if error.lost or world.dialect.trouble(error) is Trouble.CANCELLED:
        # That was none of them, and undoes them all.
        return None, hearing.at
    # The COMMIT does not say: the first goes alone, and then the next ones.
    return item, 1 if item.role is Role.COMMIT else number


async def _opened(
    world: World, envelope: Envelope, pending: Pending, lock_timeout: float
) -> Outcome:
    batch = envelope.opening(pending, lock_timeout)
    tidy = partial(undo, world, envelope, pending)
    try:
        await send(world, batch)
    except DriverError as error:
        item = culprit(batch, error)
        return await _failed_at(world, item, error, partial(tidy, item))
    except BaseException:
        await world.shield(tidy)
        raise
    return Outcome.APPLIED


async def _failed_at(
    world: World, item: Item | None, error: DriverError, tidy: Callable[[], Awaitable[None]]
) -> Outcome:
    """
    Clean up, and say what the failure of *item* means.
    """
    detail = await _explanation(world, item, error)
    if not error.lost:
        await world.shield(tidy)
    if item is not None and item.role is Role.GUARD:
        trouble = world.dialect.trouble(error)
        if trouble is Trouble.RECORDED:
            return Outcome.OVERTAKEN
        if trouble is Trouble.LOCK_LOST:
            return Outcome.LOCK_LOST
    raise Failed(item, error, detail=detail) from error


async def _explanation(world: World, item: Item | None, error: DriverError) -> str:
    """
    Explain a failure of ours; asked before the file is rolled back.
    """
    refused = error.sqlstate in _NOT_NULL or world.dialect.trouble(error) is Trouble.RECORDED
    if item is not None and item.role is Role.RECORD and refused:
        return "the ledger did not take the record: look for a trigger or a rule on it"
    if item is None or item.role is not Role.CHECK or error.lost:
        return ""
    found = await ask(world, world.dialect.violations())
    return f"foreign keys are violated: {'; '.join(found)}" if found else ""
