"""
What `fetch`, `cancel` and `close` of every driver must do, once for both colours.
"""
# ruff: noqa: S101 -- laws are assertions, and pytest shows what they compared

from __future__ import annotations

from ._subject import TWICE, Laws, Subject, failure, insert, keys

__all__ = ["LAWS"]

LAWS = Laws()

# --- fetch --------------------------------------------------------------------


@LAWS.add
async def fetch_gives_rows_in_order(subject: Subject) -> None:
    """
    All rows, as sequences, NULL as None; no rows is no error.
    """
    async with subject.session() as conn:
        await conn.run([insert(2, "b"), "INSERT INTO st44_contract VALUES (1, NULL)"])
        rows = await conn.fetch("SELECT id, body FROM st44_contract ORDER BY id")
        assert [tuple(row) for row in rows] == [(0, "row"), (1, None), (2, "b")]
        assert list(await conn.fetch("SELECT id FROM st44_contract WHERE id = 99")) == []


@LAWS.add
async def fetch_leaves_no_transaction(subject: Subject) -> None:
    """
    A transaction can begin right after it, without so much as a warning.
    """
    async with subject.session() as conn:
        for _ in range(7):
            await conn.fetch("SELECT count(*) FROM st44_contract")
        await conn.run(["BEGIN", insert(1), "COMMIT"])
        assert subject.notices == []
        assert await keys(conn) == [0, 1]


@LAWS.add
async def a_failed_fetch_says_why(subject: Subject) -> None:
    """
    It raises a `DriverError` with a code, and the session goes on.
    """
    async with subject.session() as conn:
        error = await failure(conn.fetch("SELECT nothing FROM st44_contract_not_there"))
        assert error.sqlstate
        assert not error.lost
        assert await keys(conn) == [0]


# --- the session --------------------------------------------------------------


@LAWS.add
async def closing_rolls_back(subject: Subject) -> None:
    """
    A session closed in the middle of a transaction leaves nothing behind.
    """
    async with subject.session() as conn:
        await conn.run(["BEGIN", insert(1)])
    again = await subject.connect()
    try:
        assert await keys(again) == [0]
    finally:
        await again.close()


@LAWS.add
async def closing_is_harmless_after_a_failure(subject: Subject) -> None:
    """
    A failed transaction does not keep a session from being closed.
    """
    async with subject.session() as conn:
        await failure(conn.run(["BEGIN", insert(1), TWICE]))
    again = await subject.connect()
    assert await keys(again) == [0]
    await again.close()


@LAWS.add
async def a_reading_session_reads(subject: Subject) -> None:
    """
    A session opened with *readonly* sees what is there.
    """
    async with subject.session() as conn:
        await conn.run([insert(1)])
    reader = await subject.connect(readonly=True)
    try:
        assert await keys(reader) == [0, 1]
    finally:
        await reader.close()


@LAWS.add
async def cancelling_is_harmless_when_idle(subject: Subject) -> None:
    """
    A cancel that comes too late hits nothing.
    """
    async with subject.session() as conn:
        await conn.cancel()
        assert await keys(conn) == [0]
        await conn.cancel()
        await conn.run([insert(1)])
        assert await keys(conn) == [0, 1]


@LAWS.add
async def the_session_describes_itself(subject: Subject) -> None:
    """
    The dialect is the driver's; the pid is the server's own on PostgreSQL.
    """
    async with subject.session() as conn:
        assert conn.dialect == subject.driver.dialect
        assert subject.driver.describe()
        if conn.dialect == "postgresql":
            assert [(conn.backend_pid,)] == list(await conn.fetch("SELECT pg_backend_pid()"))


@LAWS.add
async def notices_arrive(subject: Subject) -> None:
    """
    What PostgreSQL says unasked is passed on, until the session is closed.
    """
    if subject.driver.dialect != "postgresql":
        return
    async with subject.session() as conn:
        body = "RAISE WARNING '100%%' USING DETAIL = 'some', HINT = 'more'"
        await conn.run([f"DO $$ BEGIN {body}; END $$"])
        assert subject.notices == [("WARNING", "100%", "some", "more")]
