"""
The command that proves a baseline: it makes what the files make that it stands for.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import click

from ..render.words import count
from ..testing.squash import Comparison, compare_baseline
from .options import FolderChoices, folder_argument, output_options
from .output import Output
from .project import read_project
from .source import chosen_source

__all__ = ["squash"]

_DIFFERENT = 1
_CODES = """\b
Exit codes:
  0  both make the same
  1  they do not; or a file cannot be applied
  2  usage, settings, the folder; there is no baseline to compare
"""


@click.command(epilog=_CODES)
@folder_argument
@click.option(
    "--on",
    "dialect",
    type=click.Choice(["postgresql", "sqlite"]),
    default="postgresql",
    show_default=True,
    help="What to try it on.",
)
@output_options
@click.pass_context
def squash(context: click.Context, output: Output, *, folder: FolderChoices, dialect: str) -> None:
    """
    Prove that a baseline makes what its files make.

    Both are applied to databases of their own on a server that is started for it.
    """
    _, source = chosen_source(folder, read_project(Path.cwd()))
    if dialect == "postgresql":
        output.remark("starting PostgreSQL ...")
    comparison = compare_baseline(source, dialect=dialect)
    output.result(_document(comparison), "\n".join(_lines(comparison)))
    context.exit(0 if comparison.equal else _DIFFERENT)


def _lines(comparison: Comparison) -> Iterator[str]:
    files = comparison.files
    yield (
        f"{comparison.baseline.path} stands for {count(len(files), 'file')},"
        f" {files[0].path} to {files[-1].path}."
    )
    if comparison.equal:
        yield f"Both make the same: {count(comparison.common, 'definition')}."
        return
    yield from (f"- {_one_line(line)}" for line in comparison.only_files)
    yield from (f"+ {_one_line(line)}" for line in comparison.only_baseline)
    yield (
        f"They do not make the same: {len(comparison.only_files)} only by the files (-),"
        f" {len(comparison.only_baseline)} only by the baseline (+), {comparison.common} by both."
    )


def _one_line(text: str) -> str:
    return " ".join(text.split())


def _document(comparison: Comparison) -> dict[str, object]:
    return {
        "equal": comparison.equal,
        "baseline": comparison.baseline.path,
        "files": [file.path for file in comparison.files],
        "only_files": list(comparison.only_files),
        "only_baseline": list(comparison.only_baseline),
        "common": comparison.common,
    }
