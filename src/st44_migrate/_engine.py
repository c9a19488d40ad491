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

from . import _refusals
from ._progress import Progress, compare
from ._reading import look, read, seen
from ._world import World
from .events import RunStarted
from .model import Migration, Plan, Report

__all__ = ["apply", "plan"]


_READING_PATIENCE = 5.0
"""Seconds that a look waits for a database which another connection has locked."""


async def plan(world: World, migrations: Sequence[Migration]) -> Plan:
    """
    Compare folder and ledger.  Reads only: one query where nothing is pending.
    """
    history = await read(world, _READING_PATIENCE)
    made = compare(world, migrations, history)
    if not made.pending:
        return made
    footing = await world.ledger.inspect(world.conn)
    return compare(world, migrations, seen(history, footing))


async def apply(world: World, progress: Progress) -> Report:
    """
    Apply what is pending, each file once, in order.

    Raises:
        SourceError, PlanError, LedgerError: nothing ran.

        LockTimeout: another runner did not end in time.

        ApplyError: a file failed; its *report* says what stays.

        SessionLost: a new session has to look how *progress* stands.
    """
    await look(world, progress)
    # Another runner may be at work on a file that commits step by step:
    # whether it is in doubt can only be said under the lock.
    _refusals.refuse(progress.plan, unless="unfinished")
    if not (progress.plan.pending or progress.plan.errors or progress.lost):
        progress.warn(world)
        return progress.report(world.now)
    if not progress.announced:
        progress.announced = True
        world.emit(RunStarted(world.database, len(progress.plan.pending), progress.skipped))
    from ._work import work_through  # all that acts: not needed where nothing is to be done

    await work_through(world, progress)
    return progress.report(world.now)
