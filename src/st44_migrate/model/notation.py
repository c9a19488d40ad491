"""
How other tools write a file, beside the SQL in it: as data.

A layout of another tool has one `Notation`: the comments that mean something to
that tool, and the placeholders that it fills in.  `sqltext.excerpts` reads files
by it.
"""

from __future__ import annotations

import re
from enum import Enum, auto
from typing import NamedTuple

__all__ = ["Header", "Marker", "Meaning", "Notation", "Placeholder"]


class Meaning(Enum):
    """
    What a comment means to the tool.
    """

    UP = auto()
    """What follows brings the schema forward, and is read."""

    UP_ALONE = auto()
    """The same, and outside of a transaction."""

    DOWN = auto()
    """What follows takes it back, and is never read."""

    ALONE = auto()
    """The file runs outside of a transaction."""

    ELSEWHERE = auto()
    """What follows is the way back of another tool, so that no SQL may follow."""

    FILL = auto()
    """Placeholders are filled in from here on."""

    LEAVE = auto()
    """Placeholders are left as they are from here on."""


class Marker(NamedTuple):
    """
    A comment with a meaning.

    Args:
        pattern: What stands from the beginning of its line on.

        leading: It counts before the first statement of the file only.

        tool: Whose it is, where it is another tool's.
    """

    pattern: re.Pattern[str]
    means: Meaning
    leading: bool = False
    tool: str = ""


class Placeholder(NamedTuple):
    """
    What stands for something else, and how it is written.

    Args:
        pattern: One placeholder.  Its group *name* is what a person calls it; a
            match without a name stands for its group *text*.

        everywhere: It is filled in wherever it stands; else between the markers
            `Meaning.FILL` and `Meaning.LEAVE` only.
    """

    pattern: re.Pattern[str]
    everywhere: bool = True


class Notation(NamedTuple):
    """
    What a tool's files have beside SQL.

    Args:
        tool: Whose notation it is, for messages.

        markers: The first that matches a comment decides.

        sections: A part of a file is read only behind a marker that says so, and a
            file without one would do nothing.  Else such a file is read whole.
            What stands before the first such marker is never run.

        opening: The marker that opens a part that is read, for messages.

        almost: A comment that was meant for the tool.  One that is no marker is a
            slip of the pen, and nobody knows which way what follows it goes.

        placeholder: What it fills in, None: nothing.

        wraps: The tool puts a transaction around each file.  One that does not
            leaves a file with several of its own to run block by block.

        blank: A file with nothing in it does nothing; else it is refused.
    """

    tool: str
    markers: tuple[Marker, ...] = ()
    sections: bool = False
    opening: str = ""
    almost: re.Pattern[str] | None = None
    placeholder: Placeholder | None = None
    wraps: bool = True
    blank: bool = True


class Header(NamedTuple):
    """
    What a file says of itself, or its layout of it.

    Args:
        transaction: Whether it wants one; None: it does not say.

        late: It may be applied below the highest applied version.

        phase: Which step of a change it is, ``"expand"`` or ``"contract"``, or ``""``.
    """

    transaction: bool | None = None
    late: bool = False
    phase: str = ""
