"""
What a run does beside talking to a database; each is a plain callable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Coroutine
from datetime import datetime
from typing import Any, Protocol, TypeVar

from ..events import Event

__all__ = ["AsyncSleep", "Attend", "Clock", "Observer", "Shield", "Sleep"]

T = TypeVar("T")


class Clock(Protocol):
    """
    Tells the time: aware, in UTC.
    """

    def __call__(self) -> datetime: ...


class Observer(Protocol):
    """
    Is told every event of a run, in order, one at a time, and not always from the
    same thread; must not raise and not take long.

    Any callable that takes one event is an observer.
    """

    def __call__(self, event: Event, /) -> None: ...


class Sleep(Protocol):
    """
    Pauses the calling thread.
    """

    def __call__(self, seconds: float, /) -> None: ...


class AsyncSleep(Protocol):
    """
    Pauses the calling task.
    """

    async def __call__(self, seconds: float, /) -> None: ...


class Attend(Protocol):
    """
    Does *work*, and has a *look* beside it about once a second for as long as it
    takes.  *look* never raises; no look is under way when this returns.
    """

    async def __call__(
        self, work: Callable[[], Awaitable[T]], look: Callable[[], Coroutine[Any, Any, None]], /
    ) -> T: ...


class Shield(Protocol):
    """
    Runs a cleanup to its end even while the task is being cancelled.
    """

    async def __call__(self, cleanup: Callable[[], Awaitable[object]], /) -> None: ...
