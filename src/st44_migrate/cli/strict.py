"""
What ``check --strict`` asks beside a plan: the rules of the linter.
"""

from __future__ import annotations

import os
from pathlib import Path

from ..lint import fails, lint
from ..model import Plan, Problem
from ..source import Folder
from .config import choose_database, choose_ledger, choose_values
from .options import Choices, FolderChoices
from .project import read_project
from .source import find_folder, find_layout
from .survey import dialect_of, survey

__all__ = ["find"]


def find(plan: Plan, folder: FolderChoices, choices: Choices) -> tuple[tuple[Problem, ...], bool]:
    """
    Find what is against the rules in files that are pending, beside what *plan* says.

    Returns:
        The findings, and whether there is more than notes among them.
    """
    project = read_project(Path.cwd())
    source = Folder(find_folder(folder).value)
    subject = survey(
        source,
        find_layout(folder, source),
        choose_values(folder.values, project),
        dialect=dialect_of(None, choose_database(choices.url, os.environ).value),
        ledger=choose_ledger(choices.ledger, project).table,
    )
    pending = {pending.migration.path for pending in plan.pending}
    said = {(problem.code, problem.path) for problem in plan.problems}
    mine = [problem for problem in lint(subject) if problem.path in pending]
    more = tuple(problem for problem in mine if (problem.code, problem.path) not in said)
    return more, fails(mine)
