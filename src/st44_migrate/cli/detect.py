"""
The command that says whose folder it is, and why.
"""

from __future__ import annotations

import click

from ..errors import SourceError
from ..render.words import count
from ..source import Folder
from ..source.recognition import Finding, examine, recognise
from .options import FolderChoices, folder_argument, output_options
from .output import Output
from .source import find_folder

__all__ = ["detect"]


@click.command()
@folder_argument
@output_options
@click.pass_context
def detect(context: click.Context, output: Output, *, folder: FolderChoices) -> None:
    """
    Say which tool a folder was made for, and why.

    Ends with 2 where it could be several, or none.
    """
    source = Folder(find_folder(folder).value)
    findings = examine(source.tree)
    try:
        layout, answer, code = recognise(source.tree), "", 0
    except SourceError as unclear:
        layout, answer, code = None, f"{unclear.happened}\n{unclear.remedy}", 2
    answer = answer or f"{source.describe()} is a folder of {layout}: --layout {layout}"
    document = {"layout": layout, "layouts": [_document(finding) for finding in findings]}
    output.result(document, "\n".join([*map(_text, findings), "", answer]))
    context.exit(code)


def _document(finding: Finding) -> dict[str, object]:
    return {
        "name": finding.layout,
        "possible": finding.possible,
        "files": finding.fits,
        "for": list(finding.signs),
        "against": list(finding.doubts),
    }


def _text(finding: Finding) -> str:
    head = f"{finding.layout}: {'possible' if finding.possible else 'no'}"
    if finding.fits:
        head += f", {count(finding.fits, 'migration')}"
    lines = [f"  + {sign}" for sign in finding.signs] + [f"  - {doubt}" for doubt in finding.doubts]
    return "\n".join([head, *lines])
