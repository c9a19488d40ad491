"""
What ``check --strict`` asks beside a plan: the rules of the linter.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..lint import fails, lint
from ..model import Plan, Problem
from .config import choose_database, choose_folder, choose_ledger
from .options import Choices
from .project import read_project
from .survey import dialect_of, survey

__all__ = ["find"]


def find(plan: Plan, folder: str | None, choices: Choices) -> tuple[tuple[Problem, ...], bool]:
    """
    Find what is against the rules in files that are pending, beside what *plan* says.

    Returns:
        The findings, and whether there is more than notes among them.
    """
    project = read_project(Path.cwd())
    subject = survey(
        choose_folder(folder, os.environ, project).value,
        dialect=dialect_of(None, choose_database(choices.url, os.environ).value),
        ledger=choose_ledger(choices.ledger, project).table,
    )
    pending = {pending.migration.path for pending in plan.pending}
    said = {(problem.code, problem.path) for problem in plan.problems}
    mine = [problem for problem in lint(subject) if problem.path in pending]
    more = tuple(problem for problem in mine if (problem.code, problem.path) not in said)
    return more, fails(mine)
