"""
Looking at ledger and journal: patiently, and no closer than necessary.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from typing import TypeVar

from ._progress import Progress
from ._world import World, backoff
from .dialects import Footing, Trouble
from .errors import DriverError, LedgerError, LockTimeout
from .events import LockWaited
from .model import History

__all__ = ["look", "patiently", "read", "seen", "tell_of_wait"]

T = TypeVar("T")


async def look(world: World, progress: Progress) -> None:
    """
    Let *progress* know how things stand.

    Where the database says, by a digest, that the folder is applied as it is,
    that is all there is to know, and no row of it is read.
    """
    digest = progress.digest()
    if digest is None:
        progress.look(world, await read(world))
        return
    history = await patiently(world, lambda: world.ledger.read_unless(world.conn, digest))
    if history is None:
        progress.settle()
    else:
        progress.look(world, history)


async def read(world: World, patience: float | None = None) -> History:
    """
    Read ledger and journal.
    """
    return await patiently(world, lambda: world.ledger.read(world.conn), patience)


def seen(history: History, footing: Footing) -> History:
    """
    Add what the ledger's column takes.
    """
    return replace(history, width=footing.width, numeric=footing.numeric)


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
            tell_of_wait(world, waited, min(delay, left))
            if left <= 0:
                raise LockTimeout(
                    f"the database was locked by another connection for {waited:.1f} s",
                    unchanged="Nothing was run.",
                    remedy="Wait until it is done, or end it, and run again.",
                ) from error
            await world.sleep(min(delay, left))
    raise AssertionError  # backoff never ends


def tell_of_wait(world: World, waited: float, delay: float) -> None:
    """
    Tell of a wait that the database has made for us, also of the last one.
    """
    world.emit(LockWaited("another connection", waited, max(delay, 0.0)))
