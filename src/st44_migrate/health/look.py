"""
One look at the database, in one session: written once, for both colours.

A look that finds all as it was is one query, the dialect's pulse.  Only what the
pulse says has changed is read again.  Nothing is written, no lock is taken, and
every query carries what is left of the look's time.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace

from .. import journal
from ..baselines import without_doubles
from ..dialects import Dialect, Footing, Trouble
from ..errors import DriverError, LedgerError
from ..ledger import TableLedger
from ..locks import lock_key
from ..model import Fault, History, JournalState, Plan
from ..protocols import AsyncConnection, Row
from ..rows import read_moment
from ..shapes import OtherShape
from .expected import Expected
from .observation import Holder, LastFailure, Observation, TableHealth
from .rules import settled
from .timed import Timed

__all__ = ["Looker", "Session"]

_ATTEMPTS = 3
"""How often ledger and journal may change places while we look."""

_NOT_PREPARED = frozenset({"26000", "42P05"})
"""What a pooler makes of statements that another session has prepared."""


@dataclass(frozen=True, slots=True)
class _Question:
    """
    A query, and its prepared form: what to execute first, and what then.
    """

    sql: str
    prepared: tuple[str, str] | None


@dataclass(slots=True)
class Session:
    """
    A connection, and what we have done to it.

    Args:
        prepares: It is ours alone, so that statements may be left prepared in it.

        prepared: Those that are.

        greeted: See `Looker.greet`.
    """

    conn: AsyncConnection
    greeted: bool = False
    prepares: bool = False
    prepared: set[str] = field(default_factory=set[str])


@dataclass(slots=True)
class _Known:
    """
    What earlier looks have learned, about the database and not about a session.
    """

    footing: Footing | None = None
    writers: str | None = None
    history: History | None = None
    plan: Plan | None = None
    settled: bool = False
    failure: LastFailure | None = None
    facts: tuple[object, ...] = ()
    seen: Observation | None = None
    pulses: dict[bool, _Question] = field(default_factory=dict[bool, _Question])


class Looker:
    """
    Looks, and remembers what it saw.

    Args:
        dialect: The database's.

        expected: What the code expects.

        clock: Seconds that only ever grow.
    """

    def __init__(self, dialect: Dialect, expected: Expected, clock: Callable[[], float]) -> None:
        self.dialect = dialect
        self.expecting = len(without_doubles(expected.migrations))
        self._expected = expected
        self._clock = clock
        self._ledger = TableLedger(dialect, expected.settings.ledger)
        self._known = _Known()

    async def greet(self, session: Session, until: float) -> None:
        """
        Get to know a session of our own, before its first look.
        """
        footing = await self._learn(Timed(session.conn, until, self._clock))
        session.prepares = footing.session.pid == session.conn.backend_pid
        session.greeted = True

    async def look(self, session: Session, until: float) -> Observation:
        """
        Look, and be back before the moment *until*.

        Raises:
            LedgerError, DatabaseUnavailable, `OutOfTime`: whatever kept us from
                reading the ledger.
        """
        try:
            return await self._look(Timed(session.conn, until, self._clock), session)
        except DriverError as error:
            raise self._ledger.unreadable(error) from error

    async def _look(self, conn: AsyncConnection, session: Session) -> Observation:
        for _ in range(_ATTEMPTS):
            footing = self._known.footing or await self._learn(conn)
            try:
                seen = await self._compare(conn, session, footing)
            except DriverError as error:
                trouble = self.dialect.trouble(error)
                if trouble is Trouble.BUSY:
                    return await self._evidence(conn, session, footing)
                if trouble is not Trouble.MISSING:
                    raise
                seen = None
            if seen is not None:
                return seen
            self._known = _Known()
        raise LedgerError("ledger and journal are created and dropped by another program")

    async def _learn(self, conn: AsyncConnection) -> Footing:
        self._ledger = TableLedger(self.dialect, self._expected.settings.ledger)
        try:
            footing = await self._ledger.inspect(conn)
        except OtherShape:
            # The name was taken when another tool's ledger was adopted.
            evasive = TableLedger(self.dialect, self._ledger.name.evasive)
            footing = await evasive.inspect(conn)
            if not footing.is_ours:
                raise
            self._ledger = evasive
        self._known = _Known(footing)
        return footing

    async def _compare(
        self, conn: AsyncConnection, session: Session, footing: Footing
    ) -> Observation | None:
        """
        Ask for the pulse, and read again what has changed; None if all has.
        """
        plan, was_settled = self._known.plan, self._known.settled
        # Whoever has the lock only matters while something is still to run.
        row = await self._pulse(conn, session, footing, ask_holder=not was_settled)
        doubt, writers, *_ = row
        if doubt is not None:
            return None
        if plan is None or writers is None or writers != self._known.writers:
            plan = await self._read(conn, footing, writers)
            if was_settled and not self._known.settled:
                row = await self._pulse(conn, session, footing, ask_holder=True)
        return self._saw(row, plan)

    async def _read(self, conn: AsyncConnection, footing: Footing, writers: str | None) -> Plan:
        known = self._known
        history = await self._ledger.read_on(conn, footing)
        if known.plan is None or history != known.history:
            known.history = history
            held = replace(history, width=footing.width, numeric=footing.numeric)
            known.plan = self._expected.compare(held)
            known.settled = settled(known.plan)
        # Two attempts may fail alike.
        known.failure = await self._find_failure(conn, footing, history)
        known.writers = writers
        return known.plan

    async def _find_failure(
        self, conn: AsyncConnection, footing: Footing, history: History
    ) -> LastFailure | None:
        failed = {e.version for e in history.leftovers if e.state is JournalState.FAILED}
        for migration in self._expected.migrations:
            if migration.version in failed:
                rows = await conn.fetch(
                    f"SELECT {self.dialect.epoch('error_at')} FROM {footing.tables.journal}"
                    f" WHERE version = {self.dialect.literal(journal.key(migration.version))}"
                )
                at = read_moment(rows[0][0]) if rows else None
                return LastFailure(migration.label, migration.name, at)
        return None

    async def _evidence(
        self, conn: AsyncConnection, session: Session, footing: Footing
    ) -> Observation:
        """
        See what can be seen while the ledger is locked: everything beside it.
        """
        beside = footing._replace(columns=(), has_journal=False)
        question = self._write(beside, lock_key(self._ledger.name, footing.schema))
        (row,) = await self._ask(conn, session, question)
        return self._saw(row, None)

    def _saw(self, row: Row, plan: Plan | None) -> Observation:
        known = self._known
        facts = (*row[2:], known.failure)
        if known.seen is not None and known.seen.plan is plan and known.facts == facts:
            return known.seen
        present, pid, since = row[2:]
        names = self._expected.relations
        known.facts = facts
        known.seen = Observation(
            connected=True,
            fault=None if plan else Fault.LOCKED,
            plan=plan,
            expected=self.expecting,
            tables=tuple(
                TableHealth(name, there == "1") for name, there in zip(names, present, strict=True)
            ),
            holder=None if pid is None else Holder(pid, read_moment(since)),
            last_failure=known.failure,
        )
        return known.seen

    async def _pulse(
        self, conn: AsyncConnection, session: Session, footing: Footing, *, ask_holder: bool
    ) -> Row:
        question = self._known.pulses.get(ask_holder)
        if question is None:
            key = lock_key(self._ledger.name, footing.schema) if ask_holder else None
            question = self._known.pulses[ask_holder] = self._write(footing, key)
        (row,) = await self._ask(conn, session, question)
        return row

    def _write(self, footing: Footing, key: int | None) -> _Question:
        sql = self.dialect.pulse(self._ledger.name, footing, self._expected.relations, key)
        return _Question(sql, self.dialect.prepare(sql))

    async def _ask(
        self, conn: AsyncConnection, session: Session, question: _Question
    ) -> Sequence[Row]:
        if not session.prepares or question.prepared is None:
            return await conn.fetch(question.sql)
        preparing, asking = question.prepared
        try:
            if asking not in session.prepared:
                await conn.fetch(preparing)
                session.prepared.add(asking)
            return await conn.fetch(asking)
        except DriverError as error:
            if error.sqlstate not in _NOT_PREPARED:
                raise
            session.prepares = False
            return await conn.fetch(question.sql)
