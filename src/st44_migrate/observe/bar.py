"""
The bar at the bottom of a terminal, and the lines above it.

The only module that imports rich; see `progress` for when it is used.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Column
from rich.text import Text

from st44_migrate.events import (
    LockAcquired,
    LockWaited,
    MigrationApplied,
    MigrationRetried,
    MigrationSkipped,
    MigrationStarted,
    RunFailed,
    RunFinished,
    RunStarted,
    StatementProgressed,
    StatementStarted,
    WaitingForDatabase,
)
from st44_migrate.render.words import count

from .lines import Tone, line_of
from .patience import Patience
from .wording import head, one_line, progress, tell, title

if TYPE_CHECKING:
    from typing import TextIO

    from st44_migrate.events import Event

__all__ = ["TerminalBar"]

# Drawn at once.  All else is drawn by rich, ten times a second: a file can take
# less time than a frame.
_MAY_TAKE_LONG = (StatementStarted, StatementProgressed, LockWaited, WaitingForDatabase)

_FIRST_WORD = {Tone.GOOD: "green", Tone.BAD: "bold red", Tone.WARNING: "yellow"}


class TerminalBar:
    """
    Shows what is going on in one line that moves, and what is done above it.
    """

    def __init__(self, stream: TextIO) -> None:
        self._console = _Console(file=stream)
        self._progress: Progress | None = None
        self._done = 0
        self._total: int | None = None
        self._file = ""
        self._patience = Patience()

    def __call__(self, event: Event, /) -> None:
        """
        Move the bar and print the line of *event*.
        """
        match event:
            case RunStarted(pending=pending):
                self._done, self._total = 0, pending
            case MigrationStarted():
                self._done, self._total = event.position - 1, event.total
                self._file = title(event.migration)
            case MigrationApplied(position=position):
                self._done = position
            case MigrationSkipped():
                self._done += 1
            case _:
                pass
        if doing := self._doing(event):
            self._show(doing, at_once=isinstance(event, _MAY_TAKE_LONG))
        self._print(event)
        if isinstance(event, RunFinished | RunFailed):
            self.close()

    def close(self) -> None:
        """
        Take the bar away and leave the terminal as it was.  May be called twice.
        """
        progress, self._progress = self._progress, None
        self._done, self._total, self._file = 0, None, ""
        if progress is not None:
            progress.stop()

    def _doing(self, event: Event) -> str | None:
        match event:
            case WaitingForDatabase() | LockWaited():
                return tell(event)
            case RunStarted():
                return "starting"
            case LockAcquired():
                return "comparing"
            case MigrationStarted(statements=statements):
                return f"{self._file}  {count(statements, 'statement')}"
            case StatementStarted(position=position, total=total):
                return f"{self._file}  statement {position} of {total}: {head(event.statement)}"
            case StatementProgressed():
                return f"{self._file}  {one_line(progress(event))}"
            case MigrationRetried(attempt=attempt):
                return f"{self._file}  attempt {attempt + 1}"
            case MigrationApplied() | MigrationSkipped():
                return self._file
            case _:
                return None

    def _show(self, doing: str, *, at_once: bool) -> None:
        if self._progress is None:
            self._progress = _start(self._console)
        (task,) = self._progress.task_ids
        files = "" if self._total is None else f"{self._done}/{self._total}"
        self._progress.update(
            task,
            description=doing,
            completed=self._done,
            total=self._total,
            files=files,
            refresh=at_once,
        )

    def _print(self, event: Event) -> None:
        line = line_of(event)
        if line is None or not self._leaves_a_line(event):
            return
        text = Text(line.text, style="dim" if line.tone is Tone.ASIDE else "")
        if line.tone in _FIRST_WORD:
            text.stylize(_FIRST_WORD[line.tone], 0, len(line.text.partition(" ")[0]))
        self._console.print(text, soft_wrap=True)

    def _leaves_a_line(self, event: Event) -> bool:
        """
        Whether *event* is more than news for the bar, which polls what takes long.
        """
        match event:
            case LockWaited() | WaitingForDatabase():
                return False
            case StatementProgressed(blockers=blockers):
                return self._patience.mentions(event) and bool(blockers)
            case _:
                return True


class _Console(Console):
    def on_broken_pipe(self) -> None:
        """
        Fall silent.  What is inherited ends the process, and its stdout first.
        """
        self.quiet = True


def _start(console: Console) -> Progress:
    # What is going on gets the room that is left, and is cut off at its end.
    rest = Column(ratio=1, no_wrap=True, overflow="ellipsis")
    progress = Progress(
        BarColumn(bar_width=20),
        # File names and SQL may hold square brackets: no markup.
        TextColumn("{task.fields[files]}", markup=False),
        TimeElapsedColumn(),
        TextColumn("{task.description}", markup=False, table_column=rest),
        console=console,
        expand=True,
        transient=True,
        # sys.stdout and sys.stderr belong to the program, not to a library.
        redirect_stdout=False,
        redirect_stderr=False,
    )
    progress.add_task("", total=None, files="")
    progress.start()
    # rich hides the cursor, and a process that is killed cannot show it again.
    console.show_cursor(True)
    return progress
