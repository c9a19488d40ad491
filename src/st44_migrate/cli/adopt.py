"""
The command that takes over another tool's ledger.
"""

from __future__ import annotations

import os
import shlex
from dataclasses import replace
from pathlib import Path

import click

from ..model import Terms
from ..render import adoption_document, render_adoption
from ..source import Folder
from ..source.recognition import recognise
from .config import choose_layout
from .options import Choices, FolderChoices, database_options, folder_argument, output_options
from .output import Output
from .project import read_project
from .session import migrator
from .source import find_folder

__all__ = ["adopt"]

_CODES = """\b
Exit codes:
  0  adopted; or, without --yes, it can be
  2  usage, settings, the folder; no ledger, or several
  4  it has to be settled first
  5  the other tool, or another runner, is at work
  6  the database is not reachable
"""


@click.command(epilog=_CODES)
@folder_argument
@click.option("--from", "tool", metavar="TOOL", default="auto", help="Whose ledger: goose, ...")
@click.option("--table", metavar="[SCHEMA.]TABLE", help="Which table it is; else it is looked for.")
@click.option(
    "--at", "version", metavar="VERSION", help="The database has all files up to this one."
)
@click.option("--accept-edited", is_flag=True, help="Files that were edited count as applied.")
@click.option("--yes", is_flag=True, help="Write our ledger; else only show what would be.")
@database_options(shows=("--lock-wait",))
@output_options
@click.pass_context
def adopt(
    context: click.Context,
    output: Output,
    *,
    folder: FolderChoices,
    tool: str,
    table: str | None,
    version: str | None,
    accept_edited: bool,
    yes: bool,
    choices: Choices,
) -> None:
    """
    Record as applied what another tool's ledger says, run nothing.

    The other's table stays as it is. Without --yes nothing is written.
    """
    folder = _read_as(folder)
    terms = Terms(tool, table, version, accept_edited)
    with migrator(choices, folder, output) as runner:
        adoption = runner.adopt(terms) if yes else runner.adoption(terms)
    output.result(adoption_document(adoption), render_adoption(adoption, _up(folder)))
    context.exit(4 if adoption.obstacles else 0)


def _read_as(folder: FolderChoices) -> FolderChoices:
    """
    Recognise the layout, where nobody says which it is.
    """
    said = choose_layout(folder.layout, os.environ, read_project(Path.cwd()))
    if said.origin != "the default":
        return folder
    return replace(folder, layout=recognise(Folder(find_folder(folder).value).tree))


def _up(folder: FolderChoices) -> str:
    """
    Write the command that goes on with the folder.
    """
    words = ["st44-migrate", "up", *([folder.path] if folder.path else [])]
    said = choose_layout(None, os.environ, read_project(Path.cwd()))
    if folder.layout is not None and folder.layout != said.value:
        words += ["--layout", folder.layout]
    return shlex.join(words)
