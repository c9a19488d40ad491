"""
How long to wait for a lock, and how: whole transactions, tried again.

While a statement waits for a lock, everybody who comes after it waits behind it.
So it waits for a short time only, then the whole transaction is given up: a
savepoint would keep the locks that it has.  Before the next attempt we look who
is in the way.  Behind a transaction that has been open for long there is no use
in queueing; behind short ones there is, since queueing is what lets them end.
If short ones win again and again, the waits become longer.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from itertools import count
from typing import TypeVar

from ._sending import Failed
from ._world import World, backoff
from .batch import Role
from .dialects import Trouble
from .errors import DriverError, LedgerError, LockTimeout
from .events import LockWaited, MigrationRetried
from .model import Pending
from .protocols import Row

__all__ = ["patiently", "retrying"]

T = TypeVar("T")

_CLAIMING = frozenset({Role.PROLOGUE, Role.BEGIN, Role.CLAIM, Role.GUARD})
"""What waits for another runner, not for the application."""

_YOUNG = 1.0
"""Seconds: a transaction younger than that is expected to end by itself."""

_LOOK_EVERY = 0.1

_LONGER_AFTER = 5
"""Attempts in vain before each doubling of the wait."""

_LONGEST_WAIT = 5.0


async def retrying(world: World, pending: Pending, attempt: Callable[[float], Awaitable[T]]) -> T:
    """
    Make *attempt* until it ends, or until our patience does.

    *attempt* is given how many seconds a statement may wait for a lock.

    Raises:
        Failed: with another reason than a lock, or after ``settings.retry_for``.

        LockTimeout: another runner was at it for ``settings.lock_wait``.
    """
    started = world.now()
    delays = backoff(0.1, 5.0, world.chance)
    for attempts in count(1):
        try:
            return await attempt(_allowance(world, attempts))
        except Failed as failure:
            if failure.error.lost or world.dialect.trouble(failure.error) is not Trouble.BUSY:
                raise
            waited = (world.now() - started).total_seconds()
            if failure.item is not None and failure.item.role in _CLAIMING:
                await _stand_in_line(world, pending, failure, waited, next(delays))
            else:
                delay = next(delays)
                await _step_back(
                    world, pending, failure, attempts=attempts, waited=waited, delay=delay
                )
    raise AssertionError  # count never ends


def _allowance(world: World, attempts: int) -> float:
    wait = world.settings.lock_timeout
    return min(wait * (1 << (attempts - 1) // _LONGER_AFTER), max(wait, _LONGEST_WAIT))


async def _stand_in_line(
    world: World, pending: Pending, failure: Failed, waited: float, delay: float
) -> None:
    left = world.settings.lock_wait - waited
    _tell_of_wait(world, waited, min(delay, left))
    if left <= 0:
        raise LockTimeout(
            f"{pending.migration.path}: another connection has been writing for {waited:.1f} s",
            unchanged="This file was not run; what was applied before it stays.",
            remedy="If it is another runner, wait for it and run again; else end that connection.",
        ) from failure.error
    await world.sleep(min(delay, left))


async def _step_back(
    world: World,
    pending: Pending,
    failure: Failed,
    *,
    attempts: int,
    waited: float,
    delay: float,
) -> None:
    """
    Say who is in the way, and wait, out of everybody's way, until it may help
    to try again.
    """
    query = world.dialect.holders(failure.item.sql if failure.item else "")
    holders = await _ask(world, query)
    blockers = tuple(str(text) for _, text in holders)
    left = world.settings.retry_for - waited
    if left <= 0:
        names = f"; in the way: {'; '.join(blockers)}" if blockers else ""
        failure.detail = (
            f"{failure.error.message}: no lock in {attempts} attempt(s), {waited:.0f} s{names}"
        )
        raise failure
    reason = failure.error.message
    world.emit(MigrationRetried(pending.migration, attempts, reason, delay, blockers))
    if not holders or any(age is None for age, _ in holders):
        # Nobody to be seen, or not by us: time is all there is to go by.
        await world.sleep(min(delay, left))
        return
    while left > 0 and any(age is not None and age >= _YOUNG for age, _ in holders):
        await world.sleep(_LOOK_EVERY)
        left -= _LOOK_EVERY
        holders = await _ask(world, query)


async def patiently(
    world: World, call: Callable[[], Awaitable[T]], patience: float | None = None
) -> T:
    """
    Make *call*, which reads or prepares the ledger, again while the database
    is locked by another connection; *patience* None is ``settings.lock_wait``.

    Raises:
        LockTimeout: it was locked for that long.
    """
    limit = world.settings.lock_wait if patience is None else patience
    started = world.now()
    for delay in backoff(0.025, 1.0, world.chance):
        try:
            return await call()
        except LedgerError as error:
            cause = error.__cause__
            locked = isinstance(cause, DriverError) and world.dialect.trouble(cause) is Trouble.BUSY
            if not locked:
                raise
            waited = (world.now() - started).total_seconds()
            left = limit - waited
            _tell_of_wait(world, waited, min(delay, left))
            if left <= 0:
                raise LockTimeout(
                    f"the database was locked by another connection for {waited:.1f} s",
                    unchanged="Nothing was run.",
                    remedy="Wait until it is done, or end it, and run again.",
                ) from error
            await world.sleep(min(delay, left))
    raise AssertionError  # backoff never ends


def _tell_of_wait(world: World, waited: float, delay: float) -> None:
    """
    Tell of a wait that the database has made for us, also of the last one.
    """
    world.emit(LockWaited("another connection", waited, max(delay, 0.0)))


async def _ask(world: World, query: str | None) -> Sequence[Row]:
    if query is None:
        return ()
    try:
        return await world.conn.fetch(query)
    except DriverError:
        return ()
