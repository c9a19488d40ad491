"""
The server's notices, passed on from the midst of libpq's work.
"""

from __future__ import annotations

from collections.abc import Callable

import psycopg

from ..protocols import Notice

__all__ = ["Teller"]


class Teller:
    """
    Passes the server's notices on, as a notice handler of psycopg.

    Ctrl-C may arrive while somebody is being told.  libpq calls us from the midst of
    its work and takes no exception: it would be printed, and lost.

    Args:
        notice: See `Driver.connect`.

        stop: Makes the server stop, so that nobody waits for the rest of its work.
    """

    __slots__ = ("_interruption", "_notice", "_stop")

    def __init__(self, notice: Notice, stop: Callable[[], None] | None = None) -> None:
        self._notice = notice
        self._stop = stop
        self._interruption: BaseException | None = None

    def __call__(self, diag: psycopg.errors.Diagnostic) -> None:
        """
        Pass one notice on.
        """
        try:
            severity = diag.severity_nonlocalized or diag.severity or "NOTICE"
            self._notice(
                severity, diag.message_primary or "", diag.message_detail, diag.message_hint
            )
        except Exception:  # psycopg logs it, and goes on
            raise
        except BaseException as error:  # noqa: BLE001 -- see `due`
            if self._interruption is None:
                self._interruption = error
                if self._stop is not None:
                    self._stop()

    def due(self) -> None:
        """
        Raise what interrupted us, once the server's answers have been taken.
        """
        interruption, self._interruption = self._interruption, None
        if interruption is not None:
            raise interruption
