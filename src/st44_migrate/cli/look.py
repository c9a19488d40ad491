"""
The commands that look and change nothing.
"""

from __future__ import annotations

import click

from ..model import Plan
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
from .options import Choices, FolderChoices, database_options, folder_argument, output_options
from .output import Output
from .session import migrator

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
_PENDING, _FOUND = 3, 7


@click.command()
@folder_argument
@database_options(shows=("--allow-late",))
@output_options
def status(output: Output, *, folder: FolderChoices, choices: Choices) -> None:
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
def plan(
    context: click.Context, output: Output, *, folder: FolderChoices, choices: Choices
) -> None:
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
    folder: FolderChoices,
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
    broken = False
    if strict:
        from .strict import find  # reads the folder anew; who does not ask does not wait

        found, broken = find(plan, folder, choices)
        plan = plan._replace(problems=(*plan.problems, *found))
    for problem in plan.problems:
        say = output.answer if problem in plan.errors else output.remark
        say(render_problem(problem))
    if plan.pending:
        output.answer("pending: " + ", ".join(p.migration.path for p in plan.pending))
    output.result(plan_document(plan), verdict(plan))
    context.exit(refused or (_FOUND if broken else _PENDING if plan.pending else 0))


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
def show(output: Output, *, version: str, folder: FolderChoices, choices: Choices) -> None:
    """
    Show what was applied as VERSION, when and by whom.

    If its file is another one now, the difference is shown too.
    """
    with migrator(choices, folder, output) as runner:
        record = runner.show(version)
    output.result(record_document(record), render_record(record))
