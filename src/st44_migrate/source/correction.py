"""
The name that a misnamed file should have had.

An error that shows the right name is repaired in a second.  What other tools
call their files is understood where it is clear: ``V17__add.sql``,
``2019-11-15-182353_add.sql``, ``017_add.up.sql``, ``add_017.sql``, ``R_views.sql``.  Where no
number is to be seen, or one that is not a single integer (``V1_7__add.sql``:
17 would come before 2.0), the next free number of the folder is offered.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

__all__ = ["MAX_VERSION", "correct_names", "is_one_way"]

MAX_VERSION = 2**63 - 1
"""The largest version: what a signed 64-bit column holds."""

_NAMELESS = "what_it_does"

_ROLLBACK = re.compile(r"(?:.*\.)?(?:down|undo|rollback|revert)", re.IGNORECASE | re.DOTALL)
_FORWARD = re.compile(r".*\.(?:up|do)", re.IGNORECASE | re.DOTALL)
_FLYWAY_UNDO = re.compile(r"U[0-9]+(?:[._][0-9]+)*__")

_REPEATABLE = re.compile(r"[rR]_+(?=[^_])")
_BASELINE = re.compile(r"[bB]([0-9]{1,18})_+(?=[^_])")

_DATED = re.compile(r"[0-9]{4}[-.][0-9]{2}[-.][0-9]{2}(?:[-.T][0-9]+)*(?![0-9A-Za-z])")
_DOTTED = re.compile(r"[vV]?[0-9]+(?:\.[0-9]+)+(?![0-9A-Za-z])|[vV][0-9]+(?:[._][0-9]+)+(?=__)")
_LEADING = re.compile(r"[vV]?([0-9]+)")
_TRAILING = re.compile(r"(.*?)[-_.\s]+[vV]?([0-9]+)", re.DOTALL)

_TAIL = re.compile(r"(?:[-_.\s]|\.(?:up|do))+\Z", re.IGNORECASE)


def is_one_way(name: str) -> bool:
    """
    Whether the part after the number says that it is half of a pair, up or down.
    """
    return bool(_ROLLBACK.fullmatch(name) or _FORWARD.fullmatch(name))


def correct_names(
    wrong: Iterable[str], labels: Sequence[str] = ()
) -> tuple[tuple[str, str | None], ...]:
    """
    Pair each wrong name with the right one, None for a rollback.

    Args:
        wrong: Names of ``.sql`` files that are not migrations'.

        labels: The numbers that the folder's migrations have, as written: what
            is offered to a file without a number comes after them.
    """
    parts = [(file, *_read_parts(file)) for file in sorted(wrong, key=_by_value)]
    taken = [*labels, *(digits for _, digits, _ in parts if digits)]
    number = max(map(int, taken), default=0)
    width = max(map(len, labels), default=3)
    corrected: list[tuple[str, str | None]] = []
    for file, digits, rest in parts:
        if _ROLLBACK.fullmatch(rest) or _FLYWAY_UNDO.match(file):
            corrected.append((file, None))
            continue
        repeatable = _REPEATABLE.match(rest) if not digits else None
        if repeatable:
            name = rest[repeatable.end() :]
            corrected.append((file, None if _ROLLBACK.fullmatch(name) else f"R__{name}.sql"))
            continue
        baseline = _BASELINE.match(rest) if not digits else None
        if baseline:
            name = rest[baseline.end() :]
            whole = f"B{baseline[1]}__{name}.sql"
            corrected.append((file, None if _ROLLBACK.fullmatch(name) else whole))
            continue
        if not digits:
            number = min(number + 1, MAX_VERSION)
        corrected.append((file, f"{digits or str(number).zfill(width)}_{rest or _NAMELESS}.sql"))
    return tuple(corrected)


def _by_value(file: str) -> str:
    """
    Sort V1_10 after V1_7.  Padded, not converted: there is no limit to digits.
    """
    return re.sub(r"[0-9]+", lambda match: match[0].zfill(20), file)


def _read_parts(file: str) -> tuple[str, str]:
    """
    Take a wrong name apart: its digits, or "", and a name fit to follow them.
    """
    stem = re.sub(r"\.sql\s*\Z", "", file.strip(), flags=re.IGNORECASE)
    digits, rest = _split_number("".join(map(_legible, stem)))
    if len(digits.lstrip("0")) > len(str(MAX_VERSION)) or int(digits or "0") > MAX_VERSION:
        digits = ""
    # The tail first: without its dot, ".up" would be taken for the name.
    return digits, _TAIL.sub("", rest).lstrip("-_. ")


def _split_number(stem: str) -> tuple[str, str]:
    if match := _DATED.match(stem):
        return re.sub("[^0-9]", "", match[0]), stem[match.end() :]
    if match := _DOTTED.match(stem):
        return "", stem[match.end() :]
    if match := _LEADING.match(stem):
        return match[1], stem[match.end() :]
    if match := _TRAILING.fullmatch(stem):
        return match[2], match[1]
    return "", stem


def _legible(character: str) -> str:
    if character.isdecimal():
        return str(int(character))
    unfit = character in "/\\" or character.isspace() or not character.isprintable()
    return "_" if unfit else character
