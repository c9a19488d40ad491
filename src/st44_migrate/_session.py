"""
One session for one operation: wait for the database, connect, work, close.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from functools import partial
from typing import NamedTuple, TypeVar

from ._world import Current, World, backoff
from .dialects import Dialect, dialect_named
from .errors import ConfigError, DatabaseUnavailable, DriverError
from .events import Event, NoticeReceived, WaitingForDatabase
from .journal import Signature
from .ledger import TableLedger
from .model import Settings
from .plan import Reader
from .protocols import (
    AsyncConnection,
    AsyncDriver,
    AsyncSleep,
    Attend,
    Clock,
    Ledger,
    Notice,
    Observer,
    Shield,
)
from .shapes import OtherShape

__all__ = ["Setup", "dialect_of", "evading", "guarded", "within_session"]

T = TypeVar("T")

_CONNECT_TIMEOUT = 10.0
"""Seconds for one attempt to connect, where nobody asked to wait longer."""


class Setup(NamedTuple):
    """
    What a runner was made of; see `World` for the meaning of most of it.

    *ledger* None stands for the two tables that the settings name, *dialect*
    None for the one that the driver names.
    """

    driver: AsyncDriver
    settings: Settings
    observer: Observer
    ledger: Ledger | None
    now: Clock
    sleep: AsyncSleep
    chance: Callable[[], float]
    shield: Shield
    attend: Attend
    dialect: Dialect | None = None


async def within_session(
    setup: Setup,
    operation: Callable[[World], Awaitable[T]],
    *,
    signature: Signature,
    readonly: bool,
) -> T:
    """
    Open a session, run *operation* in it, and close it whatever happens.

    Raises:
        DatabaseUnavailable: there is none within ``settings.wait`` seconds.
    """
    dialect = setup.dialect or dialect_of(setup.driver)
    ledger = setup.ledger or TableLedger(dialect, setup.settings.ledger)
    emit = guarded(setup.observer)
    current = Current()
    conn = await _connect(setup, emit, _notices(emit, current), readonly=readonly)
    world = World(
        conn=conn,
        dialect=dialect,
        ledger=ledger,
        settings=setup.settings,
        signature=signature,
        database=setup.driver.describe(),
        read=Reader(dialect.name, setup.settings.ledger.table),
        now=setup.now,
        sleep=setup.sleep,
        chance=setup.chance,
        shield=setup.shield,
        attend=setup.attend,
        second_session=partial(
            setup.driver.connect, timeout=_CONNECT_TIMEOUT, readonly=True, notice=_unheard
        ),
        emit=emit,
        current=current,
    )
    try:
        try:
            return await operation(world)
        except OtherShape:
            # The name was taken when another tool's ledger was adopted.
            evasive = await evading(world)
            if setup.ledger is not None or not (await evasive.ledger.inspect(conn)).is_ours:
                raise
            return await operation(evasive)
    except DriverError as error:
        raise DatabaseUnavailable(
            f"the connection failed: {error.message}",
            transient=error.lost,
            unchanged="What was applied before stays.",
            remedy="Look with st44-migrate status, and run again.",
        ) from error
    finally:
        current.quiet = True
        await setup.shield(conn.close)


async def evading(world: World) -> World:
    """
    Work with the ledger of the other name, beside another tool's table.
    """
    name = world.settings.ledger.evasive
    return replace(
        world,
        ledger=TableLedger(world.dialect, name),
        settings=replace(world.settings, ledger=name),
        read=Reader(world.dialect.name, name.table),
    )


def dialect_of(driver: AsyncDriver) -> Dialect:
    """
    Return the dialect that *driver* brings as its *grammar*, or else names.

    Raises:
        ConfigError: there is no such thing.
    """
    grammar: Dialect | None = getattr(driver, "grammar", None)
    if grammar is not None:
        return grammar
    try:
        return dialect_named(driver.dialect)
    except LookupError as error:
        raise ConfigError(
            f"there is no dialect {driver.dialect!r}",
            remedy="Use postgresql, sqlite or mariadb; or give the driver a grammar of its own.",
        ) from error


async def _connect(
    setup: Setup, emit: Callable[[Event], None], notice: Notice, *, readonly: bool
) -> AsyncConnection:
    """
    Try until the database is there, as long as waiting can help.
    """
    started = setup.now()
    limit = setup.settings.wait
    for delay in backoff(0.1, 2.0, setup.chance):
        left = limit - (setup.now() - started).total_seconds()
        timeout = min(_CONNECT_TIMEOUT, left) if limit > 0 else _CONNECT_TIMEOUT
        try:
            return await setup.driver.connect(
                timeout=max(timeout, 1.0), readonly=readonly, notice=notice
            )
        except DatabaseUnavailable as error:
            waited = (setup.now() - started).total_seconds()
            if not error.transient or waited >= limit:
                raise
            emit(WaitingForDatabase(error.happened, waited, delay))
            await setup.sleep(min(delay, limit - waited))
    raise AssertionError  # backoff never ends


def _notices(emit: Callable[[Event], None], current: Current) -> Notice:
    def notice(severity: str, message: str, detail: str | None, hint: str | None) -> None:
        if not current.quiet:
            emit(NoticeReceived(current.migration, severity, message, detail, hint))

    return notice


def _unheard(severity: str, message: str, detail: str | None, hint: str | None) -> None:
    del severity, message, detail, hint


def guarded(observer: Observer) -> Callable[[Event], None]:
    """
    Keep an observer's failure from becoming the migration's, and let it hear one
    event at a time: a blocking runner looks at long statements in a thread.
    """
    from _thread import RLock

    one_at_a_time = RLock()

    def emit(event: Event) -> None:
        try:
            with one_at_a_time:
                observer(event)
        except Exception:
            import logging

            logging.getLogger("st44_migrate").exception("an observer failed")

    return emit
