"""
No start without the schema: for programs that leave migrating to somebody else.

Whoever starts a program may know why it does not start, so the errors here say
everything, unlike a health document.
"""

from __future__ import annotations

import os
import time
from dataclasses import replace
from typing import ClassVar

from .._bridge import lift_driver, lift_sleep, no_shield, run_blocking
from .._defaults import (
    asyncio_attend,
    asyncio_shield,
    asyncio_sleep,
    chance,
    ignore,
    signature,
    thread_attend,
    utcnow,
)
from .._session import Setup, dialect_of, within_session
from .._world import World, backoff
from ..drivers.url import async_driver_for, driver_for
from ..errors import MigrateError
from ..model import Settings, Severity
from ..protocols import AsyncDriver, AsyncSleep, Attend, Shield, Source
from ..source import Folder
from .build import build_health
from .expected import Critical, Expected, expect
from .look import Looker, Session
from .policy import READINESS, Policy
from .report import HealthReport, HealthStatus

__all__ = ["NotCurrent", "require_current", "require_current_async"]

_DEFAULTS = Settings()

_LOOKING = 10.0
"""Seconds that the queries of one look may take: nobody polls a start."""


class NotCurrent(MigrateError):
    """
    The database is not what the code expects.  *report* says in what.
    """

    exit_code: ClassVar[int] = 3
    code: ClassVar[str] = "not-current"

    def __init__(self, report: HealthReport) -> None:
        first, *others = (f for f in report.findings if f.severity is Severity.ERROR)
        more = (f"also: {finding.message} {finding.remedy}".rstrip() for finding in others)
        super().__init__(
            f"the database is not what this code expects: {first.message}",
            unchanged="Nothing was changed.",
            remedy="\n".join(part for part in (first.remedy, *more) if part),
        )
        self.report = report


def require_current(
    database: object,
    source: Source | str | os.PathLike[str] = "migrations",
    *,
    tables: Critical = (),
    settings: Settings = _DEFAULTS,
    policy: Policy = READINESS,
    patience: float = 0.0,
) -> HealthReport:
    """
    Make sure that *database* is what the code expects, or raise: before a start.

    Reads only.  What is ahead is fine, what is behind is not.

    Args:
        database: See `Migrator`.

        source: The folder that the code ships, or a `Source`.

        tables: The critical tables; see `HealthProbe`.

        settings: The ledger's name; ``wait`` for a database that is not up yet.

        policy: What is refused: all that it calls unhealthy.

        patience: How long to wait, in seconds, while a deploy job may still be
            migrating.

    Returns:
        What was found.

    Raises:
        NotCurrent: it is not; the message says why and what to do.

        DatabaseUnavailable: it cannot be reached within ``settings.wait``.

        LedgerError: its ledger cannot be read.

        SourceError: the folder is missing, empty or unreadable.

        ConfigError: *database* is not one, or needs `require_current_async`.
    """
    driver = lift_driver(driver_for(database))
    setup = _setup(driver, settings, lift_sleep(time.sleep), no_shield, thread_attend)
    expected = _expected(setup, source, tables)
    return run_blocking(_require(setup, expected, policy, patience))


async def require_current_async(
    database: object,
    source: Source | str | os.PathLike[str] = "migrations",
    *,
    tables: Critical = (),
    settings: Settings = _DEFAULTS,
    policy: Policy = READINESS,
    patience: float = 0.0,
) -> HealthReport:
    """
    Make sure that *database* is what the code expects; see `require_current`.

    Raises:
        MigrateError: see `require_current`.
    """
    driver = async_driver_for(database)
    setup = _setup(driver, settings, asyncio_sleep, asyncio_shield, asyncio_attend)
    expected = _expected(setup, source, tables)
    return await _require(setup, expected, policy, patience)


def _setup(
    driver: AsyncDriver, settings: Settings, sleep: AsyncSleep, shield: Shield, attend: Attend
) -> Setup:
    return Setup(
        driver=driver,
        settings=settings,
        observer=ignore,
        ledger=None,
        now=utcnow,
        sleep=sleep,
        chance=chance,
        shield=shield,
        attend=attend,
    )


def _expected(setup: Setup, source: Source | str | os.PathLike[str], tables: Critical) -> Expected:
    origin = Folder(source) if isinstance(source, str | os.PathLike) else source
    return expect(origin, setup.settings, tables, dialect_of(setup.driver).name)


async def _require(
    setup: Setup, expected: Expected, policy: Policy, patience: float
) -> HealthReport:
    async def look(world: World) -> HealthReport:
        looker = Looker(world.dialect, expected, time.monotonic)
        seen = await looker.look(Session(world.conn), time.monotonic() + _LOOKING)
        now = setup.now()
        return build_health(replace(seen, checked_at=now), now=now, policy=policy)

    started = time.monotonic()
    for delay in backoff(0.1, 2.0, setup.chance):
        report = await within_session(setup, look, signature=signature(), readonly=True)
        if report.status is not HealthStatus.UNHEALTHY:
            return report
        left = started + patience - time.monotonic()
        if left <= 0:
            raise NotCurrent(report)
        await setup.sleep(min(delay, left))
    raise AssertionError  # backoff never ends
