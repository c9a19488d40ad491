"""
Waiting for a call into C so that Ctrl-C is heard.

Python looks for signals where Python runs, in the main thread only.  A package
that waits for its server in C keeps it from that, for as long as a statement takes.
So the call is made in a thread of its own, and the main thread waits in Python.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import Future, wait
from queue import SimpleQueue
from typing import Any, ParamSpec, TypeAlias, TypeVar

__all__ = ["Worker"]

P = ParamSpec("P")
T = TypeVar("T")

_Job: TypeAlias = tuple[Future[Any], Callable[[], Any]]

_ASK_EVERY = 0.1
"""How often to ask a call to stop, in seconds."""


class Worker:
    """
    Makes calls, one at a time.

    Args:
        stop: Makes the call under way fail soon; harmless where there is none.
    """

    def __init__(self, stop: Callable[[], None]) -> None:
        self._stop = stop
        self._jobs: SimpleQueue[_Job | None] = SimpleQueue()
        self._begun = False

    def do(self, call: Callable[P, T], *args: P.args, **kwargs: P.kwargs) -> T:
        """
        Return what *call* returns, or raise what it raises; when interrupted, it
        has ended all the same, unless one is interrupted again.
        """
        if threading.current_thread() is not threading.main_thread():
            # Signals are not for us.
            return call(*args, **kwargs)
        if not self._begun:
            self._begun = True
            threading.Thread(
                target=_work, args=(self._jobs,), name="st44-migrate", daemon=True
            ).start()
        job: Future[T] = Future()
        try:
            self._jobs.put((job, lambda: call(*args, **kwargs)))
            return job.result()
        except BaseException:
            # Wherever it was interrupted: what has not begun never will.
            while not (job.cancel() or job.done()):
                self._stop()
                wait((job,), _ASK_EVERY)
            raise

    def end(self) -> None:
        """
        Let go of the thread, which may still be at work after a second Ctrl-C.
        """
        if self._begun:
            self._jobs.put(None)


def _work(jobs: SimpleQueue[_Job | None]) -> None:
    while (job := jobs.get()) is not None:
        future, call = job
        if not future.set_running_or_notify_cancel():
            continue
        try:
            future.set_result(call())
        except BaseException as error:  # noqa: BLE001 -- it is raised where it was asked for
            future.set_exception(error)
