"""
What is sent for a migration, in order, each statement with its role.  Pure.

A transactional file is one batch, and on PostgreSQL one round trip::

    prologue | begin | claim | guard | body ... | check | record | commit | epilogue | restore

The claim is the journal's row; a second runner that wants the same version waits
on it.  The guard then looks into the ledger: recorded already, or another runner
at work, and nothing of the file runs.  The record comes last, in the same
transaction, so that script and record commit together.  In between the file sees
the ledger as it would without us: real files look there, and record themselves.

One that only defines things, among others, takes less (see `items.Brief`)::

    begin | claim | body ... | record | commit
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from . import claims, journal
from .dialects import Dialect, Footing, Phrase
from .forms import Forms
from .items import Batch, Brief, Item, Role, first, ours, own
from .journal import Signature
from .model import Migration, Pending, Script
from .protocols import Ledger
from .sqltext import units_checksum

__all__ = ["Envelope"]


class _Written(NamedTuple):
    """
    A batch, and for what it was written; *pending* keeps its identity meanwhile.
    """

    pending: Pending
    lock_timeout: float
    batch: Batch


@dataclass(slots=True)
class Envelope:
    """
    All that is needed to write the batches of a migration.

    Args:
        key: Of the runner's lock.

        pooled: A pooler stands between us and the server.

        patience: How many seconds a claim may wait for another runner's.

        forms: What the session's server was told of our statements.

        ahead: What `foresee` has written, by the identity of the file.

        briefly: Few words have been enough so far.
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
    briefly: bool = True

    def joins(self, pending: Pending) -> bool:
        """
        Whether *pending* may go out with other files.
        """
        script = pending.script
        return script.transactional and self.dialect.joins(self.footing, script)

    def foresee(self, files: Iterable[Pending], lock_timeout: float) -> None:
        """
        Write what `in_company` is asked for next, while the server is at work.
        """
        for pending in files:
            if id(pending) not in self.ahead:
                batch = self._in_company(pending, lock_timeout)
                self.ahead[id(pending)] = _Written(pending, lock_timeout, batch)

    def in_company(self, pending: Pending, lock_timeout: float) -> Batch:
        """
        A transactional file that goes out with others: in fewer words where it only
        defines things.
        """
        written = self.ahead.pop(id(pending), None)
        if written is None or written.lock_timeout != lock_timeout or not self.briefly:
            return self._in_company(pending, lock_timeout)
        return written.batch

    def _in_company(self, pending: Pending, lock_timeout: float) -> Batch:
        # Versions that are no integers have spellings that only their own guard knows; and
        # in a few words, a claim waits no longer than for any other lock.
        plain = isinstance(pending.migration.version, int) and lock_timeout > 0
        if self.briefly and plain and self.dialect.only_defines(self.footing, pending.script):
            return self._brief(pending, lock_timeout)
        return self.whole(pending, lock_timeout)

    def _brief(self, pending: Pending, lock_timeout: float) -> Brief:
        migration, script = pending.migration, pending.script
        record = self.ledger.record_new(self.footing, migration.label, migration.name)
        return Brief(
            (
                # Whom it has to wait for, it waits for alone.
                *ours(Role.BEGIN, self.dialect.begin("", lock_timeout)),
                Item(Role.CLAIM, self._claim_at_once(pending)),
                *own(Role.BODY, script.statements),
                Item(Role.RECORD, record),
                Item(Role.COMMIT, "COMMIT"),
            )
        )

    def vouched(self, files: Sequence[Pending], brief: Brief) -> Brief:
        """
        Put what must hold for all of *files* behind the claim of the first, whose
        batch is *brief*; the claim says when that was.
        """
        at = first(brief, Role.CLAIM)
        claim = claims.telling(self.dialect, self._claim_at_once(files[0]))
        versions = [journal.key(pending.migration.version) for pending in files]
        vouching = self.dialect.vouch(self.footing, self.key, versions)
        claiming = (Item(Role.CLAIM, claim), *ours(Role.GUARD, vouching))
        return Brief((*brief[:at], *claiming, *brief[at + 1 :]))

    def _claim_at_once(self, pending: Pending) -> Phrase:
        return claims.claim_at_once(
            self.footing, self.dialect, pending.migration, pending.script, self.signature
        )

    def whole(self, pending: Pending, lock_timeout: float) -> Batch:
        """
        A transactional file, from its claim to its commit.
        """
        d, script = self.dialect, pending.script
        return (
            *own(Role.PROLOGUE, script.prologue),
            *ours(Role.BEGIN, d.begin(script.begin, self.patience)),
            *self._claim(pending, lock_timeout),
            *ours(Role.CHECK, d.before_body(self.footing, script)),
            *own(Role.BODY, script.statements),
            *ours(Role.CHECK, d.after_body(self.footing, script)),
            *self._record(pending),
            Item(Role.COMMIT, "COMMIT"),
            *own(Role.PROLOGUE, script.epilogue),
            *self.restore(script),
        )

    def opening(self, pending: Pending, lock_timeout: float) -> Batch:
        """
        The claim of a file that commits statement by statement.
        """
        return (
            *ours(Role.BEGIN, self.dialect.begin("", self.patience)),
            *self._claim(pending, lock_timeout),
            Item(Role.COMMIT, "COMMIT"),
            *ours(Role.PROLOGUE, self.dialect.before_body(self.footing, pending.script)),
            *ours(Role.PROLOGUE, self.dialect.unlimited()),
            *own(Role.PROLOGUE, pending.script.prologue),
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
        return tuple(own(Role.BODY, pending.script.units[index]))

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
            body=own(Role.BODY, pending.script.units[index]),
        )

    def closing(self, pending: Pending) -> Batch:
        """
        The record of a file that committed statement by statement.
        """
        return (
            *ours(Role.BEGIN, self.dialect.begin("", None)),
            *self._record(pending),
            Item(Role.COMMIT, "COMMIT"),
            *own(Role.PROLOGUE, pending.script.epilogue),
            *self.restore(pending.script),
        )

    def probe(self, pending: Pending) -> Batch:
        """
        Wait until nobody else claims *pending*, and leave no trace.
        """
        return (
            *ours(Role.BEGIN, self.dialect.begin("", self.patience)),
            *self._claim(pending, 0),
            Item(Role.COMMIT, "ROLLBACK"),
        )

    def restore(self, script: Script | None = None) -> Batch:
        """
        What undoes, outside a transaction, what *script* did to the session.
        """
        undoing = self.dialect.restore(self.footing, script, key=self.key, pooled=self.pooled)
        return tuple(ours(Role.RESTORE, undoing))

    def failure(self, pending: Pending, message: str) -> Batch:
        """
        Note in the journal how the attempt failed.
        """
        noted = journal.fail(self.footing, self.dialect, pending.migration, self.signature, message)
        return tuple(ours(Role.RECORD, noted))

    # --- parts ---

    def _claim(self, pending: Pending, lock_timeout: float) -> Iterator[Item]:
        migration, done = pending.migration, pending.resume_at
        claim = claims.claim(
            self.footing,
            self.dialect,
            migration,
            pending.script,
            self.signature,
            done=done,
            done_checksum=units_checksum(pending.script.units[:done]) if done else None,
        )
        yield from ours(Role.CLAIM, claim)
        yield from ours(Role.GUARD, self._guard(migration))
        yield from ours(Role.BEGIN, self.dialect.limit(lock_timeout))

    def _guard(self, migration: Migration) -> Sequence[str]:
        footing, held = self.footing, self.ledger.spellings(migration.label)
        if migration.repeatable:
            footing, held = journal.as_ledger(footing), [journal.key(migration.version)]
        return self.dialect.guard(footing, self.key, held)

    def _record(self, pending: Pending) -> Iterator[Item]:
        migration = pending.migration
        yield from ours(Role.RECORD, self.dialect.own_role(self.footing, local=True))
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
            *ours(Role.BEGIN, self.dialect.begin("", None)),
            *(body or ()),
            *ours(Role.RECORD, self.dialect.own_role(self.footing, local=True)),
            Item(Role.RECORD, sql),
            Item(Role.COMMIT, "COMMIT"),
        )
