"""
What the questions of ledger and journal find in a memory database.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from . import memory_operations as ops
from .memory_store import Record, Store, Transaction, Value

__all__ = ["bare", "read_rows"]

_COLUMN = re.compile(
    r"(?:CAST\()?(?P<table>[lj])\.(?P<name>\w+)(?: AS text\))?(?P<there> IS NOT NULL)?\Z"
)
_UNLESS = re.compile(r"CASE WHEN j\.(?P<given>\w+) IS NULL THEN j\.(?P<name>\w+) END\Z")
_FIRST_OF = re.compile(r"coalesce\(CAST\(l\.(\w+) AS text\), j\.(\w+)\)\Z")
_CONSTANTS: dict[str, Value] = {"NULL": None, "true": True, "false": False}


def read_rows(
    operation: ops.Operation, store: Store, tx: Transaction, pid: int
) -> Sequence[Sequence[Value]]:
    """
    Answer a question that changes nothing.

    Raises:
        DriverError: a table is not there.
    """
    match operation:
        case ops.Inspect(ledger, journal):
            return [(pid, store.has(ledger, tx), store.has(journal, tx))]
        case ops.Pulse():
            return [_pulse(operation, store, tx)]
        case ops.Leftover(index):
            half_built = store.indexes.get(index or "") is False and index not in store.building
            return [(index,)] if half_built else []
        case ops.Evidence(index):
            return [(store.indexes.get(index or "", False),)]
        case ops.Count(table, state):
            rows = store.visible(table, tx).values()
            return [(sum(row["state"] == state for row in rows),)]
        case ops.Read():
            pairs = list(_pairs(operation, store, tx))
            return [tuple(_evaluate(c, *pair) for c in operation.columns) for pair in pairs]
        case _:
            raise AssertionError(f"not a question: {operation}")


def _pulse(asked: ops.Pulse, store: Store, tx: Transaction) -> Sequence[Value]:
    names = (asked.ledger, asked.journal)
    there = tuple(store.has(name, tx) for name in names)
    rows = [store.visible(name, tx) for name in names if store.has(name, tx)]
    present = "".join(str(int(store.has(name, tx))) for name in asked.relations)
    holders = [] if asked.lock is None else store.holders(asked.lock)
    holder = holders[0] if holders else None
    return None if there == asked.known else 1, str(rows), present, holder, None


def _pairs(
    operation: ops.Read, store: Store, tx: Transaction
) -> Iterator[tuple[Record | None, Record | None]]:
    """
    Yield the rows of a full join of ledger and journal, by the number they mean.
    """
    ledger = store.visible(operation.ledger, tx) if operation.ledger else {}
    journal = store.visible(operation.journal, tx) if operation.journal else {}
    for key, row in ledger.items():
        yield row, journal.get(bare(key))
    recorded = {bare(key) for key in ledger}
    for key, row in journal.items():
        if key not in recorded and operation.only in {None, key}:
            yield None, row


def bare(label: str) -> str:
    """
    Write a version as the journal does, without leading zeros.
    """
    return label.lstrip("0") or "0"


def _evaluate(column: str, ledger: Record | None, journal: Record | None) -> Value:
    if column in _CONSTANTS:
        return _CONSTANTS[column]
    if first := _FIRST_OF.match(column):
        return ledger[first[1]] if ledger is not None else (journal or {})[first[2]]
    if unless := _UNLESS.match(column):
        kept = journal or {}
        return kept.get(unless["name"]) if kept.get(unless["given"]) is None else None
    found = _COLUMN.match(column)
    if found is None:
        raise AssertionError(f"a column that is not understood: {column}")
    row = ledger if found["table"] == "l" else journal
    if found["there"]:
        return row is not None
    return None if row is None else row.get(found["name"])
