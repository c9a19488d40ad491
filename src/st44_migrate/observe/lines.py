"""
What a person sees of a run, line by line; and the plainest way to show it.
"""

from __future__ import annotations

from enum import Enum
from typing import TYPE_CHECKING, NamedTuple, TextIO

from st44_migrate.events import (
    LockWaited,
    MigrationApplied,
    MigrationFailed,
    MigrationRetried,
    MigrationSkipped,
    NoticeReceived,
    PoolerFound,
    ProblemFound,
    RunStarted,
    StatementProgressed,
    WaitingForDatabase,
)
from st44_migrate.render.words import count, duration

from .patience import Patience
from .wording import tell, title

if TYPE_CHECKING:
    from st44_migrate.events import Event

__all__ = ["Line", "PlainLines", "Tone", "line_of", "write_line"]


class Tone(Enum):
    """
    How a line is meant; a terminal shows it by colour.
    """

    PLAIN = "plain"
    GOOD = "good"
    ASIDE = "aside"
    WARNING = "warning"
    BAD = "bad"


class Line(NamedTuple):
    """
    One line, without its end.
    """

    text: str
    tone: Tone


def line_of(event: Event) -> Line | None:
    """
    Choose the line for *event*, None where it is not worth one.

    How the run ended is not repeated here: whoever started it is given the
    report, or the error with all its parts.
    """
    match event:
        case MigrationApplied():
            statements = count(event.statements, "statement")
            took = duration(event.duration_ms)
            return Line(f"applied {title(event.migration)}  {statements}  {took}", Tone.GOOD)
        case MigrationFailed():
            return Line(f"failed {title(event.migration)}", Tone.BAD)
        case StatementProgressed(blockers=blockers):
            return Line(tell(event), Tone.WARNING if blockers else Tone.ASIDE)
        case NoticeReceived() | MigrationSkipped():
            return Line(tell(event), Tone.ASIDE)
        case RunStarted():
            return Line(tell(event), Tone.PLAIN)
        case ProblemFound() | PoolerFound():
            return Line(f"warning: {tell(event)}", Tone.WARNING)
        case WaitingForDatabase() | LockWaited() | MigrationRetried():
            return Line(tell(event), Tone.WARNING)
        case _:
            return None


class PlainLines:
    """
    Writes lines to a file, a pipe, or a terminal that can do no better.
    """

    def __init__(self, stream: TextIO) -> None:
        self._stream = stream
        self._patience = Patience()

    def __call__(self, event: Event, /) -> None:
        """
        Write the line of *event*, if it has one.
        """
        line = line_of(event)
        if self._patience.mentions(event) and line is not None:
            write_line(self._stream, line.text)

    def close(self) -> None:
        """
        Do nothing: there is nothing open.
        """


def write_line(stream: TextIO, text: str) -> None:
    """
    Write one line at once.  Never raises: a reader that went away is no reason
    to end a migration.
    """
    try:
        encoding = getattr(stream, "encoding", None) or "utf-8"
        stream.write(text.encode(encoding, "backslashreplace").decode(encoding) + "\n")
        stream.flush()
    except (OSError, ValueError):  # a broken pipe, a full disk; a closed stream
        pass
