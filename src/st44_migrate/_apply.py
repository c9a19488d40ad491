"""
One migration, from its claim to its record.

A transactional file is one batch (see `batch`), tried again whole when a lock
could not be had (see `_patience`).  Any other file commits unit by unit (see
`_stepwise`).
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import Enum, auto
from functools import partial

from ._patience import retrying
from ._sending import Failed, ask, culprit, send, tell_applied, undo
from ._stepwise import unit_by_unit
from ._world import World
from .batch import Batch, Envelope, Item, Role
from .dialects import Trouble
from .errors import DriverError
from .model import Pending

__all__ = ["Outcome", "apply_one"]


_NOT_NULL = frozenset({"23502", "SQLITE_CONSTRAINT_NOTNULL"})


class Outcome(Enum):
    """
    How an attempt ended, when it did not fail.
    """

    APPLIED = auto()
    OVERTAKEN = auto()
    """Somebody else recorded the version meanwhile; nothing of the file ran."""

    LOCK_LOST = auto()
    """Another runner is at work; nothing of the file ran."""


async def apply_one(world: World, envelope: Envelope, pending: Pending) -> Outcome:
    """
    Apply *pending*, or find that somebody else has.

    Raises:
        Failed: the file cannot be applied.

        LockTimeout: another runner's claim outlasted our patience.
    """
    if pending.script.transactional:
        return await retrying(world, pending, partial(_whole, world, envelope, pending))
    outcome = await retrying(world, pending, partial(_opened, world, envelope, pending))
    if outcome is Outcome.APPLIED:
        await unit_by_unit(world, envelope, pending)
    return outcome


# --- attempts -----------------------------------------------------------------


async def _whole(
    world: World, envelope: Envelope, pending: Pending, lock_timeout: float
) -> Outcome:
    batch = envelope.whole(pending, lock_timeout)
    outcome, tags = await _send_claim(world, envelope, pending, batch)
    if outcome is Outcome.APPLIED:
        answers = zip(batch, tags, strict=True)
        tell_applied(world, pending, [(i, tag) for i, tag in answers if i.role is Role.BODY], 0)
    return outcome


async def _send_claim(
    world: World, envelope: Envelope, pending: Pending, batch: Batch
) -> tuple[Outcome, Sequence[str]]:
    """
    Send a batch that begins with a claim; clean up whatever it leaves open.
    """
    try:
        return Outcome.APPLIED, await send(world, batch)
    except DriverError as error:
        item = culprit(batch, error)
        detail = await _explanation(world, item, error)
        if not error.lost:
            await world.shield(partial(undo, world, envelope, pending, batch, error))
        if item is not None and item.role is Role.GUARD:
            trouble = world.dialect.trouble(error)
            if trouble is Trouble.RECORDED:
                return Outcome.OVERTAKEN, ()
            if trouble is Trouble.LOCK_LOST:
                return Outcome.LOCK_LOST, ()
        raise Failed(item, error, detail=detail) from error
    except BaseException:
        await world.shield(partial(undo, world, envelope, pending))
        raise


async def _opened(
    world: World, envelope: Envelope, pending: Pending, lock_timeout: float
) -> Outcome:
    batch = envelope.opening(pending, lock_timeout)
    outcome, _ = await _send_claim(world, envelope, pending, batch)
    return outcome


async def _explanation(world: World, item: Item | None, error: DriverError) -> str:
    """
    Explain a failure of ours; asked before the file is rolled back.
    """
    if item is not None and item.role is Role.RECORD and error.sqlstate in _NOT_NULL:
        return "the ledger did not take the record: look for a trigger or a rule on it"
    if item is None or item.role is not Role.CHECK or error.lost:
        return ""
    found = await ask(world, world.dialect.violations())
    return f"foreign keys are violated: {'; '.join(found)}" if found else ""
