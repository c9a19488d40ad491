"""
What a rule is, and what it says when it is broken.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from ..model import Problem, Severity
from .subject import File, Subject

__all__ = ["Hit", "Rule", "finding"]


@dataclass(frozen=True, slots=True)
class Hit:
    """
    A rule is broken here.

    Args:
        message: One sentence: what is the matter.

        remedy: What to do.

        file: Where; None where it is about no file that can be read.

        offset: The place in the file's text; None for the file as a whole.

        path: Names the file where *file* is None.

        severity: Another one than the rule's.
    """

    message: str
    remedy: str
    file: File | None = None
    offset: int | None = None
    path: str | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class Rule:
    """
    One thing to look for.

    Args:
        code: A stable word, which an ignore names.

        severity: How much it weighs: a note never fails a run of the linter.

        reason: Why it is a rule, in one sentence.

        check: Finds where it is broken.  Pure.  What a plan says already, it passes on.
    """

    code: str
    severity: Severity
    reason: str
    check: Callable[[Subject], Iterable[Hit | Problem]]


def finding(rule: Rule, hit: Hit | Problem) -> Problem:
    """
    Give a hit its place, and the lines around it.
    """
    if isinstance(hit, Problem):
        return hit
    severity = hit.severity or rule.severity
    if hit.file is None:
        return Problem(
            rule.code, severity, hit.message, hit.remedy, path=hit.path, line=1, column=1
        )
    return hit.file.problem(rule.code, severity, hit.message, hit.remedy, hit.offset)
