"""
What a runner uses where the caller does not say: clock, chance, sleep, shield, attend.
"""

from __future__ import annotations

import os
from collections.abc import Awaitable, Callable, Coroutine
from datetime import UTC, datetime
from typing import Any, TypeVar

from ._world import World
from .events import Event
from .journal import Signature
from .protocols import Source
from .source import Folder

__all__ = [
    "answer",
    "asyncio_attend",
    "asyncio_shield",
    "asyncio_sleep",
    "chance",
    "ignore",
    "signature",
    "source_of",
    "thread_attend",
    "utcnow",
]

T = TypeVar("T")

_LOOK_EVERY = 1.0
"""Seconds between two looks at a long statement, and before the first."""


def source_of(source: Source | str | os.PathLike[str]) -> Source:
    """
    Take a path for the folder that it names.
    """
    return Folder(source) if isinstance(source, str | os.PathLike) else source


async def answer(world: World) -> None:
    """
    See whether the database answers.
    """
    await world.conn.fetch("SELECT 1")


def ignore(event: Event) -> None:
    del event


def utcnow() -> datetime:
    return datetime.now(UTC)


def chance() -> float:
    import random

    return random.random()  # noqa: S311 -- spreads waiting runners, guards nothing


def signature() -> Signature:
    from . import __version__

    host = os.uname().nodename if hasattr(os, "uname") else os.environ.get("COMPUTERNAME", "")
    return Signature(actor=f"{_user()}@{host}", runner=f"st44-migrate {__version__}")


def _user() -> str:
    """
    Name who runs: by the environment, or by the system, as in a container.
    """
    user = os.environ.get("USER") or os.environ.get("USERNAME")
    if user is None and hasattr(os, "getuid"):
        import pwd

        try:
            user = pwd.getpwuid(os.getuid()).pw_name
        except KeyError:
            user = f"uid {os.getuid()}"
    return user or "unknown"


async def asyncio_sleep(seconds: float, /) -> None:
    import asyncio

    await asyncio.sleep(seconds)


async def asyncio_shield(cleanup: Callable[[], Awaitable[object]], /) -> None:
    """
    Run *cleanup* in a task of its own; a cancellation arrives after its end.
    """
    import asyncio

    task = asyncio.ensure_future(cleanup())
    cancelled: asyncio.CancelledError | None = None
    while not task.done():
        try:
            await asyncio.shield(task)
        except asyncio.CancelledError as error:
            if task.cancelled():
                raise
            cancelled = error
    task.result()
    if cancelled is not None:
        raise cancelled


async def asyncio_attend(
    work: Callable[[], Awaitable[T]], look: Callable[[], Coroutine[Any, Any, None]], /
) -> T:
    """
    Look in a task of its own.
    """
    import asyncio

    async def watch() -> None:
        while True:
            await asyncio.sleep(_LOOK_EVERY)
            await look()

    watching = asyncio.ensure_future(watch())
    try:
        return await work()
    finally:
        watching.cancel()
        await asyncio_shield(lambda: asyncio.wait((watching,)))


async def thread_attend(
    work: Callable[[], Awaitable[T]], look: Callable[[], Coroutine[Any, Any, None]], /
) -> T:
    """
    Look in a thread of its own: the calling one waits for the server.
    """
    from threading import Event, Thread

    from ._bridge import run_blocking

    ended = Event()

    def watch() -> None:
        while not ended.wait(_LOOK_EVERY):
            run_blocking(look())

    watching = Thread(target=watch, name="st44-migrate watch", daemon=True)
    watching.start()
    try:
        return await work()
    finally:
        ended.set()
        watching.join()
