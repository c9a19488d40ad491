"""
Before anything is written, and after: look, refuse, take the lock; give it back.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from functools import partial
from typing import NamedTuple

from ._reading import patiently
from ._sending import forget, quietly
from ._world import World, backoff
from .batch import Envelope
from .dialects import Footing
from .errors import ConfigError, DatabaseUnavailable, DriverError, LockTimeout
from .events import LockAcquired, LockWaited, PoolerFound
from .forms import Forms
from .locks import lock_for, lock_key
from .protocols import Lock

__all__ = ["Ground", "acquire", "standing"]


class Ground(NamedTuple):
    """
    A session that may write: ledger and journal exist, the lock is ours.

    *pooled*: a pooler stands between, so there is no lock of the session.
    """

    footing: Footing
    lock: Lock
    pooled: bool
    envelope: Envelope


@asynccontextmanager
async def standing(world: World) -> AsyncGenerator[Ground, None]:
    """
    Make the session fit for writing, and leave it as it was found.

    Raises:
        DatabaseUnavailable: the server cannot be written to.

        LedgerError: the ledger is not one of ours, or cannot be created.

        LockTimeout: another runner did not end in time.
    """
    footing = await patiently(world, lambda: world.ledger.inspect(world.conn))
    _refuse_readonly(footing)
    pooled = _pooled(world, footing)
    lock = lock_for(world.dialect, world.ledger.name, footing, pooled=pooled)
    forms = Forms()
    try:
        await quietly(world, world.dialect.settle(footing, pooled=pooled))
        await acquire(world, lock)
        found = await patiently(world, lambda: world.ledger.ensure(world.conn, footing))
        footing = found._replace(session=footing.session)
        yield Ground(footing, lock, pooled, _envelope(world, footing, forms, pooled=pooled))
    finally:
        await world.shield(partial(_leave, world, lock, footing, forms))


def _refuse_readonly(footing: Footing) -> None:
    if footing.session.standby:
        raise DatabaseUnavailable(
            "the server is a standby: it replays another server's changes and takes none",
            transient=False,
            remedy="Use the URL of the primary.",
        )
    if footing.session.readonly:
        raise DatabaseUnavailable(
            "the session is read-only (default_transaction_read_only)",
            transient=False,
            remedy="Use a role and a server that may write.",
        )


def _pooled(world: World, footing: Footing) -> bool:
    greeted, working = world.conn.backend_pid, footing.session.pid
    if greeted is None or working is None or greeted == working:
        return False
    if world.settings.session_pooler:
        return False
    if getattr(world.conn, "one_by_one", False):
        # What a file sets for its session would be taken back in another one.
        raise ConfigError(
            "a connection pooler stands before this server, and the driver of this connection"
            " sends one statement at a time: each may reach another session of the server",
            unchanged="Nothing was run.",
            remedy="Pass the database URL, or a connection that goes to the server directly; or set"
            " session_pooler if the pooler keeps one server session for each client session.",
        )
    world.emit(
        PoolerFound(
            "a connection pooler stands before this server: no lock is taken for the session, and"
            " files that cannot run in a transaction are refused; give a direct URL, or say"
            " session_pooler if it pools whole sessions"
        )
    )
    return True


async def acquire(world: World, lock: Lock, unchanged: str = "Nothing was run.") -> None:
    """
    Poll for *lock*, saying who has it.

    Raises:
        LockTimeout: not within ``settings.lock_wait`` seconds.
    """
    started = world.now()
    holder = ""
    for delay in backoff(0.025, 2.0, world.chance):
        try:
            if await lock.try_acquire(world.conn):
                world.emit(LockAcquired((world.now() - started).total_seconds()))
                return
            holder = await lock.holder(world.conn)
        except DriverError as error:
            raise DatabaseUnavailable(
                f"the lock cannot be taken: {error.message}", transient=error.lost
            ) from error
        waited = (world.now() - started).total_seconds()
        if waited >= world.settings.lock_wait:
            break
        delay = min(delay, world.settings.lock_wait - waited)  # noqa: PLW2901 -- never beyond the end
        world.emit(LockWaited(holder, waited, delay))
        await world.sleep(delay)
    raise LockTimeout(
        f"another runner holds the lock: {holder}; gave up after {world.settings.lock_wait:g} s",
        unchanged=unchanged,
        remedy="Wait until it is done and run again, or end that session if nobody needs it.",
    )


def _envelope(world: World, footing: Footing, forms: Forms, *, pooled: bool) -> Envelope:
    return Envelope(
        dialect=world.dialect,
        ledger=world.ledger,
        footing=footing,
        signature=world.signature,
        key=lock_key(world.ledger.name, footing.schema),
        pooled=pooled,
        patience=world.settings.lock_wait,
        forms=forms,
    )


async def _leave(world: World, lock: Lock, footing: Footing, forms: Forms) -> None:
    world.current.quiet = True
    await lock.release(world.conn)
    if world.conn.borrowed:
        await forget(world, forms)
        await quietly(
            world, world.dialect.release(footing, key=lock_key(world.ledger.name, footing.schema))
        )
