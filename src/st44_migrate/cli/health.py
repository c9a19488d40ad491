"""
The command for whoever polls: an orchestrator, or a person at a terminal.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager

import click

from ..errors import MigrateError
from ..health import FromMigrations, HealthProbe, HealthReport, HealthStatus, plain_text
from .options import Choices, FolderChoices, database_options, folder_argument, output_options
from .output import Output
from .session import choose

__all__ = ["health"]

_CODES = """\b
Exit codes:
  0  healthy, or degraded unless --fail-on says otherwise
  1  unhealthy, or it could not be asked
  2  usage
"""
_BAD = {
    "unhealthy": {HealthStatus.UNHEALTHY},
    "degraded": {HealthStatus.UNHEALTHY, HealthStatus.DEGRADED},
}
_PAUSE = 0.2


@click.command(epilog=_CODES)
@folder_argument
@click.option(
    "--fail-on",
    type=click.Choice(list(_BAD)),
    default="unhealthy",
    help="The status from which on to exit with 1. Default: unhealthy.",
)
@click.option("--table", "tables", multiple=True, metavar="NAME", help="A table that must exist.")
@click.option("--all-tables", is_flag=True, help="Every table that the migrations create.")
@click.option(
    "--deadline",
    type=click.FloatRange(0.01),
    default=0.8,
    metavar="SECONDS",
    help="How long a check may take. Default: 0.8.",
)
@click.option("--watch", is_flag=True, help="Go on looking, until Ctrl-C.")
@click.option(
    "--every",
    type=click.FloatRange(0.1),
    default=2.0,
    metavar="SECONDS",
    help="How often to look with --watch. Default: 2.",
)
@database_options(shows=("--allow-late",))
@output_options
@click.pass_context
def health(
    context: click.Context,
    output: Output,
    *,
    folder: FolderChoices,
    choices: Choices,
    fail_on: str,
    tables: tuple[str, ...],
    all_tables: bool,
    deadline: float,
    watch: bool,
    every: float,
) -> None:
    """
    Say whether the database is what the code expects.

    For Docker's HEALTHCHECK and for exec probes: it reads, within a deadline,
    and exits with 0 or 1.
    """
    critical = FromMigrations() if all_tables else tables
    try:
        with _probe(choices, folder, critical, deadline, cached=not watch) as probe:
            if watch:
                from .watch import watch as look_on

                report = look_on(probe, output, every)
            else:
                report = _patiently(probe, choices.wait)
                output.result(report.to_dict(), plain_text(report).rstrip("\n"))
    except MigrateError as error:
        # An orchestrator knows 0 and 1: Docker reserves 2 for itself.
        output.fail(error)
        context.exit(1)
    context.exit(int(report.status in _BAD[fail_on]))


@contextmanager
def _probe(
    choices: Choices,
    folder: FolderChoices,
    tables: tuple[str, ...] | FromMigrations,
    deadline: float,
    *,
    cached: bool,
) -> Generator[HealthProbe]:
    chosen = choose(choices, folder)
    with chosen.origins(making=True):
        probe = HealthProbe(
            chosen.database.value,
            chosen.source,
            tables=tables,
            settings=chosen.settings,
            deadline=deadline,
            ttl=1.0 if cached else 0.0,
        )
    with probe:
        yield probe


def _patiently(probe: HealthProbe, wait: float) -> HealthReport:
    """
    Ask until there is an answer, *wait* seconds at most.
    """
    until = time.monotonic() + wait
    while True:
        report = probe.check()
        if report.connected or time.monotonic() >= until:
            return report
        time.sleep(_PAUSE)
