"""
One attempt to connect, in either colour, or through asyncpg.
"""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from st44_migrate.drivers.asyncpg import AsyncpgDriver
from st44_migrate.drivers.url import async_driver_for, driver_for
from st44_migrate.errors import DatabaseUnavailable

COLOURS = ("blocking", "async")
POSTGRES = (*COLOURS, "asyncpg")


def quiet(*_: object) -> None:
    """
    Take a notice and say nothing.
    """


def attempt(url: Any, colour: str, *, timeout: float = 5.0, readonly: bool = True) -> None:
    """
    Connect and close again.
    """
    if colour == "blocking":
        driver = driver_for(url)
        driver.connect(timeout=timeout, readonly=readonly, notice=quiet).close()
        return

    async def connect() -> None:
        driver = AsyncpgDriver(url) if colour == "asyncpg" else async_driver_for(url)
        conn = await driver.connect(timeout=timeout, readonly=readonly, notice=quiet)
        await conn.close()

    asyncio.run(connect())


def refused(url: Any, colour: str, *, timeout: float = 5.0) -> DatabaseUnavailable:
    """
    Connect, and give the error that must come.
    """
    with pytest.raises(DatabaseUnavailable) as caught:
        attempt(url, colour, timeout=timeout)
    return caught.value
