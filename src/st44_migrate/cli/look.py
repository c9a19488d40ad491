"""
The commands that look and change nothing.
"""

from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path

import click

from ..lint import fails, lint
from ..model import Plan, Problem
from ..plan import SOURCE_CODES
from ..render import (
    plan_document,
    plan_error,
    record_document,
    render_plan,
    render_problem,
    render_record,
    render_status,
    status_document,
    verdict,
)
from .config import choose_database, choose_folder, choose_ledger
from .lint import FOUND
from .options import Choices, database_options, folder_argument, output_options
from .output import Output
from .project import read_project
from .session import migrator
from .survey import dialect_of, survey

__all__ = ["check", "plan", "show", "status"]

_CODES = """\b
Exit codes:
  0  nothing is pending, nothing is wrong
  2  usage, settings, or the folder is not in order
  3  something is pending
  4  folder and ledger disagree
  6  the database is not reachable
  7  --strict: what is pending breaks a rule
"""
_PENDING = 3


@click.command()
@folder_argument
@database_options(shows=("--allow-late",))
@output_options
def status(output: Output, *, folder: str | None, choices: Choices) -> None:
    """
    Show every version, its state, and what is wrong.
    """
    with migrator(choices, folder, output) as runner:
        plan = runner.plan()
    output.result(status_document(plan), render_status(plan))


@click.command()
@folder_argument
@database_options(shows=("--allow-late",))
@output_options
@click.pass_context
def plan(context: click.Context, output: Output, *, folder: str | None, choices: Choices) -> None:
    """
    Show what `up` would run, in order.

    Exits as `up` would if it will refuse: 2 or 4.
    """
    output.on_failure = plan_error
    with migrator(choices, folder, output) as runner:
        plan = runner.plan()
    output.result(plan_document(plan), render_plan(plan))
    context.exit(_refusal(plan))


@click.command(epilog=_CODES)
@folder_argument
@click.option("--strict", is_flag=True, help="Lint what is pending, too.")
@database_options(shows=("--allow-late",))
@output_options
@click.pass_context
def check(
    context: click.Context,
    output: Output,
    *,
    folder: str | None,
    strict: bool,
    choices: Choices,
) -> None:
    """
    Say by the exit code whether folder and database agree.

    With --strict, files that are pending also have to follow the rules of lint;
    those that are applied cannot be changed any more.
    """
    output.on_failure = plan_error
    with migrator(choices, folder, output) as runner:
        plan = runner.plan()
    refused = _refusal(plan)
    if strict:
        found = _lint(plan, folder, choices)
        plan = replace(plan, problems=(*plan.problems, *found))
    else:
        found = ()
    for problem in plan.problems:
        say = output.answer if problem in plan.errors else output.remark
        say(render_problem(problem))
    if plan.pending:
        output.answer("pending: " + ", ".join(p.migration.path for p in plan.pending))
    output.result(plan_document(plan), verdict(plan))
    context.exit(refused or (FOUND if fails(found) else _PENDING if plan.pending else 0))


def _lint(plan: Plan, folder: str | None, choices: Choices) -> tuple[Problem, ...]:
    """
    Find what is against the rules in files that are pending, beside what a plan says.
    """
    project = read_project(Path.cwd())
    subject = survey(
        choose_folder(folder, os.environ, project).value,
        dialect=dialect_of(None, choose_database(choices.url, os.environ).value),
        ledger=choose_ledger(choices.ledger, project).table,
    )
    pending = {pending.migration.path for pending in plan.pending}
    said = {(problem.code, problem.path) for problem in plan.problems}
    return tuple(
        problem
        for problem in lint(subject)
        if problem.path in pending and (problem.code, problem.path) not in said
    )


def _refusal(plan: Plan) -> int:
    """
    The exit code with which `up` would refuse to run; 0 if it would not.
    """
    if not plan.errors:
        return 0
    return 2 if any(problem.code in SOURCE_CODES for problem in plan.errors) else 4


@click.command()
@click.argument("version")
@folder_argument
@database_options()
@output_options
def show(output: Output, *, version: str, folder: str | None, choices: Choices) -> None:
    """
    Show what was applied as VERSION, when and by whom.

    If its file is another one now, the difference is shown too.
    """
    with migrator(choices, folder, output) as runner:
        record = runner.show(version)
    output.result(record_document(record), render_record(record))
