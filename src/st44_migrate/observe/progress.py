"""
Progress for people: a bar on a terminal, plain lines anywhere else.
"""

from __future__ import annotations

import os
import sys
import weakref
from contextlib import suppress
from typing import TYPE_CHECKING, TextIO

from .lines import PlainLines

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from st44_migrate.events import Event

    from .bar import TerminalBar

__all__ = ["ProgressObserver"]


class ProgressObserver:
    """
    Shows the file and the statement that run, and a line for each file applied.

    The bar needs a terminal and the package rich (the extra ``cli``).  It goes
    away with the end of the run, and with `close` where the run had none, as
    after Ctrl-C: use it as a context manager.  ``NO_COLOR`` is respected.

    Args:
        stream: Where to write, `sys.stderr` by default.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stderr if stream is None else stream
        self._display = _choose_display(self._stream)
        # For the program that forgets to close: also at the interpreter's exit.
        weakref.finalize(self, _close_quietly, self._display)

    def __call__(self, event: Event, /) -> None:
        """
        Show *event*.
        """
        try:
            self._display(event)
        except Exception:  # noqa: BLE001 - a terminal that went away must not end a migration
            self.close()
            self._display = PlainLines(self._stream)
            self._display(event)

    def close(self) -> None:
        """
        Leave the terminal as it was found.  May be called twice.
        """
        _close_quietly(self._display)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()


def _choose_display(stream: TextIO) -> PlainLines | TerminalBar:
    if not stream.isatty() or os.environ.get("TERM") in {"dumb", "unknown"}:
        return PlainLines(stream)
    try:
        from .bar import TerminalBar  # and with it rich: 200 ms, for a terminal only
    except ImportError:
        return PlainLines(stream)
    return TerminalBar(stream)


def _close_quietly(display: PlainLines | TerminalBar) -> None:
    with suppress(Exception):
        display.close()
