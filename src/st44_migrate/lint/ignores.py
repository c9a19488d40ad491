"""
What files ask to let be: ``-- st44: ignore CODE reason``.

An ignore is for the statement that it stands in, or whose last line it ends, or
that comes next; ``ignore-file`` is for all of its file, and is the only one that
silences what is about the file as a whole.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence

from ..model import Problem, Severity
from ..sqltext import Ignore, place_in, read_ignores
from .subject import File, Subject

__all__ = ["EXTERNAL", "silence"]

EXTERNAL = "squawk/"
"""How the codes begin of which only another program knows the list."""


def silence(
    subject: Subject, findings: Sequence[Problem], known: Collection[str], *, external: bool
) -> tuple[Problem, ...]:
    """
    Take away what the files ask to let be, and add what is wrong with the asking.

    Args:
        subject: The folder.

        findings: About it.

        known: The codes of our rules.

        external: Whether findings of another program are among them: else an
            ignore of one cannot be called unused.
    """
    kept = list(findings)
    for file in subject.files:
        for ignore in read_ignores(file.script.text, subject.dialect):
            wrong = _wrong(ignore, known)
            if wrong:
                kept.append(_about(file, ignore, "bad-ignore", *wrong))
                continue
            left = [problem for problem in kept if not _covers(ignore, file, problem)]
            used = len(left) < len(kept)
            kept = left
            if not used and (external or not ignore.code.startswith(EXTERNAL)):
                message = f"nothing here breaks the rule {ignore.code}."
                kept.append(_about(file, ignore, "unused-ignore", message, "Delete the comment."))
    return tuple(kept)


def _wrong(ignore: Ignore, known: Collection[str]) -> tuple[str, str] | None:
    codes = ", ".join(sorted(known))
    if not ignore.code:
        return (
            "an ignore without a rule.",
            f"Write -- st44: ignore CODE reason. The codes: {codes}.",
        )
    if "," in ignore.code:
        return (
            f"an ignore is for one rule, and this names several: {ignore.code}.",
            "Write a comment for each, with its own reason.",
        )
    if ignore.code not in known and not ignore.code.startswith(EXTERNAL):
        return f"there is no rule {ignore.code}.", f"The codes are: {codes}."
    if not ignore.reason:
        return (
            f"an ignore of {ignore.code} without a reason.",
            "Say behind the code why it is right here.",
        )
    return None


def _covers(ignore: Ignore, file: File, problem: Problem) -> bool:
    if problem.path != file.migration.path or problem.code != ignore.code:
        return False
    if ignore.file:
        return True
    # What is about the file as a whole shows no line of it.
    if not problem.excerpt or problem.line is None or problem.column is None:
        return False
    first, last = (place_in(file.script, offset) for offset in _extent(ignore, file))
    return first <= (problem.line, problem.column) <= last


def _extent(ignore: Ignore, file: File) -> tuple[int, int]:
    """
    Find the statement that an ignore is for.
    """
    text = file.script.text
    line = text.count("\n", 0, ignore.offset)
    for statement in file.statements:
        start, end = statement.offset, statement.offset + len(statement.text)
        ends_here = end <= ignore.offset and text.count("\n", 0, end) == line
        later = any(
            end < other.offset < ignore.offset and text.count("\n", 0, other.offset) == line
            for other in file.statements
        )
        if (ignore.offset < end) or (ends_here and not later):
            return start, end
    return len(text), len(text)


def _about(file: File, ignore: Ignore, code: str, message: str, remedy: str) -> Problem:
    return file.problem(code, Severity.WARNING, message, remedy, ignore.offset)
