"""
Workflow commands of GitHub Actions: foldable groups, and annotations of files.

The runner reads a line that starts with ``::`` as a command, and, for the sake
of old workflows, ``##[`` anywhere in a line (``ActionCommand.cs`` of
actions/runner).  What a server or a file says must therefore never start a
line, nor hold the latter.
"""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, TextIO

from st44_migrate.errors import ApplyError, MigrateError, PlanError, SourceError
from st44_migrate.events import (
    MigrationApplied,
    MigrationFailed,
    MigrationSkipped,
    MigrationStarted,
    PoolerFound,
    ProblemFound,
    RunFailed,
    RunFinished,
    StatementApplied,
    StatementStarted,
)
from st44_migrate.model import Severity

from .lines import line_of, write_line
from .patience import Patience
from .wording import legible, tell, title

if TYPE_CHECKING:
    from st44_migrate.events import Event
    from st44_migrate.model import Problem

__all__ = ["GitHubObserver"]

_COMMANDS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.NOTE: "notice"}


class GitHubObserver:
    """
    Writes a group for each file, and annotates the line where a file fails.

    The group is closed before the file's result is written, so that the result
    is seen while the group is folded.

    Args:
        stream: Where to write, `sys.stdout` by default; the runner reads
            standard error as well.
    """

    def __init__(self, stream: TextIO | None = None) -> None:
        self._stream = sys.stdout if stream is None else stream
        self._patience = Patience()
        self._open = False
        self._annotated: MigrateError | None = None

    def __call__(self, event: Event, /) -> None:
        """
        Write the lines of *event*.
        """
        if not self._patience.mentions(event):
            return
        match event:
            case MigrationStarted():
                self._end_group()
                self._command("group", tell(event))
                self._open = True
            case MigrationApplied() | MigrationSkipped() | RunFinished():
                self._end_group()
                self._line(event)
            case MigrationFailed(error=error):
                self._end_group()
                self._fail(error, f"{title(event.migration)} failed")
            case RunFailed(error=error):
                self._end_group()
                self._fail(error, "the migrations failed")
            case ProblemFound(problem=problem):
                self._annotate(problem)
            case PoolerFound():
                self._command("warning", tell(event), title="pooler")
            case StatementStarted() | StatementApplied():
                self._write(tell(event))
            case _:
                self._line(event)

    def _line(self, event: Event) -> None:
        if line := line_of(event):
            self._write(line.text)

    def _end_group(self) -> None:
        if self._open:
            self._command("endgroup", "")
            self._open = False

    def _fail(self, error: MigrateError, what: str) -> None:
        """
        Annotate *error*, once: the run that ends in a file's error tells it again.
        """
        if error is self._annotated:
            return
        self._annotated = error
        if isinstance(error, PlanError):
            for problem in error.problems:
                self._annotate(problem)
            return
        place = error.place if isinstance(error, ApplyError | SourceError) else None
        path = error.migration.path if isinstance(error, ApplyError) else None
        self._command(
            "error",
            str(error),
            file=_in_repository(place.path if place else path),
            line=place.line if place else None,
            col=place.column if place else None,
            title=what,
        )

    def _annotate(self, problem: Problem) -> None:
        parts = (problem.message, problem.excerpt, problem.remedy)
        self._command(
            _COMMANDS[problem.severity],
            "\n".join(part for part in parts if part),
            file=_in_repository(problem.path),
            line=problem.line,
            col=problem.column,
            title=problem.code,
        )

    def _command(self, command: str, message: str, **properties: str | int | None) -> None:
        listed = ",".join(
            f"{name}={_escape_property(str(value))}"
            for name, value in properties.items()
            if value is not None
        )
        self._write(f"::{command}{f' {listed}' if listed else ''}::{_escape(message)}")

    def _write(self, line: str) -> None:
        write_line(self._stream, line.replace("##[", "## ["))


def _escape(text: str) -> str:
    # The percent sign first, or it would escape the line ends again.
    lines = (legible(line).replace("%", "%25") for line in text.splitlines())
    return "%0A".join(lines)


def _escape_property(text: str) -> str:
    return _escape(text).replace(":", "%3A").replace(",", "%2C")


def _in_repository(path: str | None) -> str | None:
    """
    Name a file as the repository does, whatever directory the step runs in.
    """
    workspace = os.environ.get("GITHUB_WORKSPACE")
    if path is None or not workspace or not os.path.exists(path):  # noqa: PTH110 - names, not files, are compared
        return path
    relative = os.path.relpath(path, workspace).replace(os.sep, "/")
    return path if relative.startswith("../") else relative
