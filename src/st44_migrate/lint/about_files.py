"""
Rules about the files of a folder: their names, their numbers, what else lies there.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from ..model import History, Migration, Problem, Script, Severity
from ..plan import make_plan
from .rule import Hit
from .subject import Subject

__all__ = [
    "descriptive",
    "duplicates",
    "explained",
    "gaps",
    "misnamed",
    "rollbacks",
    "unreadable",
]

_PROPER = re.compile(r"[a-z0-9]+(?:_[a-z0-9]+)*")
_SAY_NOTHING = frozenset(
    [
        "change",
        "changes",
        "fix",
        "fixes",
        "hotfix",
        "migration",
        "new",
        "schema",
        "sql",
        "temp",
        "test",
        "tmp",
        "update",
        "updates",
        "wip",
    ]
)
_ROLLBACKS = frozenset(["down", "downs", "rollback", "rollbacks", "revert", "undo"])


def descriptive(subject: Subject) -> Iterator[Hit]:
    """
    A name says what the file does: ``add_rewards_table``.
    """
    for file in subject.files:
        migration = file.migration
        if subject.layout == "plain" and not _PROPER.fullmatch(migration.name):
            proper = "_".join(re.findall(r"[a-z0-9]+", migration.name.lower())) or "what_it_does"
            yield Hit(
                f"the name {migration.name!r} is not in lower case with underscores.",
                f"Call a file that was never applied {migration.label}_{proper}.sql.",
                file,
            )
        elif migration.name in _SAY_NOTHING:
            yield Hit(
                f"the name {migration.name!r} does not say what the file does.",
                "Name the change, as in add_rewards_table. An applied file keeps its name.",
                file,
            )


def explained(subject: Subject) -> Iterator[Hit]:
    """
    A file says in a comment why it is there.
    """
    for file in subject.files:
        if file.statements and not ("--" in file.script.text or "/*" in file.script.text):
            yield Hit(
                "there is no comment in this file.",
                "Say in its first line why the change is needed. A comment does not count as an"
                " edit, so an applied file can have one too.",
                file,
            )


def misnamed(subject: Subject) -> Iterator[Hit]:
    """
    A ``.sql`` file beside migrations is called as one.
    """
    for wrong in subject.misnamed:
        path = subject.prefix + wrong.file
        if wrong.reason:
            yield Hit(f"this {wrong.reason}", wrong.remedy or "Move it elsewhere.", path=path)
        elif wrong.correct is not None:
            yield Hit(
                "this is not a migration's name, so that a run refuses the folder.",
                f"Call it {wrong.correct}, or move it into a sub-folder.",
                path=path,
            )


def rollbacks(subject: Subject) -> Iterator[Hit]:
    """
    There is no way back: a change is undone by the next file.
    """
    for wrong in subject.misnamed:
        if wrong.correct is None and not wrong.reason:
            yield Hit(
                "this is a rollback, which is never run, so that a run refuses the folder.",
                "Delete it, or move it into a sub-folder. What is wrong is put right by a new file.",
                path=subject.prefix + wrong.file,
            )
    for folder in subject.folders:
        if folder.lower() in _ROLLBACKS:
            yield Hit(
                "this folder looks as if it held rollbacks: nothing in it is ever run.",
                "Delete it, unless people run these files by hand, and know when.",
                path=f"{subject.prefix}{folder}/",
                severity=Severity.NOTE,
            )


def gaps(subject: Subject) -> Iterator[Problem]:
    """
    Numbers follow each other.
    """
    return _known_to_the_plan(subject, "gap")


def duplicates(subject: Subject) -> Iterator[Problem]:
    """
    Each number has one file.
    """
    return _known_to_the_plan(subject, "duplicate")


def unreadable(subject: Subject) -> Iterator[Problem]:
    """
    A file can be split into statements that a run may send.
    """
    return _known_to_the_plan(subject, "unreadable")


def _known_to_the_plan(subject: Subject, code: str) -> Iterator[Problem]:
    """
    Take over what any run would say of the folder, on any database.
    """
    scripts = {id(file.migration): file.script for file in subject.files}
    errors = {id(migration): error for migration, error in subject.unreadable}

    def read(migration: Migration) -> Script:
        if id(migration) in errors:
            raise errors[id(migration)]
        return scripts[id(migration)]

    for problem in make_plan(subject.migrations, History(), read=read).problems:
        if problem.code == code:
            yield problem._replace(line=problem.line or 1, column=problem.column or 1)
