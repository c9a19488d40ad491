"""
The rule about changes that break the code which is running.

While a deployment rolls, and after the code was rolled back, old code meets the
new schema.  What it may still use goes in a last step of its own.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from .reading import actions, altered_table, created, dropped_tables, renamed_table
from .rule import Hit
from .subject import File, Subject

__all__ = ["breaking"]

_REMEDY = (
    "Deploy in steps: first what both versions of the code can use, then the code, then this, in"
    " a file that says '-- st44: phase contract' in its first line."
)
_WORTH_A_DEFAULT = frozenset({"default", "generated", "serial", "bigserial", "smallserial"})


def breaking(subject: Subject) -> Iterator[Hit]:
    """
    What running code may use is not taken away by the way.
    """
    for file in subject.files:
        if file.script.phase != "contract":
            yield from _in(file)


def _in(file: File) -> Iterator[Hit]:
    new = {made.name for words in file.words if (made := created(words)) and made.kind == "table"}
    pairs = [pair for words in file.words if (pair := renamed_table(words))]
    # A table that is built anew, filled and given the old one's name is still there.
    rebuilt = {after for before, after in pairs if before in new}
    for statement, words in zip(file.statements, file.words, strict=True):
        for name in dropped_tables(words):
            if name not in new | rebuilt:
                message = f"DROP TABLE {name} breaks code that still uses it."
                yield Hit(message, _REMEDY, file, statement.offset)
        table, _ = altered_table(words)
        if not table or table in new or table in rebuilt:
            continue
        for action in actions(words):
            what = _broken_by(action)
            if what:
                message = f"{table}: {what} breaks code that still counts on it."
                yield Hit(message, _REMEDY, file, statement.offset)


def _broken_by(action: Sequence[str]) -> str:
    """
    Name what an action of ALTER TABLE takes away; ``""``: nothing.
    """
    match list(action):
        case ["drop", "constraint", *_] | ["rename", "constraint", *_]:
            return ""
        case ["drop", "column", "if", "exists", name, *_] | ["drop", "column", name, *_]:
            return f"DROP COLUMN {name}"
        case ["drop", "if", "exists", name, *_] | ["drop", name, *_]:
            return f"DROP COLUMN {name}"
        case ["rename", "to", name, *_]:
            return f"RENAME TO {name}"
        case ["rename", "column", name, *_] | ["rename", name, *_]:
            return f"RENAME COLUMN {name}"
        case ["add", *rest]:
            return _required(rest)
        case ["alter", "column", name, *rest] | ["alter", name, *rest]:
            return _altered(name, rest)
        case _:
            return ""


def _required(rest: Sequence[str]) -> str:
    """
    Name a column that old code, which does not know it, cannot leave out.
    """
    if rest[:1] in (["constraint"], ["check"], ["unique"], ["primary"], ["foreign"], ["exclude"]):
        return ""
    at = (rest[:1] == ["column"]) + 0
    at += 3 if list(rest[at : at + 3]) == ["if", "not", "exists"] else 0
    joined = " ".join(rest)
    if "not null" not in joined or _WORTH_A_DEFAULT & set(rest):
        return ""
    return f"ADD COLUMN {rest[at]} NOT NULL without a default" if at < len(rest) else ""


def _altered(name: str, rest: Sequence[str]) -> str:
    if rest[:1] == ["type"] or rest[:3] == ["set", "data", "type"]:
        return f"another type of {name}"
    if rest[:3] == ["set", "not", "null"]:
        return f"SET NOT NULL of {name}"
    if rest[:2] == ["drop", "default"]:
        return f"DROP DEFAULT of {name}"
    return ""
