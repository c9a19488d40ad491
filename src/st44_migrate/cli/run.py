"""
The commands that wait for a database and bring it up to date.
"""

from __future__ import annotations

import click

from ..errors import ApplyError, MigrateError
from ..render import render_report, report_document, up_failure
from ..render.documents import Document
from .options import Choices, FolderChoices, database_options, folder_argument, output_options
from .output import Output
from .session import migrator
from .trace import Trace

__all__ = ["up", "wait"]

_CODES = """\b
Exit codes:
  0  everything is applied         4  folder and ledger disagree
  1  a migration failed            5  another runner holds the lock
  2  usage, settings, the folder   6  the database is not reachable
"""


@click.command(epilog=_CODES)
@folder_argument
@database_options(wait=60, shows=("--lock-wait", "--lock-timeout", "--allow-late"))
@output_options
def up(output: Output, *, folder: FolderChoices, choices: Choices) -> None:
    """
    Apply what is pending, in order, each file exactly once.

    `migrate` is the same.
    """
    output.on_failure = lambda error: _failure(error, output.trace)
    try:
        with migrator(choices, folder, output) as runner:
            report = runner.apply()
    except MigrateError as error:
        if output.trace is not None and not output.as_json:
            _sum_up(output, output.trace, error)
        raise
    output.result(report_document(report), render_report(report))


def _failure(error: Document, trace: Trace | None) -> Document:
    return up_failure(error, trace.report, trace.applied) if trace else up_failure(error, None)


def _sum_up(output: Output, trace: Trace, error: MigrateError) -> None:
    """
    Say what stays, if anything was to run: the error itself comes after it.
    """
    if trace.report is not None:
        failed = int(isinstance(error, ApplyError))
        output.result({}, render_report(trace.report, failed=failed))
    elif trace.applied:
        output.result({}, trace.state())


@click.command()
@database_options(wait=60)
@output_options
def wait(output: Output, *, choices: Choices) -> None:
    """
    Wait until the database takes connections.

    A wrong password, database or host is not waited for.
    """
    with migrator(choices, None, output) as runner:
        runner.wait()
    output.result({"status": "up"}, "the database is up")
