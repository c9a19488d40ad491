"""
What squawk, a linter for PostgreSQL migrations, says of the same files.  Pure.

Its rules know the locks and rewrites of statements.  Some are left out: a
run of ours does what they want, or one of our rules says it with more to go by.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from ..model import Problem, Severity
from .ignores import EXTERNAL
from .subject import File

__all__ = ["NOT_ASKED", "read_squawk"]

NOT_ASKED: Mapping[str, str] = {
    "require-lock-timeout": "a run sets lock_timeout, and tries again",
    "require-statement-timeout": "a run bounds what counts: the wait for a lock",
    "require-timeout-settings": "a run sets lock_timeout, and tries again",
    "transaction-nesting": "a file's own BEGIN ... COMMIT is understood",
    "prefer-robust-stmts": "missing-if-not-exists, and concurrent-if-not-exists",
    "ban-drop-table": "breaking-change",
    "ban-drop-column": "breaking-change",
    "renaming-table": "breaking-change",
    "renaming-column": "breaking-change",
    "adding-required-field": "breaking-change",
    "prefer-big-int": "a matter of taste",
    "prefer-bigint-over-int": "a matter of taste",
    "prefer-bigint-over-smallint": "a matter of taste",
    "prefer-identity": "a matter of taste",
    "prefer-text-field": "a matter of taste",
    "prefer-timestamp-tz": "a matter of taste",
    "ban-char-field": "a matter of taste",
}
"""Rules of squawk that are left out, and what is there instead.  Left out here and
not by squawk, which refuses the names that another version of it had."""

_SEVERITIES = {"Error": Severity.ERROR, "Warning": Severity.WARNING}
_UNREAD = "syntax-error"


def read_squawk(answer: str, files: Mapping[str, File]) -> Sequence[Problem]:
    """
    Turn squawk's JSON into findings at our places.

    Args:
        answer: A list, of which each item has a line and a column from 0,
            the latter in bytes.

        files: By the names that squawk was given.
    """
    items: list[dict[str, Any]] = json.loads(answer)
    unread: set[str] = set()
    found: list[Problem] = []
    for item in items:
        file = files[item["file"]]
        if item["rule_name"] in NOT_ASKED:
            continue
        if item["rule_name"] != _UNREAD:
            found.append(_finding(item, file))
        elif item["file"] not in unread:
            unread.add(item["file"])
            found.append(_cannot_read(item, file))
    return found


def _finding(item: Mapping[str, Any], file: File) -> Problem:
    return _at(
        item,
        file,
        f"{EXTERNAL}{item['rule_name']}",
        _SEVERITIES.get(item["level"], Severity.WARNING),
        item["message"],
        item["help"] or "",
    )


def _cannot_read(item: Mapping[str, Any], file: File) -> Problem:
    """
    Say it as a note: it is squawk that cannot, and no rule of its was tried.
    """
    return _at(
        item,
        file,
        f"{EXTERNAL}{_UNREAD}",
        Severity.NOTE,
        f"squawk does not understand this file, so none of its rules was tried: {item['message']}",
        "Nothing, if the server takes it.",
    )


def _at(item: Mapping[str, Any], file: File, code: str, severity: Severity, *said: str) -> Problem:
    message, remedy = said
    lines = file.script.text.split("\n")
    row: int = item["line"]
    # It counts bytes.
    before = lines[row].encode("utf-8", "surrogatepass")[: item["column"]]
    column = len(before.decode("utf-8", "ignore"))
    offset = sum(len(line) + 1 for line in lines[:row]) + column
    return file.problem(code, severity, message, remedy, offset)
