"""
One session of a memory database, seen from the server: transactions and waits.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from ..errors import DriverError
from . import memory_operations as ops
from .memory_sql import read_operation
from .memory_statements import Answer, perform
from .memory_store import Transaction
from .stepping import Kind, Pause

if TYPE_CHECKING:
    from .memory import MemoryDatabase

__all__ = ["MemorySession"]


class MemorySession:
    """
    Args:
        database: Where it is a session.

        pid: Its number, in the order in which sessions were opened.
    """

    def __init__(self, database: MemoryDatabase, pid: int) -> None:
        self.database = database
        self.pid = pid
        self.transaction: Transaction | None = None
        self.ended = False
        self.refusal: DriverError | None = None
        """What the next statement fails with, whatever it is."""
        self.alone = False
        """Its client is gone, and it does not know yet."""
        self.waits_for: int | None = None

    async def execute(self, sql: str) -> Answer:
        """
        Execute one statement, in the open transaction or in one of its own.

        Raises:
            DriverError: it failed, or the session has ended.
        """
        self.check()
        operation = read_operation(sql)
        if isinstance(operation, ops.Control):
            return self._control(operation)
        if self.transaction is not None:
            if self.transaction.failed:
                raise DriverError("current transaction is aborted", sqlstate="25P02")
            return await perform(self, operation, self.transaction, inside=True)
        tx = self.transaction = Transaction()
        try:
            answer = await perform(self, operation, tx, inside=False)
        except BaseException:
            self.roll_back()
            raise
        self._commit(tx)
        return answer

    def check(self) -> None:
        """
        Find out what has happened to the session meanwhile.

        Raises:
            DriverError: it has ended, or its next statement is to fail.
        """
        if self.ended:
            raise DriverError("terminating connection", sqlstate="57P01", lost=True)
        if self.refusal is not None:
            refusal, self.refusal = self.refusal, None
            raise refusal

    def interrupt(self) -> None:
        """
        Note that a statement did not come to its end: only ROLLBACK is left.
        """
        if self.transaction is not None:
            self.transaction.failed = True

    def roll_back(self) -> None:
        """
        Undo the open transaction and free what it locked.
        """
        self.transaction = None
        self.database.store.free(self.pid)

    def end(self) -> None:
        """
        End the session, and with it its transaction and its locks.
        """
        self.ended = True
        self.roll_back()
        self.database.store.unlock_all(self.pid)

    async def lock(self, table: str, key: str) -> None:
        """
        Take a row, after whoever has changed it has committed or is gone.
        """
        row = (table, key)
        while self._holder(row) is not None:
            if self._would_wait_for_itself(row):
                raise DriverError("deadlock detected", sqlstate="40P01")
            self.waits_for = self._holder(row)
            try:
                await Pause(f"wait for {row}", Kind.WAIT, ready=lambda: self._holder(row) is None)
            finally:
                self.waits_for = None
            self.check()
        self.database.store.rows[row] = self.pid

    def is_private(self, sql: str) -> bool:
        """
        Whether *sql* commutes with whatever other sessions do now.
        """
        try:
            operation = read_operation(sql)
        except DriverError:
            return True
        match operation:
            case ops.Nothing():
                return True
            case ops.Advisory(verb):
                # Who is named to people changes with the moment; nothing else does.
                return verb == "whose"
            case ops.Control(verb):
                return verb == "begin" or self.transaction is None
            case ops.Effect(unlocks=unlocks):
                return self.transaction is not None and not unlocks
            case ops.Update(table, key):
                return self.database.store.rows.get((table, key)) == self.pid
            case _:
                return False

    def fingerprint(self) -> object:
        """
        Tell what a later statement depends on, but for the time.
        """
        return self.ended, self.transaction and self.transaction.fingerprint(), str(self.refusal)

    def _control(self, operation: ops.Control) -> Answer:
        tx = self.transaction
        if operation.verb == "begin":
            self.transaction = tx or Transaction()
            return Answer("BEGIN")
        if operation.verb == "commit" and tx is not None and not tx.failed:
            self._commit(tx)
            return Answer("COMMIT")
        self.roll_back()
        # As PostgreSQL does: it has no error for a COMMIT that commits nothing.
        return Answer("ROLLBACK" if operation.verb == "rollback" or tx else "COMMIT")

    def _commit(self, tx: Transaction) -> None:
        self.transaction = None
        self.database.store.commit(tx, self.pid)

    def _holder(self, row: tuple[str, str]) -> int | None:
        holder = self.database.store.rows.get(row)
        return None if holder == self.pid else holder

    def _would_wait_for_itself(self, row: tuple[str, str]) -> bool:
        holder = self._holder(row)
        while holder is not None and holder != self.pid:
            holder = self.database.session(holder).waits_for
        return holder == self.pid
