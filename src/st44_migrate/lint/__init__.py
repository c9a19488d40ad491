"""
Rules for a folder of migrations, as pure functions over what its files say.

    subject    the folder, read
    rule       what a rule is; rules: the table of them
    about_files, about_statements, breaking: the rules;  reading: what they read
    ignores    ``-- st44: ignore CODE reason``
    linting    all of it together
    squawk     what another linter says, at our places

A finding is a `Problem`, as a plan has them, so that everything that shows those
shows these.
"""

from __future__ import annotations

from .linting import fails, lint
from .rules import IGNORE_CODES, RULES
from .subject import Subject, read_subject

__all__ = ["IGNORE_CODES", "RULES", "Subject", "fails", "lint", "read_subject"]
