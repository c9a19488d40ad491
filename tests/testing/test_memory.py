"""
The memory database keeps the promises of a transactional one.
"""

from __future__ import annotations

from typing import Any

import pytest

from st44_migrate.dialects import Trouble
from st44_migrate.errors import DatabaseUnavailable, DriverError
from st44_migrate.model import History, JournalEntry, JournalState, LedgerEntry
from st44_migrate.testing.memory import MemoryDatabase
from st44_migrate.testing.memory_connection import MemoryConnection
from st44_migrate.testing.memory_dialect import MemoryDialect
from st44_migrate.testing.samples import sample_folder
from st44_migrate.testing.stepping import Kind, Stepper

A, B = "CREATE TABLE a (i int)", "CREATE TABLE b (i int)"
LOCK = "SELECT pg_catalog.pg_try_advisory_lock(7)"
UNLOCK = "SELECT pg_catalog.pg_advisory_unlock(7)"


def claim(version: int, action: str = "UPDATE SET state = excluded.state") -> str:
    return (
        "INSERT INTO @schema_migrations_journal AS j (version, state)"
        f' VALUES ("{version}", "running") ON CONFLICT (version) DO {action}'
    )


def record(version: str) -> str:
    return f"INSERT INTO schema_migrations (version, name) VALUES ('{version}', 'step')"


@pytest.fixture
def database() -> MemoryDatabase:
    database = MemoryDatabase()
    database.recall(History(), ())
    return database


def connect(database: MemoryDatabase, **how: Any) -> MemoryConnection:
    opening = database.driver(**how).connect(timeout=1, readonly=False, notice=lambda *_: None)
    return Stepper(opening).finish()


def run(connection: MemoryConnection, *statements: str) -> list[str]:
    return list(Stepper(connection.run(statements)).finish())


def failure(connection: MemoryConnection, *statements: str) -> DriverError:
    with pytest.raises(DriverError) as caught:
        run(connection, *statements)
    return caught.value


def trouble(connection: MemoryConnection, *statements: str) -> Trouble:
    return MemoryDialect().trouble(failure(connection, *statements))


# --- transactions -------------------------------------------------------------


def test_a_statement_commits_by_itself(database: MemoryDatabase) -> None:
    """Outside a transaction there is one for each statement."""
    run(connect(database), A, B)
    assert database.effects == (A, B)


def test_what_is_not_committed_is_seen_by_nobody_else(database: MemoryDatabase) -> None:
    """Neither the effects nor the rows; after the commit both are there."""
    connection = connect(database)
    run(connection, "BEGIN", A, record("001"))
    assert (database.effects, database.rows("schema_migrations")) == ((), {})
    assert run(connection, "COMMIT") == ["COMMIT"]
    assert database.effects == (A,)
    assert list(database.rows("schema_migrations")) == ["001"]


def test_a_rollback_undoes_everything(database: MemoryDatabase) -> None:
    """And frees what was locked."""
    run(connect(database), "BEGIN", A, claim(1), record("001"), "ROLLBACK")
    assert database.effects == ()
    assert database.rows("schema_migrations") == {}
    assert database.held() == []


def test_after_a_failure_only_a_rollback_is_left(database: MemoryDatabase) -> None:
    """A COMMIT commits nothing then, and its tag says so."""
    connection = connect(database)
    error = failure(connection, "BEGIN", A, "CREATE DATABASE d", B)
    assert (error.index, error.sqlstate, error.lost) == (2, "25001", False)
    assert failure(connection, B).sqlstate == "25P02"
    assert run(connection, "COMMIT") == ["ROLLBACK"]
    assert database.effects == ()


def test_a_mistake_anywhere_keeps_all_from_running(database: MemoryDatabase) -> None:
    """A server reads what it is sent to the end before it executes the beginning."""
    connection = connect(database)
    error = failure(connection, "BEGIN", A, "COMMIT", "CREAT TABLE b (i int)")
    assert (error.index, error.sqlstate, error.lost) == (3, "42601", False)
    assert database.effects == ()
    assert run(connection, "BEGIN", B, "COMMIT") == ["BEGIN", "CREATE", "COMMIT"]


def test_an_answer_is_heard_while_the_next_statement_runs(database: MemoryDatabase) -> None:
    """Whoever is cut off has not heard of the last statement, and all others are."""
    tags: list[str] = []
    connection = connect(database)
    stepper = Stepper(connection.run([A, B], lambda tag, _: tags.append(tag)))
    heard = []
    while not stepper.done:
        heard.append(list(tags))
        stepper.step()
    assert [*heard, tags] == [[], [], [], ["CREATE"], ["CREATE", "CREATE"]]


@pytest.mark.parametrize("end", ["close", "kill"])
def test_the_end_of_a_session_undoes_its_transaction(database: MemoryDatabase, end: str) -> None:
    """By its own hand or not; its locks go with it."""
    connection = connect(database)
    run(connection, LOCK)
    run(connection, "BEGIN", A, claim(1))
    assert len(database.held()) == 3
    if end == "close":
        Stepper(connection.close()).finish()
    else:
        connection.session.end()
    assert (database.effects, database.held()) == ((), [])
    assert failure(connection, A).lost


@pytest.mark.parametrize(
    "statement", ["CREATE INDEX CONCURRENTLY i ON t (c)", "CREATE DATABASE d", "VACUUM t"]
)
def test_what_runs_alone_is_refused_in_a_transaction(
    database: MemoryDatabase, statement: str
) -> None:
    """Outside it takes effect at once."""
    connection = connect(database)
    assert failure(connection, "BEGIN", statement).sqlstate == "25001"
    run(connection, "ROLLBACK", statement)
    assert database.effects == (statement,)


def test_a_planned_failure_lasts_until_it_is_taken_back(database: MemoryDatabase) -> None:
    """So that somebody can fix it."""
    connection = connect(database)
    database.failing.add(A)
    assert failure(connection, B, A).index == 1
    database.failing.clear()
    run(connection, A)
    assert database.effects == (B, A)


# --- rows ---------------------------------------------------------------------


def waiting(database: MemoryDatabase, *statements: str) -> Stepper[Any]:
    """
    Step a second session to where it waits for a row.
    """
    stepper = Stepper(connect(database).run(statements))
    while stepper.pause is None or stepper.pause.kind is not Kind.WAIT:
        stepper.step()
    return stepper


@pytest.mark.parametrize("end", ["COMMIT", "ROLLBACK"])
def test_a_second_claim_waits_for_the_first(database: MemoryDatabase, end: str) -> None:
    """Until that transaction has ended, however it does."""
    first = connect(database)
    run(first, "BEGIN", claim(1))
    second = waiting(database, "BEGIN", claim(1), "COMMIT")
    assert second.pause is not None
    assert not second.pause.ready()
    run(first, end)
    assert second.pause.ready()
    second.finish()
    assert database.held() == []


def test_a_claim_of_another_version_does_not_wait(database: MemoryDatabase) -> None:
    """Rows are locked, not tables."""
    first, second = connect(database), connect(database)
    run(first, "BEGIN", claim(1))
    run(second, "BEGIN", claim(2), "COMMIT")


def test_do_nothing_does_not_wait_for_what_is_committed(database: MemoryDatabase) -> None:
    """That is why a claim has to be an update."""
    first, second = connect(database), connect(database)
    run(first, claim(1))
    run(first, "BEGIN", claim(1))
    run(second, "BEGIN", claim(1, "NOTHING"), "COMMIT")


def test_a_key_is_there_once(database: MemoryDatabase) -> None:
    """The second insert waits for the first, and fails when it has committed."""
    first = connect(database)
    run(first, "BEGIN", record("001"))
    second = waiting(database, record("001"))
    run(first, "COMMIT")
    with pytest.raises(DriverError) as caught:
        second.finish()
    assert (caught.value.index, caught.value.sqlstate) == (0, "23505")


def test_a_deadlock_is_resolved_against_one(database: MemoryDatabase) -> None:
    """Whoever closes the circle fails, the other goes on."""
    first = connect(database)
    run(first, "BEGIN", claim(1))
    second = waiting(database, "BEGIN", claim(2), claim(1), "COMMIT")
    assert failure(first, claim(2)).sqlstate == "40P01"
    run(first, "ROLLBACK")
    second.finish()


# --- advisory locks -----------------------------------------------------------


def test_an_advisory_lock_is_one_sessions(database: MemoryDatabase) -> None:
    """It is tried, never waited for, and may be taken twice."""
    first, second = connect(database), connect(database)

    def ask(connection: MemoryConnection, sql: str) -> Any:
        return Stepper(connection.fetch(sql)).finish()[0][0]

    assert (ask(first, LOCK), ask(second, LOCK), ask(first, LOCK)) == (True, False, True)
    assert (ask(second, UNLOCK), ask(first, UNLOCK), ask(second, LOCK)) == (False, True, False)
    assert (ask(first, UNLOCK), ask(second, LOCK)) == (True, True)


def test_a_transactions_lock_ends_with_it(database: MemoryDatabase) -> None:
    """The session that has the same lock is not in its own way; others are."""
    guard = 'GUARD 7 @schema_migrations ["001"]'
    first, second = connect(database), connect(database)
    run(first, LOCK)
    run(first, "BEGIN", guard)
    assert trouble(second, "BEGIN", guard) is Trouble.LOCK_LOST
    run(first, UNLOCK)
    assert trouble(second, "ROLLBACK", "BEGIN", guard) is Trouble.LOCK_LOST
    run(first, "COMMIT")
    run(second, "ROLLBACK", "BEGIN", guard, "COMMIT")


def test_the_guard_looks_into_the_ledger(database: MemoryDatabase) -> None:
    """In any of the spellings that it is given."""
    connection = connect(database)
    run(connection, record("001"))
    guard = 'GUARD 7 @schema_migrations ["1", "001"]'
    assert trouble(connection, "BEGIN", guard) is Trouble.RECORDED


# --- indexes ------------------------------------------------------------------

BUILD = "CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON t (c)"


def test_a_build_that_is_stopped_leaves_half_an_index(database: MemoryDatabase) -> None:
    """IF NOT EXISTS then does nothing, until somebody drops it."""
    connection = connect(database)
    build = Stepper(connection.run([BUILD]))
    build.step()
    build.step()
    connection.session.end()
    with pytest.raises(DriverError):
        build.finish()

    other = connect(database)
    run(other, BUILD)
    assert not database.effects
    leftover = Stepper(other.fetch(f"LEFTOVER OF {BUILD}")).finish()
    assert list(leftover) == [("i",)]
    run(other, "DISCARD i", BUILD)
    assert database.effects == (BUILD,)
    assert list(Stepper(other.fetch(f"EVIDENCE OF {BUILD}")).finish()) == [(True,)]


def test_an_index_that_is_being_built_is_no_leftover(database: MemoryDatabase) -> None:
    """Nobody may drop it."""
    build = Stepper(connect(database).run([BUILD]))
    build.step()
    build.step()
    assert list(Stepper(connect(database).fetch(f"LEFTOVER OF {BUILD}")).finish()) == []
    build.finish()


# --- the client's side --------------------------------------------------------


def test_every_call_pauses_before_it_is_made_and_before_its_answer() -> None:
    """``run`` also between its statements."""
    database = MemoryDatabase()
    stepper = Stepper(connect(database).run([A, B]))
    seen = []
    while pause := stepper.step():
        seen.append((pause.what, pause.kind, len(database.effects)))
    assert seen == [
        (A, Kind.STATEMENT, 0),
        (B, Kind.STATEMENT, 1),
        (f"answer to {B}", Kind.ANSWER, 2),
    ]


def test_a_session_may_end_before_its_answer(database: MemoryDatabase) -> None:
    """What was committed stays, and the client does not know."""
    connection = connect(database)
    stepper = Stepper(connection.run(["BEGIN", A, "COMMIT"]))
    for _ in range(4):
        stepper.step()
    assert database.effects == (A,)
    connection.session.end()
    with pytest.raises(DriverError) as caught:
        stepper.finish()
    assert (caught.value.lost, caught.value.index) == (True, None)


def test_a_server_finishes_what_it_was_sent(database: MemoryDatabase) -> None:
    """Also when its client is cut off; then it ends the session."""
    driver = database.driver()
    connection = Stepper(driver.connect(timeout=1, readonly=False, notice=lambda *_: None)).finish()
    client = Stepper(connection.run(["BEGIN", A, B, "COMMIT", "SELECT 1"]))
    client.step()
    client.step()
    server = Stepper(driver.cut())
    client.throw(DriverError("cut", lost=True))
    assert failure(connection, A).lost
    server.finish()
    assert database.effects == (A, B)
    assert connection.session.ended
    assert database.held() == []


def test_a_borrowed_session_stays_open(database: MemoryDatabase) -> None:
    """Closing rolls back; the locks are the caller's business."""
    connection = connect(database, borrowed=True)
    run(connection, LOCK)
    run(connection, "BEGIN", A)
    Stepper(connection.close()).finish()
    assert not connection.session.ended
    assert database.held() == ["session 1 holds a lock"]


def test_a_borrowed_session_that_has_ended_is_gone(database: MemoryDatabase) -> None:
    """Nobody opens a caller's connection anew."""
    driver = database.driver(borrowed=True)

    def again() -> MemoryConnection:
        return Stepper(driver.connect(timeout=1, readonly=False, notice=lambda *_: None)).finish()

    assert again().session is again().session
    driver.end()
    with pytest.raises(DatabaseUnavailable):
        again()


def test_behind_a_pooler_another_process_works(database: MemoryDatabase) -> None:
    """That is how the engine recognises one."""
    assert connect(database).backend_pid == 1
    assert connect(database, pooled=True).backend_pid != 2


def test_time_passes_while_somebody_sleeps() -> None:
    """And two who sleep at once do not make it pass twice."""
    database = MemoryDatabase()
    start = database.now()
    first, second = Stepper(database.sleep(5)), Stepper(database.sleep(3))
    first.step()
    second.step()
    second.step()
    first.step()
    assert (database.now() - start).total_seconds() == 5


def test_a_sleeper_wakes_when_something_is_given_back(database: MemoryDatabase) -> None:
    """Before that there is nothing new to see."""
    connection = connect(database)
    run(connection, LOCK)
    sleeper = Stepper(database.sleep(1))
    pause = sleeper.step()
    assert pause is not None
    assert not pause.ready()
    run(connection, UNLOCK)
    assert pause.ready()
    sleeper.finish()


# --- what it understands ------------------------------------------------------


@pytest.mark.parametrize(
    "sql",
    [
        'UPDATE @schema_migrations_journal SET done = done + 1 WHERE version = "1"',
        "DELETE FROM @schema_migrations",
        "SELECT pg_catalog.pg_backend_pid()",
        "SELECT md5(l.name) FROM @schema_migrations l",
    ],
)
def test_a_statement_of_ours_is_understood_or_a_mistake(database: MemoryDatabase, sql: str) -> None:
    """It never counts as a file's own."""
    run(connect(database), record("001"))
    with pytest.raises((AssertionError, ValueError)):
        run(connect(database), sql)


def test_history_is_what_happened() -> None:
    """What a history has applied has taken effect."""

    files = sample_folder("index", "index", "tables")
    history = History(
        (LedgerEntry(1, "1", "step"),), (JournalEntry(2, JournalState.RUNNING, total=3, done=2),)
    )
    database = MemoryDatabase()
    database.recall(history, files)
    assert database.effects == (*files[0].effects, *files[1].effects[:2])
    assert list(database.rows("schema_migrations")) == ["1"]
    evidence = f"EVIDENCE OF {files[1].statements[1]}"
    assert list(Stepper(connect(database).fetch(evidence)).finish()) == [(True,)]
