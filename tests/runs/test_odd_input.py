"""
What only looks strange in a file changes nothing: line ends, a byte order mark,
comments (R12); and it is applied as it stands.
"""

from __future__ import annotations

import codecs
from collections.abc import Callable
from pathlib import Path

import pytest

from targets import Target, applied, codes, write

TEXT = (
    "-- what it is for\n\nCREATE TABLE a (\n  id integer, -- one\n  t text\n);\n"
    "INSERT INTO a VALUES (1, 'two\n lines; -- no comment');\n"
)
WITH_BODY = TEXT + "DO $$\nBEGIN\n  INSERT INTO a VALUES (2, 'x\ny');\nEND $$;\n"

Rewrite = Callable[[str], bytes]

SAME: dict[str, Rewrite] = {
    "CRLF": lambda text: text.replace("\n", "\r\n").encode(),
    "CRLF converted twice": lambda text: text.replace("\n", "\r\r\n").encode(),
    "byte order mark": lambda text: codecs.BOM_UTF8 + text.encode(),
    "no line end at the end": lambda text: text.rstrip("\n").encode(),
    "blanks at the end": lambda text: (text.replace("(\n", "(  \t\n") + "\n\n").encode(),
    "comments": lambda text: text.replace("what it is for", "\u00fcber; 'it").encode(),
    "another comment": lambda text: (text + "/* that's all; */ -- really").encode(),
}
OTHER: dict[str, Rewrite] = {
    "a blank in a string": lambda text: text.replace("two\n", "two \n").encode(),
    "another case": lambda text: text.replace("INSERT", "insert").encode(),
    "a word": lambda text: text.replace("id integer", "id bigint").encode(),
    "a comment in a string": lambda text: text.replace("-- no comment", "").encode(),
    "a statement more": lambda text: (text + "SELECT 1;\n").encode(),
}


@pytest.mark.parametrize("target", ["psycopg", "sqlite3"], indirect=True)
@pytest.mark.parametrize("rewrite", SAME.values(), ids=list(SAME))
def test_an_applied_file_may_change_what_does_not_run(
    target: Target, folder: Path, rewrite: Rewrite
) -> None:
    """
    A checkout with other line ends, or a better comment, is no edit.
    """
    text = WITH_BODY if target.is_postgres else TEXT
    target.apply(write(folder, {"001_a.sql": text}))
    plan = target.plan(write(folder, {"001_a.sql": rewrite(text)}))
    assert plan.problems == ()
    assert target.apply(folder).applied == ()


@pytest.mark.parametrize("target", ["psycopg", "sqlite3"], indirect=True)
@pytest.mark.parametrize("rewrite", OTHER.values(), ids=list(OTHER))
def test_an_applied_file_may_change_nothing_that_runs(
    target: Target, folder: Path, rewrite: Rewrite
) -> None:
    """
    Every other character counts, blanks inside of quotes too.
    """
    target.apply(write(folder, {"001_a.sql": TEXT}))
    plan = target.plan(write(folder, {"001_a.sql": rewrite(TEXT)}))
    assert codes(plan) == ["edited"]


@pytest.mark.parametrize("target", ["psycopg", "sqlite3"], indirect=True)
@pytest.mark.parametrize("rewrite", SAME.values(), ids=list(SAME))
def test_a_strange_file_runs_as_a_plain_one_does(
    target: Target, folder: Path, rewrite: Rewrite
) -> None:
    """
    What reaches the database, in strings and bodies too, has lines ended by LF.
    """
    text = WITH_BODY if target.is_postgres else TEXT
    assert applied(target.apply(write(folder, {"001_a.sql": rewrite(text)}))) == ["001"]
    rows = [(1, "two\n lines; -- no comment"), (2, "x\ny")]
    assert target.query("SELECT * FROM a ORDER BY id") == rows[: 1 + target.is_postgres]
    assert target.plan(write(folder, {"001_a.sql": text})).problems == ()


@pytest.mark.parametrize(
    "text", ["-- nothing to be done here", "/* one */ -- two\n/* three */\n", ";;\n"]
)
def test_a_file_of_comments_is_applied_and_recorded(
    target: Target, folder: Path, text: str
) -> None:
    """
    Some files only hold a number, and the ledger holds it after them.
    """
    report = target.apply(write(folder, {"001_a.sql": text, "002_b.sql": TEXT}))
    assert applied(report) == ["001", "002"]
    assert report.applied[0].statements == 0
    assert target.versions() == ["001", "002"]
    assert target.show(folder, "001").applied_sql == text
    assert target.apply(folder).applied == ()
    assert target.plan(folder).problems == ()
