"""
Taking in the answers to a message, one by one, as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from ._progress import Progress
from ._sending import committed, tell_applied
from ._world import World
from .batch import Role
from .errors import DriverError
from .forms import Forms
from .message import Message
from .model import Pending

__all__ = ["Hearing"]


@dataclass(slots=True)
class Hearing:
    """
    Counts each file as applied when its last statement is answered; a `Heard`.

    Args:
        forms: What the server has been told.

        meanwhile: What there is to do while the server works: called with its first answer.

        at: Which of the message's files is at hand.

        tags: The answers to it so far.

        duration: The milliseconds that the server says it took.

        broken: Why nothing more is believed.
    """

    world: World
    progress: Progress
    message: Message
    forms: Forms
    meanwhile: Callable[[], None]
    at: int = 0
    tags: list[str] = field(default_factory=list[str])
    duration: int | None = None
    broken: DriverError | None = None

    @property
    def pending(self) -> Pending:
        """
        The file at hand, or the last one.
        """
        return self.message.files[min(self.at, len(self.message.files) - 1)]

    def __call__(self, tag: str, value: Any, /) -> None:
        """
        Take the next answer.  Raises nothing.
        """
        if self.broken is not None or self.at == len(self.message.files):
            return
        batch = self.message.batches[self.at]
        if not self.at and not self.tags:
            self.meanwhile()
        role, sql, _statement = batch[len(self.tags)]
        self.tags.append(tag)
        if role is Role.FORM:
            self.forms.heard(sql)
        elif role is Role.COMMIT:
            self.broken = committed(tag)
        elif role is Role.RECORD and value is not None:
            # The last of them is the journal's.
            self.duration = _number(value)
        if len(self.tags) == len(batch) and self.broken is None:
            self._done()

    def conclude(self) -> None:
        """
        Make sure that all of the message was answered.

        Raises:
            DriverError: a COMMIT committed nothing, or somebody kept quiet.
        """
        if self.broken is not None:
            raise self.broken
        if self.at < len(self.message.files):
            raise DriverError("the driver has not told of every statement that is done")

    def _done(self) -> None:
        pending, batch = self.message.files[self.at], self.message.batches[self.at]
        answers = zip(batch, self.tags, strict=True)
        tell_applied(
            self.world, pending, [(i, tag) for i, tag in answers if i.role is Role.BODY], 0
        )
        self.progress.done(self.world, self.duration)
        self.at += 1
        self.tags, self.duration = [], None
        if self.at < len(self.message.files):
            self.progress.start(self.world, self.pending)


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except ValueError:
        return None
