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
from typing import TypeVar

from ._reading import tell_of_wait
from ._sending import Failed
from ._world import World, backoff
from .dialects import Trouble
from .errors import DriverError, LockTimeout
from .events import MigrationRetried
from .items import Role
from .model import Pending
from .protocols import Row

__all__ = ["Patience", "retrying"]

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
    Make *attempt* until it ends, or until our patience does; see `Patience`.

    *attempt* is given how many seconds a statement may wait for a lock.
    """
    patience = Patience(world, pending)
    while True:
        try:
            return await attempt(patience.allowance)
        except Failed as failure:
            await patience.bear(failure)


class Patience:
    """
    What is left of our patience with *pending*, from its first attempt on.
    """

    def __init__(self, world: World, pending: Pending) -> None:
        self._world = world
        self._pending = pending
        self._started = world.now()
        self._delays = backoff(0.1, 5.0, world.chance)
        self._attempts = 1

    @property
    def allowance(self) -> float:
        """
        How many seconds a statement may wait for a lock in this attempt.
        """
        wait = self._world.settings.lock_timeout
        longer = wait * (1 << (self._attempts - 1) // _LONGER_AFTER)
        return min(longer, max(wait, _LONGEST_WAIT))

    async def bear(self, failure: Failed) -> None:
        """
        Wait until another attempt may help.

        Raises:
            Failed: *failure*, if it has another reason than a lock, or after
                ``settings.retry_for``.

            LockTimeout: another runner was at it for ``settings.lock_wait``.
        """
        world, error, item = self._world, failure.error, failure.item
        committed = item is not None and item.role is Role.RESTORE
        trouble = world.dialect.trouble(error)
        # Where an upsert takes two statements, another's row may come in between.
        claimed = item is not None and item.role is Role.CLAIM and trouble is Trouble.EXISTS
        if error.lost or committed or not (claimed or trouble is Trouble.BUSY):
            raise failure
        waited = (world.now() - self._started).total_seconds()
        delay = next(self._delays)
        if item is not None and item.role in _CLAIMING:
            await self._stand_in_line(failure, waited, delay)
        else:
            await self._step_back(failure, waited, delay)
        self._attempts += 1

    async def _stand_in_line(self, failure: Failed, waited: float, delay: float) -> None:
        left = self._world.settings.lock_wait - waited
        tell_of_wait(self._world, waited, min(delay, left))
        if left <= 0:
            path = self._pending.migration.path
            raise LockTimeout(
                f"{path}: another connection has been writing for {waited:.1f} s",
                unchanged="This file was not run; what was applied before it stays.",
                remedy="If it is another runner, wait for it and run again; else end that connection.",
            ) from failure.error
        await self._world.sleep(min(delay, left))

    async def _step_back(self, failure: Failed, waited: float, delay: float) -> None:
        """
        Say who is in the way, and wait, out of everybody's way, until it may help
        to try again.
        """
        world = self._world
        query = world.dialect.holders(failure.item.sql if failure.item else "")
        holders = await _ask(world, query)
        blockers = tuple(str(text) for _, text in holders)
        left = world.settings.retry_for - waited
        reason = failure.error.message
        if left <= 0:
            names = f"; in the way: {'; '.join(blockers)}" if blockers else ""
            failure.detail = (
                f"{reason}: no lock in {self._attempts} attempt(s), {waited:.0f} s{names}"
            )
            raise failure
        world.emit(
            MigrationRetried(self._pending.migration, self._attempts, reason, delay, blockers)
        )
        if not holders or any(age is None for age, _ in holders):
            # Nobody to be seen, or not by us: time is all there is to go by.
            await world.sleep(min(delay, left))
            return
        while left > 0 and any(age is not None and age >= _YOUNG for age, _ in holders):
            await world.sleep(_LOOK_EVERY)
            left -= _LOOK_EVERY
            holders = await _ask(world, query)


async def _ask(world: World, query: str | None) -> Sequence[Row]:
    if query is None:
        return ()
    try:
        return await world.conn.fetch(query)
    except DriverError:
        return ()
