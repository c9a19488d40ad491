"""
What `run` of every driver must do, once for both colours.

`contract` runs the laws, against a blocking driver through the bridge.  The SQL
is what PostgreSQL and SQLite share; a law that is about one of them says so.
"""
# ruff: noqa: S101 -- laws are assertions, and pytest shows what they compared

from __future__ import annotations

from typing import Any

from ._subject import TWICE, WRONG, Laws, Subject, failure, insert, keys

__all__ = ["LAWS"]

LAWS = Laws()

_TEXTS = (
    "100% %s %(name)s %%",
    ":name ::text @x $1 $$ {brace} ?",
    'it\'s "quoted" `ticked` [bracketed]',
    "back\\slash \\n \\'",
    "line\nbreak\r\nand\ttab ",
    "; -- no comment /* nor this */",
    "é ü 漢 \N{GRINNING FACE}",
    "",
)


@LAWS.add
async def run_gives_one_tag_for_each_statement(subject: Subject) -> None:
    """
    The tags are as many as the statements and begin with their verbs.
    """
    async with subject.session() as conn:
        tags = await conn.run(["BEGIN", insert(1), "DROP TABLE st44_contract", "ROLLBACK"])
        assert [tag.split()[0] for tag in tags] == ["BEGIN", "INSERT", "DROP", "ROLLBACK"]
        assert list(await conn.run([])) == []


@LAWS.add
async def run_tells_of_each_statement_that_is_done(subject: Subject) -> None:
    """
    In order, with its tag and its first value, and before run ends, also if it fails.
    """
    heard: list[tuple[str, Any]] = []

    def hear(tag: str, value: Any) -> None:
        heard.append((tag, value))

    async with subject.session() as conn:
        query = "SELECT 41 + 1, 'x' UNION ALL SELECT 1, 'y' ORDER BY 1 DESC"
        tags = await conn.run([insert(1), query, "SELECT 7 WHERE 1 = 0"], hear)
        assert [tag for tag, _ in heard] == list(tags)
        assert [value if value is None else int(value) for _, value in heard] == [None, 42, None]

        heard.clear()
        await failure(conn.run(["BEGIN", insert(2), TWICE, insert(3)], hear))
        assert [tag.split()[0] for tag, _ in heard] == ["BEGIN", "INSERT"]
        await conn.run(["ROLLBACK"])

        heard.clear()
        transactions = ["BEGIN", insert(4), "COMMIT", "BEGIN", insert(5), TWICE, "COMMIT"]
        error = await failure(conn.run(transactions, hear))
        assert (error.index, len(heard)) == (5, 5)
        await conn.run(["ROLLBACK"])
        assert await keys(conn) == [0, 1, 4]


@LAWS.add
async def run_stops_at_the_first_failure_and_names_it(subject: Subject) -> None:
    """
    First, middle or last; wrong syntax or a failure without a position; nothing
    after it takes effect.
    """
    for bad in (WRONG, TWICE):
        for index in range(3):
            async with subject.session() as conn:
                statements = [insert(1), insert(2), insert(3)]
                statements[index] = bad
                error = await failure(conn.run(statements))
                assert error.index == index
                assert error.message
                assert error.sqlstate
                assert not error.lost
                left = set(range(index + 2, 4))
                assert not left & set(await keys(conn))


@LAWS.add
async def an_offset_points_at_the_place(subject: Subject) -> None:
    """
    Where the database says where, it is counted in characters of that statement.
    """
    statement = "INSERT INTO st44_contract (id, /* é漢\N{GRINNING FACE} */ wrongname) VALUES (1, 2)"
    async with subject.session() as conn:
        error = await failure(conn.run(["BEGIN", insert(1, "漢字" * 9), statement, "COMMIT"]))
        assert error.index == 2
        assert error.offset in {None, statement.index("wrongname")}
        await conn.run(["ROLLBACK"])


@LAWS.add
async def a_transaction_commits_as_a_whole(subject: Subject) -> None:
    """
    BEGIN and COMMIT may stand in one call, and what they enclose is kept.
    """
    async with subject.session() as conn:
        await conn.run(["BEGIN", insert(1), insert(2), "COMMIT"])
        await conn.run(["BEGIN", insert(3), "ROLLBACK"])
        assert await keys(conn) == [0, 1, 2]


@LAWS.add
async def a_transaction_that_fails_leaves_nothing(subject: Subject) -> None:
    """
    After a failure ROLLBACK is possible and undoes what came before it.
    """
    async with subject.session() as conn:
        error = await failure(conn.run(["BEGIN", insert(1), TWICE, "COMMIT"]))
        assert error.index == 2
        await conn.run(["ROLLBACK"])
        assert await keys(conn) == [0]
        await conn.run([insert(4)])
        assert await keys(conn) == [0, 4]


@LAWS.add
async def a_failing_commit_is_named(subject: Subject) -> None:
    """
    A deferred constraint fails at COMMIT, which is then the index.
    """
    if not subject.defers:
        return
    async with subject.session() as conn:
        if conn.dialect == "sqlite":
            await conn.run(["PRAGMA foreign_keys = ON"])
        parent = "integer REFERENCES st44_contract DEFERRABLE INITIALLY DEFERRED"
        await conn.run(["DROP TABLE IF EXISTS st44_contract_child"])
        await conn.run([f"CREATE TABLE st44_contract_child (parent {parent})"])
        try:
            orphan = "INSERT INTO st44_contract_child VALUES (77)"
            error = await failure(conn.run(["BEGIN", orphan, insert(1), "COMMIT"]))
            assert error.index == 3
            if conn.dialect == "sqlite":
                # SQLite keeps the transaction open; PostgreSQL has ended it.
                await conn.run(["ROLLBACK"])
            assert await keys(conn) == [0]
        finally:
            await conn.run(["DROP TABLE st44_contract_child"])


@LAWS.add
async def a_transaction_may_span_several_calls(subject: Subject) -> None:
    """
    Nothing commits by itself between BEGIN and COMMIT.
    """
    async with subject.session() as conn:
        await conn.run(["BEGIN"])
        await conn.run([insert(1)])
        assert await keys(conn) == [0, 1]
        await conn.run(["ROLLBACK"])
        assert await keys(conn) == [0]


@LAWS.add
async def text_arrives_to_the_byte(subject: Subject) -> None:
    """
    Percent signs, colons, question marks, quotes and breaks mean nothing to a driver.
    """
    async with subject.session() as conn:
        await conn.run([insert(key, text) for key, text in enumerate(_TEXTS, 1)])
        rows = await conn.fetch("SELECT body FROM st44_contract WHERE id > 0 ORDER BY id")
        assert [row[0] for row in rows] == list(_TEXTS)
        for text in _TEXTS:
            quoted = text.replace("'", "''")
            assert [tuple(row) for row in await conn.fetch(f"SELECT '{quoted}'")] == [(text,)]


@LAWS.add
async def a_comment_at_the_end_swallows_nothing(subject: Subject) -> None:
    """
    A statement that ends in ``-- comment`` leaves the next ones alone.
    """
    async with subject.session() as conn:
        await conn.run(["BEGIN -- now", f"{insert(1)} -- ; done", f"{insert(2)} --", "COMMIT"])
        await conn.run(["BEGIN", "ROLLBACK"])
        assert await keys(conn) == [0, 1, 2]


@LAWS.add
async def a_long_batch_arrives_whole(subject: Subject) -> None:
    """
    Hundreds of statements and a large one fit into a call.
    """
    async with subject.session() as conn:
        large = insert(1, "x" * 1_000_000)
        tags = await conn.run(["BEGIN", large, *map(insert, range(2, 500)), "COMMIT"])
        assert len(tags) == 501
        assert await keys(conn) == list(range(500))


@LAWS.add
async def a_query_among_the_statements_runs_to_its_end(subject: Subject) -> None:
    """
    Its rows are dropped, its last one is computed, and it holds no lock afterwards.
    """
    overflow = (
        "SELECT abs(v) FROM (SELECT 1 AS v UNION ALL SELECT -9223372036854775807 - 1) AS rows"
    )
    async with subject.session() as conn:
        await conn.run(["SELECT id FROM st44_contract", insert(1), "SELECT 1 WHERE 1 = 0"])
        error = await failure(conn.run(["SELECT 1", overflow]))
        assert error.index == 1
        await conn.run(["DROP TABLE st44_contract"])
