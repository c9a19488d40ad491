"""
How many files go out together.

The answer to a message comes as a whole, so that its files cannot be told of one
by one while they run.  So a run begins with one file, which is all that most
deployments have, and takes twice as many each time as long as answers come back
soon: nobody who watches is left in the dark for longer than that.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice

from .model import Pending

__all__ = ["Pace"]

_SOON = 1.0
"""Seconds."""

_MOST_TEXT = 256 * 1024
"""Characters of SQL in one message, unless a single file has more."""


@dataclass(slots=True)
class Pace:
    """
    The pace of a run.  *files* is how many the next message may have.
    """

    files: int = 1

    def take(self, queue: Sequence[Pending], most: int) -> tuple[Pending, ...]:
        """
        Choose the files of the next message: the first ones of *queue*, *most* at
        most.  A file that is not transactional goes alone.
        """
        if not queue[0].script.transactional:
            return (queue[0],)
        return tuple(islice(_fitting(queue), max(1, min(self.files, most))))

    def following(self, queue: Sequence[Pending], taken: int, most: int) -> tuple[Pending, ...]:
        """
        Guess which files the next message will have, while *taken* files are on
        their way: those, and the same again.
        """
        rest = tuple(islice(queue, taken, taken + min(2 * taken, most)))
        if not rest or not rest[0].script.transactional:
            return ()
        return tuple(_fitting(rest))

    def note(self, seconds: float) -> None:
        """
        Note that the answer to the last message took so long.
        """
        self.files = self.files * 2 if seconds < _SOON else 1


def _fitting(queue: Sequence[Pending]) -> Iterator[Pending]:
    yield queue[0]
    text = len(queue[0].script.text)
    for pending in islice(queue, 1, None):
        text += len(pending.script.text)
        if text > _MOST_TEXT or not pending.script.transactional:
            return
        yield pending
