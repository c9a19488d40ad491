"""
What a memory database holds: tables by key, the log of effects, and locks.

Nothing here waits: a session asks who is in its way, and pauses by itself.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TypeAlias

from ..errors import DriverError

__all__ = ["NOW", "Record", "Store", "Transaction", "Value"]

Value: TypeAlias = str | int | float | bool | None
Record: TypeAlias = Mapping[str, Value]
"""One row: column to value."""

NOW = "\0now"
"""Stands for the current time among the values of a statement."""


@dataclass(slots=True)
class Transaction:
    """
    What a session has done and not committed; nobody else sees it.

    *failed*: a statement went wrong, and only ``ROLLBACK`` is left.
    """

    created: set[str] = field(default_factory=set[str])
    rows: dict[tuple[str, str], Record] = field(default_factory=dict[tuple[str, str], Record])
    effects: list[str] = field(default_factory=list[str])
    failed: bool = False

    def fingerprint(self) -> object:
        """
        Tell what is in it, but for the time.
        """
        rows = tuple((key, _timeless(row)) for key, row in self.rows.items())
        return tuple(sorted(self.created)), rows, tuple(self.effects), self.failed


@dataclass(slots=True)
class Store:
    """
    What is committed, and who holds what.  Sessions are known by their pid.

    Args:
        tables: For each table its rows by key.

        effects: Every statement of a file that took effect, in the order of
            their commits: the truth that ledger and journal are compared with.

        indexes: Every index that was built alone, and whether it is whole.

        building: The indexes that a session is building right now.

        rows: Who changed a row, or created a table, and has not committed.

        sessions, transactions: Who holds an advisory lock until its session
            ends, and until its transaction does.

        depths: How often a session has taken a lock, and has to give it back.

        releases: Counts what was given back: a reason to look again.
    """

    tables: dict[str, dict[str, Record]] = field(default_factory=dict[str, dict[str, Record]])
    effects: list[str] = field(default_factory=list[str])
    indexes: dict[str, bool] = field(default_factory=dict[str, bool])
    building: set[str] = field(default_factory=set[str])
    rows: dict[tuple[str, str], int] = field(default_factory=dict[tuple[str, str], int])
    sessions: dict[int, int] = field(default_factory=dict[int, int])
    depths: dict[int, int] = field(default_factory=dict[int, int])
    transactions: dict[int, int] = field(default_factory=dict[int, int])
    releases: int = 0

    def has(self, table: str, tx: Transaction) -> bool:
        """
        Whether *tx* sees the table.
        """
        return table in self.tables or table in tx.created

    def visible(self, table: str, tx: Transaction) -> dict[str, Record]:
        """
        Return the rows that *tx* sees: what is committed, and its own.

        Raises:
            DriverError: there is no such table.
        """
        if not self.has(table, tx):
            raise DriverError(f'relation "{table}" does not exist', sqlstate="42P01")
        own = {key: row for (name, key), row in tx.rows.items() if name == table}
        return {**self.tables.get(table, {}), **own}

    def holders(self, lock: int) -> list[int]:
        """
        List the sessions that have an advisory lock, in either way.
        """
        found = {self.sessions.get(lock), self.transactions.get(lock)}
        return sorted(pid for pid in found if pid is not None)

    def try_advisory(self, lock: int, pid: int, *, session: bool, again: bool = False) -> bool:
        """
        Take an advisory lock, unless another session has it.

        *again*: a session that has it already has to give it back once more.
        """
        if any(holder != pid for holder in self.holders(lock)):
            return False
        if session:
            known = self.sessions.get(lock) == pid
            self.depths[lock] = self.depths.get(lock, 0) + again if known else 1
        (self.sessions if session else self.transactions)[lock] = pid
        return True

    def unlock(self, pid: int, lock: int) -> bool:
        """
        Give a session's advisory lock back, once.
        """
        if self.sessions.get(lock) != pid:
            return False
        self.depths[lock] -= 1
        if not self.depths[lock]:
            del self.sessions[lock], self.depths[lock]
            self.releases += 1
        return True

    def unlock_all(self, pid: int) -> None:
        """
        Give back all advisory locks that a session has taken.
        """
        for lock in [lock for lock, holder in self.sessions.items() if holder == pid]:
            self.depths[lock] = 1
            self.unlock(pid, lock)

    def commit(self, tx: Transaction, pid: int) -> None:
        """
        Let everybody see what *tx* did.
        """
        for table in tx.created:
            self.tables.setdefault(table, {})
        for (table, key), row in tx.rows.items():
            self.tables[table][key] = row
        self.effects.extend(tx.effects)
        self.free(pid)

    def free(self, pid: int) -> None:
        """
        Give back what a session held until the end of its transaction.
        """
        before = len(self.rows) + len(self.transactions)
        self.rows = {key: holder for key, holder in self.rows.items() if holder != pid}
        self.transactions = {k: holder for k, holder in self.transactions.items() if holder != pid}
        self.releases += len(self.rows) + len(self.transactions) < before

    def fingerprint(self) -> object:
        """
        Tell what is in here, but for the time.
        """
        return (
            *((name, *map(_timeless, rows.values())) for name, rows in sorted(self.tables.items())),
            tuple(self.effects),
            *(
                tuple(sorted(held.items()))
                for held in (self.indexes, self.rows, self.sessions, self.depths, self.transactions)
            ),
        )


def _timeless(row: Record) -> object:
    return tuple(value for column, value in row.items() if not column.endswith("_at"))
