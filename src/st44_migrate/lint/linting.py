"""
All rules over a folder, and what its files ask to let be.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..model import Problem, Severity
from .ignores import silence
from .rule import finding
from .rules import RULES
from .subject import Subject

__all__ = ["fails", "lint"]

_LAST = 2**31


def lint(
    subject: Subject, *, ignore: Collection[str] = (), others: Sequence[Problem] | None = None
) -> tuple[Problem, ...]:
    """
    Find what is against the rules, in the order of files and lines.  Pure.

    Args:
        subject: The folder.

        ignore: Codes that are not asked for.

        others: What another linter found in the same files; None: it was not run.
    """
    found = [finding(rule, hit) for rule in RULES for hit in rule.check(subject)]
    found += others or ()
    codes = {rule.code for rule in RULES}
    kept = silence(subject, found, codes, external=others is not None)
    order = {migration.path: at for at, migration in enumerate(subject.migrations)}
    wanted = [problem for problem in kept if problem.code not in ignore]
    return tuple(
        sorted(
            wanted,
            key=lambda p: (
                order.get(p.path or "", _LAST),
                p.path or "",
                p.line or 0,
                p.column or 0,
                p.code,
            ),
        )
    )


def fails(findings: Sequence[Problem]) -> bool:
    """
    Whether there is more than notes.
    """
    return any(problem.severity is not Severity.NOTE for problem in findings)
