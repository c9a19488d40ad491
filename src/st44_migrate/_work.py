"""
Working through a plan, under the lock: the acting half of the engine.

`_engine` says in which order and why; a run that has nothing to do never gets here.
"""

from __future__ import annotations

from functools import partial

from . import _refusals
from ._apply import Outcome, apply_next
from ._failures import before, conflict, failed, not_of_the_file, recorder, unwritable
from ._ground import Ground, acquire, standing
from ._lost import find_lost
from ._progress import Lost, Progress, SessionLost
from ._reading import look, read, seen
from ._sending import Failed, quietly
from ._world import World
from .baselines import in_force
from .dialects import Company, Trouble
from .errors import MigrateError
from .events import MigrationFailed, MigrationSkipped
from .model import History, Pending

__all__ = ["work_through"]


async def work_through(world: World, progress: Progress) -> None:
    """
    Apply what is pending; see `_engine.apply` for what is raised.
    """
    async with standing(world) as ground:
        while await _pass(world, progress, ground):
            pass
        # Success is what the ledger says, not what we remember.
        await look(world, progress)
        _refusals.refuse_untrue(progress)


async def _pass(world: World, progress: Progress, ground: Ground) -> bool:
    """
    Plan under the lock and work through the plan.

    Returns:
        Whether somebody was faster somewhere, so that another pass is due.
    """
    progress.look(world, await _history(world, progress, ground))
    find_lost(world, progress)
    _refusals.refuse(progress.plan)
    _refusals.refuse_pooled(progress.plan, pooled=ground.pooled)
    progress.warn(world)
    while progress.queue:
        files = progress.pace.take(progress.queue, _together(world, ground), ground.envelope.joins)
        if not files[0].script.transactional and await _regained(world, progress, ground):
            return True
        outcome = await _next(world, progress, ground, files)
        if outcome is Outcome.APPLIED:
            continue
        if outcome is Outcome.LOCK_LOST:
            await _take_again(world, progress, ground)
            return True
        given_away = await _regained(world, progress, ground)
        others = given_away or not _alone(world, ground)
        if not others or recorder(progress.ran, progress.at_hand.migration):
            raise conflict(progress.at_hand, progress.ran, progress.report(world.now))
        return True
    return False


async def _regained(world: World, progress: Progress, ground: Ground) -> bool:
    """
    Take the lock again if a file gave it away: others may have worked meanwhile.

    Returns:
        Whether one did.
    """
    if await ground.lock.held(world.conn):
        return False
    await _take_again(world, progress, ground)
    return True


async def _take_again(world: World, progress: Progress, ground: Ground) -> None:
    await acquire(world, ground.lock, before(progress.report(world.now)))


def _together(world: World, ground: Ground) -> int:
    """
    Say how many files may go out together.

    Behind a pooler, whoever looks for a lost session may look at a file before the
    session has begun it, and has no lock that would tell.
    """
    in_company = world.dialect.company is not Company.NONE and not ground.pooled
    return world.settings.batch if in_company else 1


def _alone(world: World, ground: Ground) -> bool:
    """
    Whether no other runner can be at work, since we hold the lock.
    """
    return world.dialect.locks_sessions and not ground.pooled


async def _history(world: World, progress: Progress, ground: Ground) -> History:
    """
    Read the history under the lock, with every doubt resolved that can be.
    """
    for pending in progress.lost.files if progress.lost is not None and ground.pooled else ():
        # No lock says that the old session is gone: its claim does.
        await quietly(world, [item.sql for item in ground.envelope.probe(pending)])
    history = await read(world)
    if any(left.in_doubt for left in history.leftovers):
        from ._stepwise import resolve_doubts

        files = {file.version: file for file in in_force(progress.migrations, history)}
        if await resolve_doubts(world, ground.envelope, files, history):
            history = await read(world)
    return seen(history, ground.footing)


async def _next(
    world: World, progress: Progress, ground: Ground, files: tuple[Pending, ...]
) -> Outcome:
    """
    Apply *files*, which are the next ones, or the first of them.
    """
    done, began = len(progress.applied), world.now()
    progress.start(world, files[0])
    try:
        outcome = await apply_next(world, ground.envelope, progress, files)
    except Failed as failure:
        rest = files[len(progress.applied) - done :]
        pending = rest[0] if rest else files[-1]
        if failure.error.lost and pending.script.transactional:
            progress.lost = Lost(rest, failure, ground.footing.session, files, done)
            raise SessionLost from failure.error
        raise await _failure(world, progress, ground, pending, failure) from failure.error
    finally:
        world.current.migration = None
    if outcome is Outcome.OVERTAKEN:
        world.emit(MigrationSkipped(progress.at_hand.migration))
    progress.pace.note((world.now() - began).total_seconds(), world.dialect.company)
    return outcome


async def _failure(
    world: World, progress: Progress, ground: Ground, pending: Pending, failure: Failed
) -> MigrateError:
    """
    Make of *failure* what is raised; note it in the journal, and tell the observer.
    """
    readonly = world.dialect.trouble(failure.error) is Trouble.READONLY
    if readonly and not_of_the_file(pending, failure):
        return unwritable(world.database, failure, progress.report(world.now))
    if not failure.error.lost:
        # As far as the connection allows.
        note = ground.envelope.failure(pending, failure.error.message)
        await world.shield(partial(quietly, world, [item.sql for item in note]))
    error = failed(pending, failure, progress.report(world.now))
    world.emit(MigrationFailed(pending.migration, error))
    return error
