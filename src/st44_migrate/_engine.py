"""
The order of effects, and nothing else.

Theory of operation
-------------------

Rule 1.  *The ledger alone says what is applied.*  It is read first, without a
lock; if nothing is pending, that one query is the whole run.  It is read again
under the lock, and once more at the end, before success is reported.

Rule 2.  *A migration is claimed before it runs* (see `batch`).  The claim, the
file and the record commit together.  Whatever happens to the lock, a second
runner waits on the claim, then finds the record, and nothing of the file runs.

Rule 3.  *The lock is manners, not correctness.*  It keeps other runners waiting
where they do no harm, and lets us say who works.  It lives on the connection
that works and dies with it.

Rule 4.  *Everything is read before anything runs.*  A file that cannot be taken
as it is, or a folder that disagrees with the ledger, stops the run while the
database is untouched.

Rule 5.  *Cleanup is shielded and never load-bearing.*  The end of a connection
undoes the same.

Rule 6.  *A connection that is lost around COMMIT says nothing.*  The run goes on in
a new session (see `_run`), takes the lock, which the old one has to have lost,
and looks: recorded means applied.

This module decides nothing that `plan` could decide, writes no SQL (`batch`,
`ledger`, `journal`, `dialects` do), and knows neither time nor an event loop:
every ``await`` is a database call, a sleep or a shield.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial

from . import _refusals
from ._apply import Outcome, apply_next
from ._failures import before, conflict, failed, not_of_the_file, recorder, unwritable
from ._ground import Ground, acquire, standing
from ._lost import find_lost
from ._patience import patiently
from ._progress import Lost, Progress, compare
from ._sending import Failed, quietly
from ._stepwise import resolve_doubts
from ._world import World
from .dialects import Trouble
from .errors import MigrateError
from .events import MigrationFailed, MigrationSkipped, RunStarted
from .model import History, Migration, Pending, Plan, Report

__all__ = ["SessionLost", "apply", "plan"]


_READING_PATIENCE = 5.0
"""Seconds that a look waits for a database which another connection has locked."""


class SessionLost(Exception):
    """
    The connection broke while a transactional file was on its way.
    """


async def plan(world: World, migrations: Sequence[Migration]) -> Plan:
    """
    Compare folder and ledger.  Reads only: one query where nothing is pending.
    """
    history = await _read(world, _READING_PATIENCE)
    made = compare(world, migrations, history)
    if not made.pending:
        return made
    footing = await world.ledger.inspect(world.conn)
    return compare(world, migrations, replace(history, width=footing.width))


async def apply(world: World, progress: Progress) -> Report:
    """
    Apply what is pending, each file once, in order.

    Raises:
        SourceError, PlanError, LedgerError: nothing ran.

        LockTimeout: another runner did not end in time.

        ApplyError: a file failed; its *report* says what stays.

        SessionLost: a new session has to look how *progress* stands.
    """
    progress.look(world, await _read(world))
    # Another runner may be at work on a file that commits step by step:
    # whether it is in doubt can only be said under the lock.
    _refusals.refuse(progress.plan, unless="unfinished")
    if not (progress.plan.pending or progress.plan.errors or progress.lost):
        progress.warn(world)
        return progress.report(world.now)
    if not progress.announced:
        progress.announced = True
        world.emit(RunStarted(world.database, len(progress.plan.pending), progress.skipped))
    async with standing(world) as ground:
        while await _pass(world, progress, ground):
            pass
        # Success is what the ledger says, not what we remember.
        progress.look(world, await _read(world))
        _refusals.refuse_untrue(progress)
    return progress.report(world.now)


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
        files = progress.pace.take(progress.queue, _together(world, ground))
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
    Say how many files may go out in one message.

    Behind a pooler, whoever looks for a lost session may look at a file before the
    session has begun it, and has no lock that would tell.
    """
    return world.settings.batch if world.dialect.batches and not ground.pooled else 1


def _alone(world: World, ground: Ground) -> bool:
    """
    Whether no other runner can be at work, since we hold the lock.
    """
    return world.dialect.locks_sessions and not ground.pooled


async def _read(world: World, patience: float | None = None) -> History:
    return await patiently(world, lambda: world.ledger.read(world.conn), patience)


async def _history(world: World, progress: Progress, ground: Ground) -> History:
    """
    Read the history under the lock, with every doubt resolved that can be.
    """
    for pending in progress.lost.files if progress.lost is not None and ground.pooled else ():
        # No lock says that the old session is gone: its claim does.
        await quietly(world, [item.sql for item in ground.envelope.probe(pending)])
    history = await _read(world)
    files = {migration.version: migration for migration in progress.migrations}
    if await resolve_doubts(world, ground.envelope, files, history):
        history = await _read(world)
    return replace(history, width=ground.footing.width)


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
            progress.lost = Lost(rest, failure, ground.footing.session)
            raise SessionLost from failure.error
        raise await _failure(world, progress, ground, pending, failure) from failure.error
    finally:
        world.current.migration = None
    if outcome is not Outcome.APPLIED:
        world.emit(MigrationSkipped(progress.at_hand.migration))
    progress.pace.note((world.now() - began).total_seconds())
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
