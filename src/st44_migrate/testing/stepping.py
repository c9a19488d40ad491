"""
Coroutines driven by hand: one call at a time, in any order, with any ending.

What is written for the engine awaits database calls, sleeps and shields only.
In this kit each of these pauses, so that a `Stepper` can stop a run before any
of its calls, let another one go on, throw a cancellation in, or drop the whole
run as if its process had been killed.  There is no event loop.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Awaitable, Callable, Coroutine, Generator
from dataclasses import dataclass
from datetime import datetime
from enum import Enum, auto
from functools import partial
from typing import Any, Generic, TypeVar, cast

__all__ = ["Killed", "Kind", "Pause", "Stepper", "shield"]

T = TypeVar("T")


class Kind(Enum):
    """
    What a coroutine is about to do.
    """

    STATEMENT = auto()
    """A statement is executed next; it may fail."""

    WAIT = auto()
    """A statement waits for somebody else."""

    ANSWER = auto()
    """What was executed is answered next; nothing undoes it any more."""

    SLEEP = auto()
    OTHER = auto()


def _always() -> bool:
    return True


@dataclass(frozen=True, slots=True, eq=False)
class Pause:
    """
    Where a coroutine stands: about to do *what*.

    Args:
        what: What comes next, for people: a statement, a sleep.

        shared: Others may notice what comes next, or may change its answer.
            What is not shared commutes with all that others do.

        ready: Whether going on makes sense; not while a lock is held elsewhere.

        due: When a sleep ends.
    """

    what: str
    kind: Kind = Kind.OTHER
    shared: bool = True
    ready: Callable[[], bool] = _always
    due: datetime | None = None

    def __await__(self) -> Generator[Pause, None, None]:
        """
        Hand this pause to whoever drives the coroutine.
        """
        yield self


class Killed(BaseException):
    """
    The process is gone: what is thrown into a run that is dropped.
    """


class Stepper(Generic[T]):
    """
    Drives one coroutine, from pause to pause.

    >>> async def work() -> str:
    ...     await Pause("the only call")
    ...     return "done"
    >>> stepper = Stepper(work())
    >>> stepper.step().what, stepper.step(), stepper.result()
    ('the only call', None, 'done')
    """

    def __init__(self, coroutine: Coroutine[Any, Any, T]) -> None:
        self._coroutine = coroutine
        self._outcome: T | None = None
        self.pause: Pause | None = None
        """Where it stands; None before the first step and after the last."""
        self.done = False
        self.error: BaseException | None = None
        """How it ended, unless it returned."""

    def step(self) -> Pause | None:
        """
        Let the coroutine make its next call; return where it stands then.
        """
        return self._go_on(lambda: self._coroutine.send(None))

    def throw(self, error: BaseException) -> Pause | None:
        """
        Let its next call raise *error* instead, as a cancelled task's does.
        """
        return self._go_on(lambda: self._coroutine.throw(error))

    def drop(self) -> None:
        """
        End it as ``kill -9`` does: none of the calls that follow are made.

        Cleanup that Python would run gets no further than its first call.
        """
        if self.pause is None:
            self._coroutine.close()
            self.done = True
        while not self.done:
            self.throw(Killed())

    def finish(self) -> T:
        """
        Step to the end and return the result.

        Raises:
            RuntimeError: it waits for somebody else.

            BaseException: what the coroutine raised.
        """
        while not self.done:
            if self.pause is not None and self.pause.kind is Kind.WAIT and not self.pause.ready():
                raise RuntimeError(f"nobody will end this wait: {self.pause.what}")
            self.step()
        return self.result()

    def result(self) -> T:
        """
        Return what the finished coroutine returned, or raise what it raised.
        """
        if self.error is not None:
            raise self.error
        return cast("T", self._outcome)

    def _go_on(self, resume: Callable[[], object]) -> Pause | None:
        if self.done:
            raise RuntimeError("the coroutine has ended")
        try:
            reached = resume()
        except StopIteration as stop:
            self.pause, self.done, self._outcome = None, True, stop.value
        except BaseException as error:  # noqa: BLE001 -- kept for `result`, cancellations included
            self.pause, self.done, self.error = None, True, error
        else:
            if not isinstance(reached, Pause):
                raise TypeError(f"a Stepper cannot drive what awaits {reached!r}")
            self.pause = reached
        return self.pause


class _Shielded:
    def __init__(self, cleanup: Awaitable[object]) -> None:
        self._cleanup = cleanup

    def __await__(self) -> Generator[Any, Any, None]:
        inner, cancelled = self._cleanup.__await__(), None
        resume: Callable[[], Any] = partial(next, inner)
        while True:
            try:
                pause = resume()
            except StopIteration:
                break
            resume = partial(next, inner)
            try:
                yield pause
            except CancelledError as error:
                # The cleanup stays where it is; its caller is told at its end.
                cancelled, resume = error, partial(_same, pause)
            except BaseException as error:  # noqa: BLE001 -- handed on as it is
                resume = partial(inner.throw, error)
        if cancelled is not None:
            raise cancelled


def _same(pause: T) -> T:
    return pause


async def shield(cleanup: Callable[[], Awaitable[object]], /) -> None:
    """
    Run *cleanup* to its end; a cancellation thrown in arrives after it.
    """
    await _Shielded(cleanup())
