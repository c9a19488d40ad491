"""
A transactional database in memory, for runs that are driven step by step.

It has what runners can trip over: sessions that die, transactions that others
do not see, rows that a second writer waits for, advisory locks of a session and
of a transaction, statements that cannot run in a transaction, and a log of what
took effect, which neither ledger nor journal has a hand in.  It has no columns,
no queries and no types beyond what ledger and journal need.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime, timedelta

from ..model import History, JournalEntry, LedgerEntry, LedgerName
from .memory_driver import MemoryDriver
from .memory_operations import Effect
from .memory_session import MemorySession
from .memory_sql import read_operation
from .memory_store import Record, Store
from .samples import SampleFile
from .stepping import Kind, Pause

__all__ = ["MemoryDatabase"]

_LEDGER = LedgerName()
_START = datetime(2026, 1, 1, tzinfo=UTC)


class MemoryDatabase:
    """
    One database, its clock, and every session it ever had.

    >>> database = MemoryDatabase()
    >>> session = database.open()
    >>> from .stepping import Stepper
    >>> Stepper(session.execute("CREATE TABLE users (id bigint)")).finish().tag
    'CREATE'
    >>> database.effects
    ('CREATE TABLE users (id bigint)',)
    """

    def __init__(self) -> None:
        self.store = Store()
        self.sessions: list[MemorySession] = []
        self.clock = _START
        self.failing: set[str] = set()
        """Statements that fail as long as they are in here."""

    def driver(self, *, pooled: bool = False, borrowed: bool = False) -> MemoryDriver:
        """
        Make a driver for one runner; see `MemoryDriver`.
        """
        return MemoryDriver(self, pooled=pooled, borrowed=borrowed)

    def open(self) -> MemorySession:
        """
        Open a session.
        """
        session = MemorySession(self, len(self.sessions) + 1)
        self.sessions.append(session)
        return session

    def session(self, pid: int) -> MemorySession:
        """
        Return the session with this number.
        """
        return self.sessions[pid - 1]

    def recall(
        self, history: History, files: Iterable[SampleFile], name: LedgerName = _LEDGER
    ) -> None:
        """
        Create ledger and journal, and let *history* be what happened so far.

        What the ledger has has taken effect, and so have the units of *files*
        that the journal has.
        """
        entries = {entry.version: entry for entry in history.entries}
        kept = [*(e.journal for e in history.entries if e.journal), *history.leftovers]
        done = {entry.version: entry.done or 0 for entry in history.leftovers}
        self.store.tables[name.table] = {e.label: _ledger_row(e) for e in history.entries}
        self.store.tables[name.journal] = {str(e.version): _journal_row(e) for e in kept}
        for file in files:
            effects = file.effects if file.version in entries else ()
            for text in effects or file.effects[: done.get(file.version, 0)]:
                self._remember(text)

    def _remember(self, text: str) -> None:
        operation = read_operation(text)
        if isinstance(operation, Effect) and operation.index is not None:
            self.store.indexes[operation.index] = True
        self.store.effects.append(text)

    # --- what is in it ---

    @property
    def effects(self) -> tuple[str, ...]:
        """
        Every statement of a file that took effect, in order.
        """
        return tuple(self.store.effects)

    def rows(self, table: str) -> dict[str, Record]:
        """
        Return the committed rows of a table by key; none where there is no table.
        """
        return dict(self.store.tables.get(table, {}))

    def held(self) -> list[str]:
        """
        Say what is locked, or left open, by whom.
        """
        store = self.store
        return [
            *(
                f"session {pid} holds the row {table} {key}"
                for (table, key), pid in store.rows.items()
            ),
            *(f"session {pid} holds a lock" for pid in store.sessions.values()),
            *(f"session {pid} holds a transaction's lock" for pid in store.transactions.values()),
            *(f"session {s.pid} has an open transaction" for s in self.sessions if s.transaction),
        ]

    def fingerprint(self) -> int:
        """
        Hash what later statements depend on, but for the time.
        """
        sessions = [s.fingerprint() for s in self.sessions]
        return hash((self.store.fingerprint(), *sessions, *sorted(self.failing)))

    # --- time ---

    def now(self) -> datetime:
        """
        Tell the time: it passes only while somebody sleeps.
        """
        return self.clock

    async def sleep(self, seconds: float, /) -> None:
        """
        Pause until something was given back, or nobody else can go on.
        """
        before, due = self.store.releases, self.clock + timedelta(seconds=seconds)
        await Pause(
            "sleep",
            Kind.SLEEP,
            shared=False,
            ready=lambda: self.store.releases > before,
            due=due,
        )
        self.clock = max(self.clock, due)


def _ledger_row(entry: LedgerEntry) -> Record:
    return {"version": entry.label, "name": entry.name, "applied_at": _START.isoformat()}


def _journal_row(entry: JournalEntry) -> Record:
    return {**asdict(entry), "version": str(entry.version), "state": entry.state.value}
