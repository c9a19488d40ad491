"""
The table of rules.
"""

from __future__ import annotations

from ..model import Severity
from . import about_files, about_statements
from .breaking import breaking
from .rule import Rule

__all__ = ["IGNORE_CODES", "RULES"]

_ERROR, _WARNING, _NOTE = Severity.ERROR, Severity.WARNING, Severity.NOTE

RULES: tuple[Rule, ...] = (
    Rule("misnamed", _ERROR, "A run refuses a folder with it.", about_files.misnamed),
    Rule("rollback-file", _ERROR, "There is no way back.", about_files.rollbacks),
    Rule("duplicate", _ERROR, "One of the two would never run.", about_files.duplicates),
    Rule("unreadable", _ERROR, "A run refuses the file.", about_files.unreadable),
    Rule("gap", _NOTE, "A file may have been lost.", about_files.gaps),
    Rule("file-name", _WARNING, "A name is what people look for.", about_files.descriptive),
    Rule("no-comment", _NOTE, "Only a comment can say why.", about_files.explained),
    Rule(
        "number",
        _WARNING,
        "A row under another number hides another file.",
        about_statements.numbered,
    ),
    Rule(
        "record-without-on-conflict",
        _WARNING,
        "A row that is there already fails the file.",
        about_statements.for_the_ledger,
    ),
    Rule(
        "missing-if-not-exists",
        _NOTE,
        "A file that is run by hand may be run twice.",
        about_statements.repeatable,
    ),
    Rule(
        "concurrent-if-not-exists",
        _WARNING,
        "It takes an INVALID index for a good one.",
        about_statements.valid_indexes,
    ),
    Rule(
        "created-twice",
        _WARNING,
        "IF NOT EXISTS does nothing then, and says so to nobody.",
        about_statements.created_twice,
    ),
    Rule(
        "drop-without-cascade",
        _WARNING,
        "Foreign keys and views stop it.",
        about_statements.cascading,
    ),
    Rule(
        "needless-no-transaction",
        _WARNING,
        "A failure half-way leaves half of the file behind.",
        about_statements.needless_header,
    ),
    Rule("breaking-change", _WARNING, "Old code meets the new schema.", breaking),
)
"""Every rule over a folder.  A code never changes its meaning."""

IGNORE_CODES = {
    "bad-ignore": "An ignore names a rule and a reason.",
    "unused-ignore": "An ignore that lets nothing be hides the next mistake.",
}
"""What may be wrong with an ignore, with the reason.  Neither can be ignored."""
