"""
What is sent for a migration, in order, each statement with its role.  Pure.

A transactional file is one batch, and on PostgreSQL one round trip::

    prologue | begin | claim | guard | body ... | check | record | commit | epilogue | restore

The claim is the journal's row; a second runner that wants the same version waits
on it.  The guard then looks into the ledger: recorded already, or another runner
at work, and nothing of the file runs.  The record comes last, in the same
transaction, so that script and record commit together.  In between the file sees
the ledger as it would without us: real files look there, and record themselves.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import Enum, auto
from typing import NamedTuple

from . import journal
from .dialects import Dialect, Footing
from .forms import Forms
from .journal import Signature
from .model import Pending, Script, Statement
from .protocols import Ledger
from .sqltext import units_checksum

__all__ = ["Batch", "Envelope", "Item", "Role"]


class Role(Enum):
    """
    Why a statement is sent.
    """

    FORM = auto()
    """Tells the server once how statements of ours read; see `message`."""

    PROLOGUE = auto()
    BEGIN = auto()
    CLAIM = auto()
    GUARD = auto()
    BODY = auto()
    CHECK = auto()
    RECORD = auto()
    COMMIT = auto()
    RESTORE = auto()


class Item(NamedTuple):
    """
    One statement to be sent; *statement* is the file's own, if it is one.
    """

    role: Role
    sql: str
    statement: Statement | None = None


Batch = tuple[Item, ...]


class _Written(NamedTuple):
    """
    A batch, and for what it was written; *pending* keeps its identity meanwhile.
    """

    pending: Pending
    lock_timeout: float
    batch: Batch


@dataclass(frozen=True, slots=True)
class Envelope:
    """
    All that is needed to write the batches of a migration.

    Args:
        key: Of the runner's lock.

        pooled: A pooler stands between us and the server.

        patience: How many seconds a claim may wait for another runner's.

        forms: What the session's server was told of our statements.

        ahead: What `foresee` has written, by the identity of the file.
    """

    dialect: Dialect
    ledger: Ledger
    footing: Footing
    signature: Signature
    key: int
    pooled: bool
    patience: float
    forms: Forms = field(default_factory=Forms)
    ahead: dict[int, _Written] = field(default_factory=dict[int, "_Written"], repr=False)

    def joins(self, pending: Pending) -> bool:
        """
        Whether *pending* may go out with other files.
        """
        script = pending.script
        return script.transactional and self.dialect.joins(self.footing, script)

    def foresee(self, files: Iterable[Pending], lock_timeout: float) -> None:
        """
        Write what `whole` is asked for next, while the server is at work.
        """
        for pending in files:
            if id(pending) not in self.ahead:
                batch = self._whole(pending, lock_timeout)
                self.ahead[id(pending)] = _Written(pending, lock_timeout, batch)

    def whole(self, pending: Pending, lock_timeout: float) -> Batch:
        """
        A transactional file, from its claim to its commit.
        """
        written = self.ahead.pop(id(pending), None)
        if written is not None and written.lock_timeout == lock_timeout:
            return written.batch
        return self._whole(pending, lock_timeout)

    def _whole(self, pending: Pending, lock_timeout: float) -> Batch:
        d, script = self.dialect, pending.script
        return (
            *_own(Role.PROLOGUE, script.prologue),
            *_ours(Role.BEGIN, d.begin(script.begin, self.patience)),
            *self._claim(pending, lock_timeout),
            *_ours(Role.CHECK, d.before_body(self.footing, script)),
            *_own(Role.BODY, script.statements),
            *_ours(Role.CHECK, d.after_body(self.footing, script)),
            *self._record(pending),
            Item(Role.COMMIT, "COMMIT"),
            *_own(Role.PROLOGUE, script.epilogue),
            *self.restore(script),
        )

    def opening(self, pending: Pending, lock_timeout: float) -> Batch:
        """
        The claim of a file that commits statement by statement.
        """
        return (
            *_ours(Role.BEGIN, self.dialect.begin("", self.patience)),
            *self._claim(pending, lock_timeout),
            Item(Role.COMMIT, "COMMIT"),
            *_ours(Role.PROLOGUE, self.dialect.before_body(self.footing, pending.script)),
            *_ours(Role.PROLOGUE, self.dialect.unlimited()),
            *_own(Role.PROLOGUE, pending.script.prologue),
        )

    def announce(self, pending: Pending, index: int) -> Batch:
        """
        Note that unit *index*, which cannot be in a transaction, is sent next.
        """
        return self._in_transaction(self._advance(pending, index, in_doubt=True))

    def alone(self, pending: Pending, index: int) -> Batch:
        """
        A unit that cannot be in a transaction.
        """
        return tuple(_own(Role.BODY, pending.script.units[index]))

    def confirm(self, pending: Pending, done: int) -> Batch:
        """
        Note that the first *done* units are committed and nothing is under way.
        """
        return self._in_transaction(self._advance(pending, done, in_doubt=False))

    def together(self, pending: Pending, index: int) -> Batch:
        """
        A unit that can be in a transaction, with its progress.
        """
        return self._in_transaction(
            self._advance(pending, index + 1, in_doubt=False),
            body=_own(Role.BODY, pending.script.units[index]),
        )

    def closing(self, pending: Pending) -> Batch:
        """
        The record of a file that committed statement by statement.
        """
        return (
            *_ours(Role.BEGIN, self.dialect.begin("", None)),
            *self._record(pending),
            Item(Role.COMMIT, "COMMIT"),
            *_own(Role.PROLOGUE, pending.script.epilogue),
            *self.restore(pending.script),
        )

    def probe(self, pending: Pending) -> Batch:
        """
        Wait until nobody else claims *pending*, and leave no trace.
        """
        return (
            *_ours(Role.BEGIN, self.dialect.begin("", self.patience)),
            *self._claim(pending, 0),
            Item(Role.COMMIT, "ROLLBACK"),
        )

    def restore(self, script: Script | None = None) -> Batch:
        """
        What undoes, outside a transaction, what *script* did to the session.
        """
        undoing = self.dialect.restore(self.footing, script, key=self.key, pooled=self.pooled)
        return tuple(_ours(Role.RESTORE, undoing))

    def failure(self, pending: Pending, message: str) -> Batch:
        """
        Note in the journal how the attempt failed.
        """
        noted = journal.fail(self.footing, self.dialect, pending.migration, self.signature, message)
        return tuple(_ours(Role.RECORD, noted))

    # --- parts ---

    def _claim(self, pending: Pending, lock_timeout: float) -> Iterator[Item]:
        migration, done = pending.migration, pending.resume_at
        claim = journal.claim(
            self.footing,
            self.dialect,
            migration,
            pending.script,
            self.signature,
            done=done,
            done_checksum=units_checksum(pending.script.units[:done]) if done else None,
        )
        yield from _ours(Role.CLAIM, claim)
        footing, held = self.footing, self.ledger.spellings(migration.label)
        if migration.repeatable:
            footing, held = journal.as_ledger(footing), [journal.key(migration.version)]
        yield from _ours(Role.GUARD, self.dialect.guard(footing, self.key, held, lock_timeout))

    def _record(self, pending: Pending) -> Iterator[Item]:
        migration = pending.migration
        yield from _ours(Role.RECORD, self.dialect.own_role(self.footing, local=True))
        if not migration.repeatable:
            record = self.ledger.record(self.footing, migration.label, migration.name)
            yield Item(Role.RECORD, record)
        yield Item(
            Role.RECORD,
            journal.finish(
                self.footing,
                self.dialect,
                migration,
                pending.script,
                self.ledger.spellings(migration.label),
            ),
        )

    def _advance(self, pending: Pending, done: int, *, in_doubt: bool) -> str:
        return journal.advance(
            self.footing,
            self.dialect,
            pending.migration.version,
            done=done,
            checksum=units_checksum(pending.script.units[:done]),
            in_doubt=in_doubt,
        )

    def _in_transaction(self, sql: str, body: Iterator[Item] | None = None) -> Batch:
        return (
            *_ours(Role.BEGIN, self.dialect.begin("", None)),
            *(body or ()),
            *_ours(Role.RECORD, self.dialect.own_role(self.footing, local=True)),
            Item(Role.RECORD, sql),
            Item(Role.COMMIT, "COMMIT"),
        )


def _ours(role: Role, statements: Sequence[str]) -> Iterator[Item]:
    return (Item(role, sql) for sql in statements)


def _own(role: Role, statements: Sequence[Statement]) -> Iterator[Item]:
    return (Item(role, statement.text, statement) for statement in statements)
