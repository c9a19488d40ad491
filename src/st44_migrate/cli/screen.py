"""
The health of a database on a terminal, redrawn in place.  Needs rich.
"""

from __future__ import annotations

from collections.abc import Iterator
from types import TracebackType
from typing import Self, TextIO

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.table import Table
from rich.text import Text

from ..health import HealthReport, HealthStatus, MigrationHealth, headline
from ..model import Severity, State
from ..render import duration, moment

__all__ = ["Screen"]

_COLOURS = {
    HealthStatus.HEALTHY: "bold green",
    HealthStatus.DEGRADED: "bold yellow",
    HealthStatus.UNHEALTHY: "bold red",
}
_MARKS = {Severity.ERROR: "red", Severity.WARNING: "yellow", Severity.NOTE: "dim"}
_STATES = {
    State.APPLIED: "green",
    State.ELSEWHERE: "green",
    State.AHEAD: "cyan",
    State.PENDING: "yellow",
}

_AROUND_THE_TABLE = 8
"""Lines for the status, the table's head, and what a shell leaves on a screen."""

_FEWEST = 3


class Screen:
    """
    Shows one report after the other in the same place.
    """

    def __init__(self, stream: TextIO) -> None:
        self._console = Console(file=stream, highlight=False)
        self._live = Live(console=self._console, auto_refresh=False)

    def __call__(self, report: HealthReport) -> None:
        """
        Draw *report*.
        """
        self._live.update(Group(*self._parts(report)), refresh=True)

    def __enter__(self) -> Self:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def _parts(self, report: HealthReport) -> Iterator[RenderableType]:
        yield Text.assemble((report.status.value, _COLOURS[report.status]), "  ", headline(report))
        notes = list(_notes(report))
        yield from notes
        yield Text()
        if report.migrations:
            room = self._console.height - _AROUND_THE_TABLE - len(notes)
            yield _table(report.migrations, max(room, _FEWEST))
            yield Text()
        yield _foot(report)


def _table(migrations: tuple[MigrationHealth, ...], room: int) -> Table:
    """
    Show as many of the last versions as there is room for.
    """
    table = Table("version", "name", "state", "applied at", "took", box=None, pad_edge=False)
    hidden = len(migrations) - room
    if hidden > 0:
        table.add_row("...", f"{hidden} earlier", style="dim")
    for migration in migrations[max(hidden, 0) :]:
        table.add_row(
            migration.version,
            migration.name or "(newer than this code)",
            Text(migration.state.value, _STATES.get(migration.state, "red")),
            moment(migration.applied_at),
            duration(migration.duration_ms),
        )
    return table


def _notes(report: HealthReport) -> Iterator[Text]:
    """
    Say what to do about the headline, then what else there is, and what to do about that.
    """
    for number, finding in enumerate(report.findings):
        if number:
            yield Text(finding.message, _MARKS[finding.severity])
        if finding.remedy:
            yield Text(f"  {finding.remedy}")


def _foot(report: HealthReport) -> Text:
    took = f", took {duration(report.response_ms)}" if report.response_ms is not None else ""
    return Text(f"checked at {moment(report.checked_at)}{took}; Ctrl-C ends", "dim")
