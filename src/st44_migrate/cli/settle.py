"""
The commands that settle by decision what no run can: they write the ledger, run nothing.
"""

from __future__ import annotations

import click

from ..model import Status
from ..render import touched_document
from ..render.words import count
from .options import (
    Choices,
    FolderChoices,
    database_options,
    folder_argument,
    output_options,
    reason_option,
)
from .output import Output
from .session import migrator

__all__ = ["baseline", "mark", "repair"]

_version = click.argument("version")


@click.command()
@_version
@folder_argument
@click.option("--reason", metavar="TEXT", default="baseline", help="Why; kept in the journal.")
@database_options(shows=("--lock-wait",))
@output_options
def baseline(
    output: Output, *, version: str, folder: FolderChoices, reason: str, choices: Choices
) -> None:
    """
    Record everything up to VERSION as applied, run nothing.

    For a database that has it all already.
    """
    with migrator(choices, folder, output) as runner:
        touched = runner.baseline(version, reason=reason)
    _tell(output, touched, "recorded as applied, nothing was run")


@click.command()
@_version
@folder_argument
@reason_option
@database_options(shows=("--lock-wait",))
@output_options
def mark(
    output: Output, *, version: str, folder: FolderChoices, reason: str, choices: Choices
) -> None:
    """
    Record VERSION alone as applied, run nothing.

    For a file that was applied by hand, or that shall never run here.
    """
    with migrator(choices, folder, output) as runner:
        touched = runner.mark(version, reason=reason)
    _tell(output, touched, "recorded as applied, nothing was run")


@click.command()
@_version
@folder_argument
@reason_option
@database_options(shows=("--lock-wait",))
@output_options
def repair(
    output: Output, *, version: str, folder: FolderChoices, reason: str, choices: Choices
) -> None:
    """
    Accept an edited or missing file, or a statement in doubt.
    """
    with migrator(choices, folder, output) as runner:
        touched = runner.repair(version, reason=reason)
    _tell(output, touched, "accepted as it is, nothing was run")


def _tell(output: Output, touched: tuple[Status, ...], what: str) -> None:
    lines = [f"{status.label} {status.name}" for status in touched]
    text = f"{count(len(touched), 'version')} {what}"
    output.result(touched_document(touched), "\n".join([*lines, text]))
