"""
The command that looks at the files alone.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from .. import __version__
from ..events import ProblemFound
from ..lint import IGNORE_CODES, RULES, Subject, fails
from ..lint import lint as find
from ..model import Problem, Version, read_version
from ..render.findings import findings_document, render_findings, sarif_document, sum_up
from ..source import Folder
from .config import URL_VARIABLES, choose_ledger, choose_values
from .options import FolderChoices, folder_argument, output_options
from .output import Output
from .project import read_project
from .source import find_folder, find_layout
from .survey import ask_squawk, dialect_of, survey

__all__ = ["lint"]

_FOUND = 7
"""The exit code where there is more than notes."""

_CODES = """\b
Exit codes:
  0  nothing, or notes only
  2  usage, settings, or the folder cannot be read
  7  an error or a warning was found
"""


@click.command(epilog=_CODES)
@folder_argument
@click.option(
    "--format",
    "form",
    type=click.Choice(["text", "github", "sarif"]),
    help="How to write it. Default: text; under GitHub Actions, github.",
)
@click.option("--since", metavar="VERSION", help="Only files from this number on.")
@click.option("--ignore", metavar="CODE", multiple=True, help="Leave a rule out; repeatable.")
@click.option("--squawk", is_flag=True, help="Ask squawk too; needs the extra lint.")
@click.option(
    "--dialect", type=click.Choice(["postgresql", "sqlite", "mariadb"]), help="How SQL is read."
)
@click.option("--ledger", metavar="[SCHEMA.]TABLE", help="Default: schema_migrations.")
@output_options
@click.pass_context
def lint(
    context: click.Context,
    output: Output,
    *,
    folder: FolderChoices,
    form: str | None,
    since: str | None,
    ignore: tuple[str, ...],
    squawk: bool,
    dialect: str | None,
    ledger: str | None,
) -> None:
    """
    Look for mistakes in the files, without a database.

    A comment lets one be: -- st44: ignore CODE reason
    """
    output.on_failure = lambda error: {**findings_document((), 0, failed=True), **_failed(error)}
    project = read_project(Path.cwd())
    url = next((os.environ[name] for name in URL_VARIABLES if name in os.environ), None)
    source = Folder(find_folder(folder).value)
    subject = survey(
        source,
        find_layout(folder, source),
        choose_values(folder.values, project),
        dialect=dialect_of(dialect, url),
        ledger=choose_ledger(ledger, project).table,
    )
    _check_codes(ignore)
    others = ask_squawk(subject, os.environ) if squawk else None
    first = _version(since)
    earlier = {m.path for m in subject.migrations if first is not None and m.version < first}
    found = [
        problem
        for problem in find(subject, ignore=ignore, others=others)
        if problem.path not in earlier
    ]
    write(output, found, subject, form)
    context.exit(_FOUND if fails(found) else 0)


def write(output: Output, found: Sequence[Problem], subject: Subject, form: str | None) -> None:
    """
    Print what was found, in the form that was asked for.
    """
    files = len(subject.migrations)
    document = findings_document(found, files, failed=fails(found))
    if form is None and not output.as_json:
        form = "github" if os.environ.get("GITHUB_ACTIONS") == "true" else "text"
    if form == "sarif":
        reasons = {rule.code: rule.reason for rule in RULES} | IGNORE_CODES
        output.as_json = True
        output.result(sarif_document(found, reasons, __version__), "")
    elif form == "github" and not output.as_json:
        from ..observe.github import GitHubObserver

        observer = GitHubObserver(sys.stdout)
        for problem in found:
            observer(ProblemFound(problem))
        output.result(document, sum_up(found, files))
    else:
        output.result(document, render_findings(found, files))


def _failed(error: dict[str, object]) -> dict[str, object]:
    return {"status": "failed", "error": error}


def _check_codes(codes: Sequence[str]) -> None:
    known = {rule.code for rule in RULES} | IGNORE_CODES.keys()
    for code in codes:
        if code not in known and not code.startswith("squawk/"):
            raise click.BadParameter(
                f"there is no rule {code!r}; there are: {', '.join(sorted(known))}",
                param_hint="--ignore",
            )


def _version(text: str | None) -> Version | None:
    if text is None:
        return None
    version = read_version(text)
    if version is None or not text.strip()[:1].isdigit():
        raise click.BadParameter(f"{text!r} is not a version.", param_hint="--since")
    return version
