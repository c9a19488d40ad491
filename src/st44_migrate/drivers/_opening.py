"""
Opening an async session so that a cancellation leaves nothing half-open.

A connection that is cancelled while it is being made belongs to nobody: its
worker thread waits for ever, or its server session stays until the garbage
collector comes.  So it is made in a task of its own, and closed when it arrives.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Coroutine
from contextlib import suppress
from typing import Any, TypeVar

__all__ = ["finish", "opened"]

T = TypeVar("T")

_PATIENCE = 1.0
"""Seconds that a cancelled caller waits for a connection to arrive."""


async def opened(opening: Coroutine[Any, Any, T], close: Callable[[T], Awaitable[None]]) -> T:
    """
    Await *opening*; if the caller is cancelled meanwhile, *close* what arrives.
    """
    job = asyncio.ensure_future(opening)
    try:
        return await asyncio.shield(job)
    except asyncio.CancelledError:
        if not job.cancelled():
            await finish(_discard(job, close))
        raise


async def _discard(job: asyncio.Future[T], close: Callable[[T], Awaitable[None]]) -> None:
    with suppress(Exception):
        await close(await asyncio.wait_for(job, _PATIENCE))


async def finish(cleanup: Coroutine[Any, Any, None]) -> None:
    """
    Run *cleanup* to its end, however often the caller is cancelled again.
    """
    task = asyncio.ensure_future(cleanup)
    while not task.done():
        with suppress(asyncio.CancelledError):
            await asyncio.shield(task)
