"""
From the rows of ledger and journal to a `History`.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta

from .model import History, JournalEntry, JournalState, LedgerEntry, Version, read_version
from .protocols import Row

__all__ = ["read_history", "read_moment"]


def read_history(rows: Sequence[Row]) -> History:
    """
    Read the answer to `TableLedger.read`'s query: a premise, whether the ledger
    has the version, version, name, moment, whether the journal has it, and the
    journal's columns.
    """
    entries: dict[Version, LedgerEntry] = {}
    leftovers: dict[Version, JournalEntry] = {}
    foreign: list[str] = []
    for _, recorded, label, name, at, journaled, *kept in rows:
        text = str(label).strip()
        version = read_version(text)
        if version is None:
            foreign.append(text)
            continue
        entry = _read_journal(version, kept, at) if journaled else None
        if recorded:
            entries.setdefault(
                version, LedgerEntry(version, text, name or "", read_moment(at), entry)
            )
        elif entry is not None:
            leftovers[version] = entry
    # SQL pairs what differs in leading zeros only; "1.10" and "01.10.0" meet here.
    for version in entries.keys() & leftovers.keys():
        entries[version] = _pair(entries[version], leftovers.pop(version))
    return History(
        entries=tuple(entries[version] for version in sorted(entries)),
        leftovers=tuple(leftovers[version] for version in sorted(leftovers)),
        foreign=tuple(foreign),
    )


def _pair(entry: LedgerEntry, left: JournalEntry) -> LedgerEntry:
    return entry if entry.journal else entry._replace(journal=left)


def _read_journal(version: Version, row: Row, at: object) -> JournalEntry:
    """
    Read what `journal.columns` asks for; *at* is the ledger's moment.
    """
    (state, checksum, raw, total, done, done_checksum, in_doubt, duration, began, *rest) = row
    reason, error, backend_pid, backend_start = rest
    if began is not None and state == JournalState.APPLIED.value:
        duration = _milliseconds(began, at)
    return JournalEntry(
        version=version,
        state=JournalState(state),
        checksum=checksum,
        raw_checksum=raw,
        total=total,
        done=done,
        done_checksum=done_checksum,
        in_doubt=bool(in_doubt),
        duration_ms=duration,
        reason=reason,
        error=error,
        backend_pid=backend_pid,
        backend_start=backend_start,
    )


def _milliseconds(began: object, ended: object) -> int | None:
    first, last = read_moment(began), read_moment(ended)
    if first is None or last is None or last < first:
        return None
    return (last - first) // timedelta(milliseconds=1)


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
