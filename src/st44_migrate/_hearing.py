"""
Taking in the answers to a message, one by one, as they come.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ._progress import Progress
from ._sending import committed, tell_applied
from ._world import World
from .errors import DriverError
from .forms import Forms
from .items import Brief, Item, Role
from .message import Message
from .model import Pending

__all__ = ["Hearing"]


class _Ended(NamedTuple):
    """
    A file that has run: what its own statements were answered, how long it took.
    """

    answers: list[tuple[Item, str]]
    duration: int | None


@dataclass(slots=True)
class Hearing:
    """
    Counts each file as applied when its last statement is answered, and the COMMIT
    that is behind it; a `Heard`.

    Args:
        forms: What the server has been told.

        meanwhile: What there is to do while the server works: called with its first answer.

        at: Which of the message's files is the first that is not counted.

        ended: Those from there on that are not committed yet.

        tags: The answers to the next one so far.

        duration: The milliseconds that the server says it took.

        moment: What the server's clock last said, in microseconds.

        broken: Why nothing more is believed.
    """

    world: World
    progress: Progress
    message: Message
    forms: Forms
    meanwhile: Callable[[], None]
    at: int = 0
    ended: list[_Ended] = field(default_factory=list["_Ended"])
    tags: list[str] = field(default_factory=list[str])
    duration: int | None = None
    moment: int | None = None
    broken: DriverError | None = None

    @property
    def pending(self) -> Pending:
        """
        The first file that is not counted, or the last one.
        """
        return self.message.files[min(self.at, len(self.message.files) - 1)]

    def __call__(self, tag: str, value: Any, /) -> None:
        """
        Take the next answer.  Raises nothing.
        """
        number = self.at + len(self.ended)
        if self.broken is not None or number == len(self.message.files):
            return
        batch = self.message.batches[number]
        if not number and not self.tags:
            self.meanwhile()
        role, sql, _statement = batch[len(self.tags)]
        self.tags.append(tag)
        if role is Role.FORM:
            self.forms.heard(sql)
        elif role is Role.COMMIT:
            self.broken = committed(tag)
        elif role is Role.CLAIM and value is not None:
            self.moment = _number(value)
        elif role is Role.RECORD and value is not None:
            # The last of them is the journal's.
            told = _number(value)
            self.duration = self._took(told) if isinstance(batch, Brief) else told
        if len(self.tags) == len(batch) and self.broken is None:
            answers = zip(batch, self.tags, strict=True)
            body = [(item, tag) for item, tag in answers if item.role is Role.BODY]
            self.ended.append(_Ended(body, self.duration))
            self.tags, self.duration = [], None
            if any(item.role is Role.COMMIT for item in batch):
                self._count()

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

    def _count(self) -> None:
        for ended in self.ended:
            tell_applied(self.world, self.pending, ended.answers, 0)
            self.progress.done(self.world, ended.duration)
            self.at += 1
            if self.at < len(self.message.files):
                self.progress.start(self.world, self.pending)
        self.ended = []

    def _took(self, now: int | None) -> int | None:
        """
        Say how long a file took that the server says is recorded *now*.  It began when
        the one before was recorded, if its own claim did not say when.
        """
        began, self.moment = self.moment, now
        if began is None or now is None or now < began:
            return None
        return (now - began) // 1000


def _number(value: Any) -> int | None:
    try:
        return int(value)
    except (TypeError, ValueError):
        return None
