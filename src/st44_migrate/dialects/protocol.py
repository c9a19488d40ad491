"""
What `ledger`, `journal`, `locks`, `batch` and `_engine` ask of a database.

All members are pure: they give SQL texts, or read what came back.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from ..errors import DriverError
from ..model import LedgerName, Script
from ..protocols import Row
from .footing import Company, Footing, Locking, Tables, Trouble
from .spelling import Spelling

__all__ = ["Dialect"]


class Dialect(Spelling, Protocol):
    """
    Everything that `ledger`, `journal`, `locks` and `_engine` ask of a database.
    """

    @property
    def locks_sessions(self) -> bool:
        """
        Whether two runners are kept apart by a lock of the session; else each
        migration's own transaction does it alone.
        """
        ...

    @property
    def company(self) -> Company:
        """
        How several files may go out together.
        """
        ...

    def joins(self, footing: Footing, script: Script) -> bool:
        """
        Whether a transactional file may go out with others: nothing of it shows
        beyond its own transaction, or in another's that it shares.
        """
        ...

    def locking(self, key: int) -> Locking:
        """
        How runners lock one another out, where *locks_sessions* is true.
        """
        ...

    def premise(self, name: LedgerName) -> str:
        """
        An expression that is NULL where the names of ledger and journal can
        only mean two tables of one schema; else a look at the catalog is due.
        """
        ...

    def full_join(self, columns: str, tables: Tables) -> str:
        """
        Select *columns* from ledger ``l`` and journal ``j``, all rows of both.
        """
        ...

    def unless(self, query: str, tables: Tables, premise: str, digest: str) -> str | None:
        """
        Answer *query*, which is `full_join`'s, unless *digest* (see `plan.digest`)
        says all that is to be said: then give one row that begins with NULL and
        true.  In front of the others stands false.  None: ask *query* itself.
        """
        ...

    def chunks(self, text: str) -> Sequence[str]:
        """
        Cut *text* into parts that fit a statement.
        """
        ...

    def inspect(self, name: LedgerName, *, borrowed: bool) -> str:
        """
        Ask the catalog, in one query, all that a `Footing` holds.
        """
        ...

    def footing(self, name: LedgerName, rows: Sequence[Row]) -> Footing:
        """
        Read the answer to `inspect`.
        """
        ...

    def pulse(
        self, name: LedgerName, footing: Footing, relations: Sequence[str], key: int | None
    ) -> str:
        """
        Ask, in one row and as cheaply as can be, whether all is as it was.

        * NULL while *footing* still says what there is of ledger and journal;
        * a text that is another one after any change of their rows, NULL where
          there is no such thing, so that they have to be read;
        * for each of *relations*, ``table`` or ``schema.table`` as written, a 1
          if it is there and a 0 if not, in one text;
        * the pid of the session that holds the runners' lock *key*, and since
          when (see `epoch`); NULL where nobody has it or *key* is None.
        """
        ...

    def prepare(self, sql: str) -> tuple[str, str] | None:
        """
        Have *sql* planned once for a session: what to execute first, and what to
        ask from then on.  None where that saves nothing.
        """
        ...

    def settle(self, footing: Footing, *, pooled: bool) -> Sequence[str]:
        """
        Make the session fit for a run, before anything else.
        """
        ...

    def begin(self, options: str, patience: float | None) -> Sequence[str]:
        """
        Open a transaction that waits *patience* seconds for another's claim;
        None leaves the session's own limit.
        """
        ...

    def unhurried(self) -> Sequence[str]:
        """
        Let the transaction that has begun reach the disk with a later one, whose
        commit waits for both.
        """
        ...

    def flush(self) -> Sequence[str]:
        """
        Wait for the disk, outside a transaction, where earlier ones have not.
        """
        ...

    def guard(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        """
        Fail if another runner works, or if the ledger holds one of *versions*.
        """
        ...

    def limit(self, lock_timeout: float) -> Sequence[str]:
        """
        From here on, let statements of the transaction wait *lock_timeout* seconds
        for a lock.
        """
        ...

    def only_defines(self, footing: Footing, script: Script) -> bool:
        """
        Whether a transactional file neither does anything to the session nor sees
        ledger and journal, so that nothing of it has to be undone.
        """
        ...

    def vouch(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        """
        For files that only define things, the first of them at hand: fail if the
        session does not hold the runner's lock, if the ledger holds one of *versions*
        (the journal's keys) in any spelling, or if *footing* is not plain any more.
        """
        ...

    def before_body(self, footing: Footing, script: Script) -> Sequence[str]:
        """
        What has to be noted before the file's own statements.
        """
        ...

    def after_body(self, footing: Footing, script: Script) -> Sequence[str]:
        """
        What has to hold after them: fails where it does not.
        """
        ...

    def own_role(self, footing: Footing, *, local: bool) -> Sequence[str]:
        """
        Become again who we were when the session began.
        """
        ...

    def restore(
        self, footing: Footing, script: Script | None, *, key: int, pooled: bool
    ) -> Sequence[str]:
        """
        Undo, outside a transaction, what *script* may have done to its session;
        None stands for any script.  The lock with *key* is kept.
        """
        ...

    def release(self, footing: Footing, *, key: int) -> Sequence[str]:
        """
        Undo `settle` and leave a caller's session as it was found.
        """
        ...

    def unlimited(self) -> Sequence[str]:
        """
        Lift the session's time limits, for a file that is not transactional.
        """
        ...

    def unfinished(self, statement: str) -> str | None:
        """
        Ask what *statement*, which commits by itself, may have left half-done
        when it was cut off: a qualified name for each row.
        """
        ...

    def discard(self, name: str) -> str:
        """
        Remove what `unfinished` named.
        """
        ...

    def evidence(self, statement: str) -> str | None:
        """
        Ask whether *statement* took effect: one boolean.  None where only a
        person can tell.
        """
        ...

    def holders(self, statement: str) -> str | None:
        """
        Ask who holds locks on what *statement* names: for each session, the
        age of its transaction in seconds, NULL where we may not see it, and a
        text that describes it.  The oldest first.
        """
        ...

    def progress(self, statement: str, pid: int | None) -> str | None:
        """
        Ask, in another session, how far *statement* is that the server process
        *pid* executes: phase, done, total and unit, NULL where not known, and a
        text that describes a session it waits for; a row for each of those.  None
        where nothing could be seen.
        """
        ...

    def violations(self) -> str | None:
        """
        Ask, in the transaction that failed `after_body`, what is wrong.
        """
        ...

    def trouble(self, error: DriverError) -> Trouble:
        """
        Say what *error* means to a runner.
        """
        ...
