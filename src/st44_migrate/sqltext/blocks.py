"""
The BEGIN ... COMMIT pairs of a file, and the statements between them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from .flaw import Flaw
from .roles import Reading, Role

__all__ = ["SPLIT_UP", "Block", "group"]

SPLIT_UP = (
    "Put one BEGIN ... COMMIT around everything; or write '-- st44: no-transaction' in the"
    " first line, and each part commits by itself; or make two files of it."
)

_REFUSALS = {
    "ROLLBACK": (
        "ROLLBACK undoes the file's own work.",
        "Delete it. To undo a part, write SAVEPOINT and ROLLBACK TO.",
    ),
    "AND CHAIN": (
        "AND CHAIN opens another transaction in the middle of the file.",
        SPLIT_UP,
    ),
    "PREPARE TRANSACTION": (
        "PREPARE TRANSACTION leaves it to somebody else to commit the file.",
        "Delete it: the run commits.",
    ),
    "SET autocommit": (
        "SET autocommit decides when the file's own work is committed.",
        "Delete it: the run commits.",
    ),
    "SET SESSION CHARACTERISTICS": (
        "SET SESSION CHARACTERISTICS is for transactions to come, not for this one.",
        "Write the options behind BEGIN.",
    ),
}
_INSIDE_OUT = {Role.ALONE, Role.OUTER_PRAGMA}


class Block(NamedTuple):
    """
    What stands between *begin* and *commit*; both are None for a lone statement.
    """

    body: tuple[Reading, ...]
    begin: Reading | None = None
    commit: Reading | None = None


def group(readings: Sequence[Reading]) -> list[Block]:
    """
    Pair each BEGIN with its COMMIT.

    Raises:
        Flaw: one is missing, or a statement does to a transaction what no file
            may, or cannot be between the two.
    """
    blocks: list[Block] = []
    begin: Reading | None = None
    body: list[Reading] = []
    for reading in readings:
        _check(reading, begin)
        if reading.role is Role.BEGIN:
            begin, body = reading, []
        elif reading.role is Role.COMMIT:
            blocks.append(Block(tuple(body), begin, reading))
            begin = None
        elif begin is None:
            blocks.append(Block((reading,)))
        else:
            body.append(reading)
    if begin is not None:
        raise Flaw(
            begin.statement.offset,
            f"this {begin.what} has no COMMIT.",
            f"Write COMMIT at the end, or delete {begin.what}: the run opens and commits itself.",
        )
    return blocks


def _check(reading: Reading, begin: Reading | None) -> None:
    role, offset = reading.role, reading.statement.offset
    if role is Role.REFUSED:
        raise Flaw(offset, *_REFUSALS.get(reading.what, _not_understood(reading)))
    if role is Role.COMMIT and begin is None:
        raise Flaw(offset, f"{reading.what} without a BEGIN before it.", _unopened(reading))
    if begin is None:
        return
    line = begin.statement.line
    if role is Role.BEGIN:
        happened = f"{reading.what} inside of the {begin.what} in line {line}."
        raise Flaw(offset, happened, SPLIT_UP)
    if role in _INSIDE_OUT:
        raise Flaw(
            offset,
            f"{reading.what} cannot run in a transaction, and {begin.what} in line {line} opens one.",
            "Take it out of BEGIN ... COMMIT, or give it a file of its own.",
        )


def _unopened(reading: Reading) -> str:
    if reading.what == "END":
        return (
            "If it ends the body of a function, put that body between $$;"
            " else delete it, since the run commits."
        )
    return f"Delete it, since the run commits. {SPLIT_UP}"


def _not_understood(reading: Reading) -> tuple[str, str]:
    return (
        f"{reading.what} as it is written here does not belong to a transaction.",
        "If it is part of a function, the function's body is not quoted: put it between $$.",
    )
