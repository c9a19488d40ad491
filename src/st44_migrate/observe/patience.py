"""
Which of many waits, and looks at one statement, are worth a line.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from st44_migrate.events import LockWaited, StatementProgressed, WaitingForDatabase

if TYPE_CHECKING:
    from st44_migrate.events import Event

__all__ = ["Patience"]


class Patience:
    """
    Mentions the first wait, and then each that lasted twice as long; of a long
    statement, each phase, and each session that it begins to wait for.

    A lock is polled every two seconds or faster: five minutes are 150 events,
    and ten lines (0, 1, 2, 4 ... 256 seconds) say as much.
    """

    def __init__(self) -> None:
        self._due = 0.0
        self._seen: object = None

    def mentions(self, event: Event) -> bool:
        """
        Whether to show *event*.  Anything but a wait is, and ends the wait.
        """
        if isinstance(event, StatementProgressed):
            return self._is_new(event)
        self._seen = None
        if not isinstance(event, LockWaited | WaitingForDatabase):
            self._due = 0.0
            return True
        if event.waited < self._due:
            return False
        self._due = max(1.0, 2 * event.waited)
        return True

    def _is_new(self, event: StatementProgressed) -> bool:
        # Behind the comma there is an age, which is new every time.
        blockers = [text.partition(",")[0] for text in event.blockers]
        before, self._seen = self._seen, (event.statement, event.phase, blockers)
        return self._seen != before
