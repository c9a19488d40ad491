"""
SIGTERM ends a run as Ctrl-C does: what is open is cancelled and closed.
"""

from __future__ import annotations

import signal
import threading
from collections.abc import Generator
from contextlib import contextmanager
from types import FrameType

__all__ = ["Terminated", "terminable"]


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
        yield arrived
    finally:
        signal.signal(signal.SIGTERM, before)
