"""
How a file is cut into transactions.

A file is one transaction, whether it says ``BEGIN ... COMMIT`` around everything
or nothing at all: the runner's own takes their place.  A file with a statement
that cannot run in a transaction, or with the header that says so, commits unit
by unit; a ``BEGIN ... COMMIT`` in it is one unit.

Settings may stand before BEGIN and behind COMMIT.  PostgreSQL's move into the
transaction: they do the same there, a wrong one rolls the file back, and all are
reset after the file anyway.  SQLite's PRAGMAs stay outside, and ``foreign_keys``
is taken out from between the two, since SQLite ignores it inside.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Sequence
from typing import NamedTuple

from ..model import Statement
from .blocks import SPLIT_UP, Block, group
from .flaw import Flaw, shown
from .roles import Reading, Role

__all__ = ["Arrangement", "arrange"]

_KEYS = {Role.KEYS_OFF, Role.KEYS_ON}
_ALONE = {Role.ALONE, Role.OUTER_PRAGMA}
_OUTSIDE = {Role.PRAGMA, Role.INNER_PRAGMA, Role.OUTER_PRAGMA, *_KEYS}

_MODES = re.compile(
    r"(?: ISOLATION LEVEL (?:SERIALIZABLE|REPEATABLE READ|READ COMMITTED|READ UNCOMMITTED)"
    r"| READ WRITE| READ ONLY| NOT DEFERRABLE| DEFERRABLE)*"
)


class Arrangement(NamedTuple):
    """
    The part of a `Script` that says what runs in which transaction.
    """

    units: tuple[tuple[Statement, ...], ...]
    transactional: bool
    begin: str = ""
    prologue: tuple[Statement, ...] = ()
    epilogue: tuple[Statement, ...] = ()
    autonomous: frozenset[int] = frozenset()


def arrange(
    readings: Sequence[Reading], *, transaction: bool | None, wrapped: bool = True
) -> Arrangement:
    """
    Cut the statements of a file into units.

    Args:
        readings: The statements of the file, in order.

        transaction: What its header asks for; None: nothing.

        wrapped: Whoever wrote it had a transaction around the file; else one with
            blocks of its own beside other statements runs block by block.

    Raises:
        Flaw: the transaction control of the file cannot be taken as it is.
    """
    if transaction is not False and all(reading.role is Role.PLAIN for reading in readings):
        return Arrangement((_statements(readings),), transactional=True)
    lead, blocks, trail = _peel(group(readings))
    alone = next((b.body[0] for b in blocks if not b.begin and b.body[0].role in _ALONE), None)
    if alone and transaction:
        raise Flaw(
            alone.statement.offset,
            f"{alone.what} cannot run in a transaction, and the file's header asks for one.",
            "Delete '-- st44: transaction', or give the statement a file of its own.",
        )
    mixed = not wrapped and len(blocks) > 1 and any(block.begin for block in blocks)
    if alone or transaction is False or (mixed and transaction is None):
        return _step_by_step(lead, blocks, trail)
    return _whole(lead, blocks, trail)


def _peel(blocks: Sequence[Block]) -> tuple[list[Reading], list[Block], list[Reading]]:
    """
    Take the settings off both ends.
    """
    loose = {Role.SETTING, *_OUTSIDE}
    if not any(block.begin for block in blocks):
        # Without a BEGIN of the file's own they take part in ours.
        loose.remove(Role.INNER_PRAGMA)
    kept = [i for i, b in enumerate(blocks) if b.begin or b.body[0].role not in loose]
    first, behind = (kept[0], kept[-1] + 1) if kept else (len(blocks), len(blocks))
    lead = [block.body[0] for block in blocks[:first]]
    trail = [block.body[0] for block in blocks[behind:]]
    return lead, list(blocks[first:behind]), trail


# --- one transaction ----------------------------------------------------------


def _whole(
    lead: Sequence[Reading], blocks: Sequence[Block], trail: Sequence[Reading]
) -> Arrangement:
    begin, inside = _only_block(blocks)
    body = [*_but(_OUTSIDE, lead), *inside, *_but(_OUTSIDE, trail)]
    options, body = _take_options(begin, body)
    return Arrangement(
        units=(_statements(_but(_KEYS, body)),),
        transactional=True,
        begin=options,
        prologue=_statements([*_only(_OUTSIDE, lead), *_only({Role.KEYS_OFF}, body)]),
        epilogue=_statements([*_only({Role.KEYS_ON}, body), *_only(_OUTSIDE, trail)]),
    )


def _only_block(blocks: Sequence[Block]) -> tuple[Reading | None, Sequence[Reading]]:
    """
    Return the file's own BEGIN, if there is one, and what it holds.
    """
    own = next((block for block in blocks if block.begin), None)
    if own is None or own.begin is None or own.commit is None:
        return None, [block.body[0] for block in blocks]
    stray = next((block for block in blocks if block is not own), None)
    if stray is None:
        return own.begin, own.body
    first, last = own.begin.statement.line, own.commit.statement.line
    lines = f"in line {first}" if first == last else f"of lines {first} to {last}"
    what = stray.begin or stray.body[0]
    happened = (
        f"a second {stray.begin.what}, after the BEGIN ... COMMIT {lines}."
        if stray.begin
        else f"this statement stands outside of the BEGIN ... COMMIT {lines}."
    )
    raise Flaw(what.statement.offset, happened, SPLIT_UP)


def _take_options(begin: Reading | None, body: Sequence[Reading]) -> tuple[str, list[Reading]]:
    """
    Collect the options of BEGIN and of the SET TRANSACTION right behind it.
    """
    early = next((i for i, r in enumerate(body) if r.role not in _EARLY), len(body))
    taken = [*([begin] if begin else []), *_only({Role.OPTIONS}, body[:early])]
    for reading in _only({Role.OPTIONS}, body[early:]):
        raise Flaw(
            reading.statement.offset,
            "SET TRANSACTION comes too late, after other statements.",
            "Write it first.",
        )
    for reading in taken:
        _check_options(reading)
    return " ".join(r.options for r in taken if r.options), _but({Role.OPTIONS}, body)


_EARLY = {Role.SETTING, Role.OPTIONS}


def _check_options(reading: Reading) -> None:
    offset = reading.statement.offset
    if not _MODES.fullmatch(f" {reading.options}" if reading.options else ""):
        happened = f"{reading.what} has options that cannot be passed on: {shown(reading.options)}."
        remedy = "Isolation levels, READ WRITE and DEFERRABLE can."
        raise Flaw(offset, happened, remedy)
    if "READ ONLY" in reading.options:
        happened = "a transaction that is READ ONLY cannot record the migration."
        raise Flaw(offset, happened, "Delete READ ONLY.")


# --- unit by unit -------------------------------------------------------------

# A procedure or a block may commit on its own, where no transaction is around it.
_COMMITS = re.compile(
    r"(?:call|reindex|cluster)\b|do\b.*\b(?:commit|rollback)\b", re.IGNORECASE | re.DOTALL
)


def _step_by_step(
    lead: Sequence[Reading], blocks: Sequence[Block], trail: Sequence[Reading]
) -> Arrangement:
    """
    Make each statement and each block a unit.

    What the file sets first is not: a run that goes on in the middle needs it too.
    """
    trailing = [Block((reading,)) for reading in _but(_OUTSIDE, trail)]
    units = [block for block in (*blocks, *trailing) if block.body]
    for block in units:
        _check_unit(block)
    return Arrangement(
        units=tuple(_statements(block.body) for block in units),
        transactional=False,
        prologue=_statements(lead),
        epilogue=_statements(_only(_OUTSIDE, trail)),
        autonomous=frozenset(i for i, b in enumerate(units) if not b.begin and _alone(b.body[0])),
    )


def _alone(reading: Reading) -> bool:
    return reading.role in {*_ALONE, *_KEYS} or bool(_COMMITS.match(reading.statement.text))


def _check_unit(block: Block) -> None:
    if block.begin is None:
        reading = block.body[0]
        if reading.role in {Role.SAVEPOINT, Role.OPTIONS}:
            happened = f"{reading.what} outside of a transaction does nothing."
            raise Flaw(reading.statement.offset, happened, "Put it between BEGIN and COMMIT.")
        return
    for reading in (block.begin, *_only({Role.OPTIONS}, block.body)):
        if reading.options:
            happened = f"{reading.what} has options in a file that commits step by step."
            raise Flaw(reading.statement.offset, happened, "Give the transaction its own file.")
    for reading in _only(_KEYS, block.body):
        happened = f"{reading.what} inside a transaction is ignored by SQLite."
        raise Flaw(reading.statement.offset, happened, "Put it before BEGIN.")


# --- small parts --------------------------------------------------------------


def _only(roles: Collection[Role], readings: Iterable[Reading]) -> list[Reading]:
    return [reading for reading in readings if reading.role in roles]


def _but(roles: Collection[Role], readings: Iterable[Reading]) -> list[Reading]:
    return [reading for reading in readings if reading.role not in roles]


def _statements(readings: Iterable[Reading]) -> tuple[Statement, ...]:
    return tuple(reading.statement for reading in readings)
