"""
From the rows of ledger and journal to a `History`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from . import journal
from .model import History, JournalEntry, LedgerEntry
from .protocols import Row

__all__ = ["read_history", "read_moment"]

_MOST_DIGITS = 100
"""What is longer is no version of anybody, and slow to read as a number."""


def read_history(rows: Sequence[Row]) -> History:
    """
    Read the answer to `TableLedger.read`'s query: a premise, whether the ledger
    has the version, version, name, moment, whether the journal has it, and the
    journal's columns.
    """
    entries: dict[int, LedgerEntry] = {}
    leftovers: list[JournalEntry] = []
    foreign: list[str] = []
    for _, recorded, label, name, at, journaled, *kept in rows:
        text = str(label).strip()
        if not (text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS):
            foreign.append(text[:40])
            continue
        version = int(text)
        entry = journal.read_row(version, kept) if journaled else None
        if recorded:
            entries.setdefault(
                version, LedgerEntry(version, text, name or "", read_moment(at), entry)
            )
        elif entry is not None:
            leftovers.append(entry)
    return History(
        entries=tuple(entries[version] for version in sorted(entries)),
        leftovers=tuple(sorted(leftovers, key=lambda entry: entry.version)),
        foreign=tuple(foreign),
    )


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def read_moment(value: object) -> datetime | None:
    """
    Read what `Dialect.epoch` gives; None for what is no moment.
    """
    try:
        if isinstance(value, int):
            return _EPOCH + timedelta(microseconds=value)
        moment = datetime.fromisoformat(str(value))
    except (ValueError, OverflowError):
        return None
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
