"""
How many files go out together.

The answer to a message comes as a whole, so that its files cannot be told of one
by one while they run.  So a run begins with one file, which is all that most
deployments have, and takes twice as many each time as long as answers come back
soon: nobody who watches is left in the dark for longer than that.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import TypeAlias

from .dialects import Company
from .model import Pending

__all__ = ["Pace"]

Joins: TypeAlias = Callable[[Pending], bool]
"""Whether a file may go out with others."""

_SOON = {Company.NONE: 0.0, Company.MESSAGE: 1.0, Company.TRANSACTION: 0.1}
"""Seconds.  Who shares a transaction keeps others from writing, and runs again where
one of them fails."""

_MOST_TEXT = 256 * 1024
"""Characters of SQL in one message, unless a single file has more."""


@dataclass(slots=True)
class Pace:
    """
    The pace of a run.  *files* is how many the next message may have.
    """

    files: int = 1

    def take(self, queue: Sequence[Pending], most: int, joins: Joins) -> tuple[Pending, ...]:
        """
        Choose the files of the next message: the first ones of *queue*, *most* at
        most.  A file that does not join others goes alone.
        """
        if not joins(queue[0]):
            return (queue[0],)
        return tuple(islice(_fitting(queue, joins), max(1, min(self.files, most))))

    def following(
        self, queue: Sequence[Pending], taken: int, most: int, joins: Joins
    ) -> tuple[Pending, ...]:
        """
        Guess which files the next message will have, while *taken* files are on
        their way: those, and the same again.
        """
        rest = tuple(islice(queue, taken, taken + min(2 * taken, most)))
        if not rest or not joins(rest[0]):
            return ()
        return tuple(_fitting(rest, joins))

    def note(self, seconds: float, company: Company) -> None:
        """
        Note that the answer to the last message took so long.
        """
        self.files = self.files * 2 if seconds < _SOON[company] else 1


def _fitting(queue: Sequence[Pending], joins: Joins) -> Iterator[Pending]:
    yield queue[0]
    text = len(queue[0].script.text)
    for pending in islice(queue, 1, None):
        text += len(pending.script.text)
        if text > _MOST_TEXT or not joins(pending):
            return
        yield pending
