"""
SIGTERM ends a run as Ctrl-C does: what is open is cancelled and closed.

Neither is lost when it arrives where nobody may be interrupted.  C code that calls
Python, as libpq does for each notice, takes no exception: it prints it and goes on.
"""

from __future__ import annotations

import _thread
import signal
import sys
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType, TracebackType
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sys import UnraisableHookArgs

__all__ = ["Terminated", "terminable"]

# Seconds until a signal that was lost is delivered again: C code has gone on by then.
_AGAIN = 0.02


class Terminated(KeyboardInterrupt):
    """
    SIGTERM arrived.  A `KeyboardInterrupt`, since that is what drivers know to
    cancel the server's query for.
    """


@contextmanager
def terminable() -> Generator[list[int]]:
    """
    Raise `Terminated` in the main thread on SIGTERM, while inside.

    Gives the signals that arrived: where a driver has to raise anew what the
    database swallowed, the type is lost.
    """
    arrived: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield arrived
        return

    def terminate(number: int, _frame: FrameType | None) -> None:
        arrived.append(number)
        raise Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        with _nothing_lost():
            yield arrived
    finally:
        signal.signal(signal.SIGTERM, before)


@contextmanager
def _nothing_lost() -> Generator[None]:
    """
    Deliver an interruption again that was printed and forgotten, and do not print it.
    """
    show, ignore = sys.excepthook, sys.unraisablehook

    def printed(
        kind: type[BaseException], error: BaseException, trace: TracebackType | None
    ) -> None:
        if not issubclass(kind, KeyboardInterrupt):
            show(kind, error, trace)

    def forgotten(lost: UnraisableHookArgs) -> None:
        if not issubclass(lost.exc_type, KeyboardInterrupt):
            ignore(lost)
            return
        ended = issubclass(lost.exc_type, Terminated)
        number = signal.SIGTERM if ended else signal.SIGINT
        threading.Timer(_AGAIN, _thread.interrupt_main, (number,)).start()

    sys.excepthook, sys.unraisablehook = printed, forgotten
    try:
        yield
    finally:
        sys.excepthook, sys.unraisablehook = show, ignore
