"""
Real folders, applied whole: the schema in the end is the one that the manifest expects.
"""

from __future__ import annotations

import asyncio
import base64
import re
import sqlite3
import time
from collections.abc import Callable, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import aiosqlite
import psycopg
import pytest

from corpora.contrib import extensions, major
from corpora.corpus import ROOT, Corpus, Longer, corpora, corpus_names, fingerprints
from corpora.trials import HEAD, Trial, Trials
from st44_migrate import AsyncMigrator, LedgerName, Migrator, Report, Settings, Source
from st44_migrate.testing.servers import PostgresServer
from targets import POSTGRES, SQLITE

PAGE = Path(__file__).parents[2] / "docs" / "corpora.md"

needs_corpora = pytest.mark.skipif(
    not ROOT.is_dir(), reason=f"there are no corpora in {ROOT}; ST44_CORPORA says where they are"
)

LEDGER = Settings(ledger=LedgerName("st44_ledger", schema="st44"))
LITE_LEDGER = Settings(ledger=LedgerName("st44_ledger"))

# What the programs around these files define for them.
FUNCTIONS: Mapping[str, Callable[..., Any]] = {
    "normalize": lambda text, *_: text,
    "BIN2B64": lambda data: data and base64.b64encode(data).decode(),
    "B642BIN": lambda text: text and base64.b64decode(text),
}


def apply(kind: str, url: str, source: Source, settings: Settings) -> Report:
    """
    Apply with the driver *kind*, on a session of its own.
    """
    if kind == "psycopg":
        return Migrator(url, source, settings=settings).apply()
    if kind == "psycopg-async":
        return asyncio.run(AsyncMigrator(url, source, settings=settings).apply())
    if kind == "sqlite3":
        with closing(sqlite3.connect(url, isolation_level=None)) as conn:
            for name, function in FUNCTIONS.items():
                conn.create_function(name, -1, function, deterministic=True)
            return Migrator(conn, source, settings=settings).apply()
    return asyncio.run(apply_aiosqlite(url, source, settings))


async def apply_aiosqlite(url: str, source: Source, settings: Settings) -> Report:
    async with aiosqlite.connect(url, isolation_level=None) as conn:
        for name, function in FUNCTIONS.items():
            await conn.create_function(name, -1, function, deterministic=True)
        return await AsyncMigrator(conn, source, settings=settings).apply()


def check(kind: str, url: str, corpus: Corpus, settings: Settings) -> tuple[Report, float]:
    """
    Apply all of a corpus; once more, and nothing happens; with one more file, which is applied.
    """
    began = time.perf_counter()
    report = apply(kind, url, corpus, settings)
    seconds = time.perf_counter() - began
    assert len(report.applied) == corpus.files
    assert apply(kind, url, corpus, settings).applied == ()
    return report, seconds


def check_one_more(kind: str, url: str, corpus: Corpus, settings: Settings) -> None:
    (more,) = apply(kind, url, Longer(corpus), settings).applied
    assert more.name == "one_more"


def differences(found: Mapping[str, Any], expected: Mapping[str, Any], *, hash_too: bool) -> object:
    """
    Compare two fingerprints, the server's minor version aside.
    """
    left_out = {"server"} if hash_too else {"server", "sha256"}
    keys = (found.keys() | expected.keys()) - left_out
    return {
        key: (found.get(key), expected.get(key))
        for key in sorted(keys)
        if found.get(key) != expected.get(key)
    }


def note(
    trials: Trials, corpus: Corpus, server: str, kind: str, told: tuple[Report, float]
) -> None:
    report, seconds = told
    statements = sum(done.statements for done in report.applied)
    name, layout = corpus.name, corpus.layout.name
    trials.made.append(Trial(name, layout, server, corpus.files, statements, kind, seconds))


def expectation(corpus: Corpus, version: int) -> Mapping[str, Any] | None:
    names = (f"postgresql-{version}", f"postgresql-{version}-contrib")
    return next((corpus.final[name] for name in names if name in corpus.final), None)


@pytest.fixture
def choose(
    postgres: PostgresServer, request: pytest.FixtureRequest
) -> Callable[[Corpus], tuple[PostgresServer, Mapping[str, Any]]]:
    """
    Give what finds a server that has all that a corpus needs, and what to expect there.
    """

    def find(corpus: Corpus) -> tuple[PostgresServer, Mapping[str, Any]]:
        for server in (postgres, request.getfixturevalue("contrib")):
            if server is None or not corpus.extensions <= extensions(server):
                continue
            if expected := expectation(corpus, major(server)):
                return server, expected
        pytest.skip(f"no server at hand has {', '.join(sorted(corpus.extensions))}")

    return find


@needs_corpora
@pytest.mark.parametrize("kind", POSTGRES)
@pytest.mark.parametrize("name", corpus_names("postgres"))
def test_a_folder_on_postgresql(
    name: str,
    kind: str,
    choose: Callable[[Corpus], tuple[PostgresServer, Mapping[str, Any]]],
    trials: Trials,
) -> None:
    """Every file is applied, and tables, indexes, functions, rows are those that psql makes."""
    corpus = corpora()[name]
    server, expected = choose(corpus)
    with server.database() as url:
        with psycopg.connect(url, autocommit=True) as conn:
            for sql in corpus.setup:
                conn.execute(sql.encode())
        told = check(kind, url, corpus, LEDGER)
        with psycopg.connect(url, autocommit=True) as conn:
            found = fingerprint_aside(conn)
        assert differences(found, expected, hash_too=not corpus.volatile) == {}
        note(trials, corpus, f"PostgreSQL {major(server)}", kind, told)
        check_one_more(kind, url, corpus, LEDGER)


def fingerprint_aside(conn: psycopg.Connection) -> Mapping[str, Any]:
    """
    Take the fingerprint as it is without ledger and journal, which stay.
    """
    conn.autocommit = False
    try:
        conn.execute("DROP SCHEMA st44 CASCADE")
        found: Mapping[str, Any] = fingerprints().pg_fingerprint(conn)
    finally:
        conn.rollback()
    return found


@needs_corpora
@pytest.mark.parametrize("kind", SQLITE)
@pytest.mark.parametrize("name", corpus_names("sqlite"))
def test_a_folder_on_sqlite(name: str, kind: str, tmp_path: Path, trials: Trials) -> None:
    """Every file is applied, and tables, indexes, triggers, rows are those that the shell makes."""
    corpus = corpora()[name]
    path = str(tmp_path / "corpus.db")
    told = check(kind, path, corpus, LITE_LEDGER)
    with closing(sqlite3.connect(path, isolation_level=None)) as conn:
        conn.execute("BEGIN")
        conn.execute("DROP TABLE st44_ledger")
        conn.execute("DROP TABLE st44_ledger_journal")
        found = fingerprints().sqlite_fingerprint(conn)
        conn.execute("ROLLBACK")
    assert differences(found, corpus.final["sqlite"], hash_too=not corpus.volatile) == {}
    note(trials, corpus, "SQLite", kind, told)
    check_one_more(kind, path, corpus, LITE_LEDGER)


def rows() -> list[list[str]]:
    page = PAGE.read_text("utf-8")
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in page.splitlines()
        if re.match(r"\| (?!folder|-)", line)
    ]


def test_the_page_has_the_tables_form() -> None:
    """The head is the tests' own, and each row has its numbers and both times."""
    assert PAGE.read_text("utf-8").startswith(HEAD)
    assert len(rows()) >= 20
    for row in rows():
        assert re.fullmatch(r"\d+", row[3])
        assert all(re.fullmatch(r"\d+\.\d\d s", cell) for cell in row[5:7]), row


@needs_corpora
def test_the_page_has_a_row_for_each_folder() -> None:
    """With the layout and the number of files that the manifest knows."""
    expected = [[c.name, c.layout.name, str(c.files)] for c in corpora().values()]
    assert sorted([row[0], row[1], row[3]] for row in rows()) == sorted(expected)
