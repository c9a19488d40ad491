"""
What a run does beside talking to a database; each is a plain callable.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import Protocol

from ..events import Event

__all__ = ["AsyncSleep", "Clock", "Observer", "Shield", "Sleep"]


class Clock(Protocol):
    """
    Tells the time: aware, in UTC.
    """

    def __call__(self) -> datetime: ...


class Observer(Protocol):
    """
    Is told every event of a run, in order; must not raise and not take long.

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


class Shield(Protocol):
    """
    Runs a cleanup to its end even while the task is being cancelled.
    """

    async def __call__(self, cleanup: Callable[[], Awaitable[object]], /) -> None: ...
