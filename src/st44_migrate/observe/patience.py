"""
Which of many waits are worth a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from st44_migrate.events import LockWaited, WaitingForDatabase

if TYPE_CHECKING:
    from st44_migrate.events import Event

__all__ = ["Patience"]


class Patience:
    """
    Mentions the first wait, and then each that lasted twice as long.

    A lock is polled every two seconds or faster: five minutes are 150 events,
    and ten lines (0, 1, 2, 4 ... 256 seconds) say as much.
    """

    def __init__(self) -> None:
        self._due = 0.0

    def mentions(self, event: Event) -> bool:
        """
        Whether to show *event*.  Anything but a wait is, and ends the wait.
        """
        if not isinstance(event, LockWaited | WaitingForDatabase):
            self._due = 0.0
            return True
        if event.waited < self._due:
            return False
        self._due = max(1.0, 2 * event.waited)
        return True
