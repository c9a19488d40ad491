"""
The lexer against libpg_query and SQLite, on the migrations of real projects.

The folders are named by ``ST44_CORPORA``, else looked for beside the project.
"""

from __future__ import annotations

import json
import os
import sqlite3
import time
from bisect import bisect_left
from functools import cache
from pathlib import Path
from typing import NamedTuple

import pytest
from pglast import parser

from sqltext.kit import migration
from st44_migrate.errors import SourceError
from st44_migrate.model import Script
from st44_migrate.sqltext import Flaw, place_of, read_script, split

ROOT = Path(os.environ.get("ST44_CORPORA") or Path(__file__).parents[3] / "shared/corpora")

pytestmark = pytest.mark.skipif(
    not ROOT.is_dir(), reason=f"there are no corpora in {ROOT}; ST44_CORPORA says where they are"
)

# Why a file is refused.  Those of lex-cases are for MySQL, T-SQL and shells with
# other delimiters; the others mean it, and would need a header or two files.
REFUSED = {
    "a second BEGIN": {
        "goalert/20180816095155-change-log.sql",
        "langfuse/20260521000000_monitor_severity_status_reorder_drop_message/migration.sql",
    },
    "stands outside of the BEGIN ... COMMIT": {
        "goalert/20181004032148-labels-switchover-trigger.sql",
        "langfuse/20230620181114_restructure/migration.sql",
    },
    "END without a BEGIN": {
        "lex-cases/atlas/lex/10_delimiter_comment.sql",
        "lex-cases/atlas/lex/9_delimiter_3n.sql",
        "lex-cases/atlas/lexgroup/1_trigger.sql",
    },
    "END as it is written here": {
        "lex-cases/atlas/lex/14_delimiter_mysql_command.sql",
        "lex-cases/atlas/lex/5_delimiter.sql",
        "lex-cases/atlas/lexbegintry/1.sql",
        "lex-cases/atlas/lexgroup/2_function.sql",
        "lex-cases/atlas/lexgroup/3_delimiter.sql",
    },
    "$$ opens here and never ends": {
        "lex-cases/atlas/lex/7_delimiter_2n.sql",
        "lex-cases/atlas/lex/8_delimiter_3n.sql",
    },
    "a string opens here and never ends": {"lex-cases/atlas/lex/6_skip_comment.sql"},
    "a backslash outside of quotes": {"lex-cases/atlas/lexescaped/1.my.sql"},
    "\\n is a command of psql": {"lex-cases/atlas/lex/13_delimiter_mysql_command.sql"},
}


class File(NamedTuple):
    """
    A file of a corpus, the cases made for splitters counted as PostgreSQL's.
    """

    name: str
    dialect: str
    content: bytes
    text: str


@cache
def files() -> tuple[File, ...]:
    manifest = json.loads((ROOT / "manifest.json").read_text("utf-8"))
    found: list[File] = []
    for path in sorted(path for path in ROOT.rglob("*.sql") if path.is_file()):
        name = path.relative_to(ROOT).as_posix()
        corpus = manifest.get(name.partition("/")[0], {})
        dialect = "sqlite" if corpus.get("dialect") == "sqlite" else "postgresql"
        content = path.read_bytes()
        text = content.decode("utf-8-sig").replace("\r\n", "\n")
        found.append(File(name, dialect, content, text))
    return tuple(found)


def bounds(text: str, dialect: str) -> list[tuple[int, int]]:
    """
    Return where our statements start and end.
    """
    return [(s.offset, s.offset + len(s.text)) for s in split(text, dialect)]


def bounds_of_libpg_query(text: str) -> list[tuple[int, int]]:
    """
    Return the same as PostgreSQL's own parser sees it.

    It starts a statement at its first token, and ends it at the semicolon, which
    is behind trailing comments: so its last token is looked up.
    """
    solid = [token for token in parser.scan(text) if "COMMENT" not in token.name]
    starts = [token.start for token in solid]
    found: list[tuple[int, int]] = []
    for statement in parser.parse_sql(text):
        start = statement.stmt_location or 0
        end = start + statement.stmt_len if statement.stmt_len else len(text)
        found.append((start, solid[bisect_left(starts, end) - 1].end + 1))
    return found


def test_statements_end_where_postgresql_ends_them() -> None:
    """Every file that PostgreSQL's parser takes is cut at the same characters."""
    compared, statements = 0, 0
    for file in files():
        try:
            expected = bounds_of_libpg_query(file.text)
        except parser.ParseError:
            continue
        assert (file.name, bounds(file.text, "postgresql")) == (file.name, expected)
        compared += 1
        statements += len(expected)
    assert compared > 2_000
    assert statements > 8_000


def test_statements_end_where_sqlite_ends_them() -> None:
    """SQLite calls each statement of its files complete, and no part of one."""
    compared = 0
    for file in files():
        if file.dialect != "sqlite":
            continue
        for statement in split(file.text, "sqlite"):
            text = statement.text
            where = f"{file.name}:{statement.line}"
            assert sqlite3.complete_statement(f"{text};"), where
            inner = [i for i, character in enumerate(text) if character == ";"]
            assert not any(sqlite3.complete_statement(text[: i + 1]) for i in inner), where
            compared += 1
    assert compared > 1_000


def test_every_file_is_read_or_refused_with_its_reason() -> None:
    """A script is whole and its places are right; what is refused is known, and why."""
    refused: dict[str, SourceError] = {}
    for file in files():
        try:
            script = read_script(migration(file.content, file.name), file.dialect)
        except SourceError as error:
            refused[file.name] = error
        else:
            check_places(script, file)
    for name, refusal in refused.items():
        assert refusal.happened.startswith(f"{refusal.place}: ")
        assert refusal.happened.startswith(f"{name}:")
        assert refusal.remedy
    empty = {name for name, e in refused.items() if "the file is empty" in e.happened}
    assert empty == {file.name for file in files() if not file.text.strip()}
    assert set(refused) - empty == set().union(*REFUSED.values())
    for reason, names in REFUSED.items():
        assert [name for name in names if reason not in refused[name].happened] == []


def check_places(script: Script, file: File) -> None:
    """
    The text of each statement stands where the statement says.
    """
    assert script.text == file.text
    for statement in (*script.prologue, *script.statements, *script.epilogue):
        end = statement.offset + len(statement.text)
        assert script.text[statement.offset : end] == statement.text
        assert place_of(script.text, statement.offset) == (statement.line, statement.column)


def test_splitting_is_fast() -> None:
    """All corpora are split at 5 MB a second or more."""
    size = sum(len(file.content) for file in files())
    seconds = min(seconds_to_split_all() for _ in range(5))
    print(f"{size / seconds / 1e6:.1f} MB/s")
    assert size / seconds > 5e6


def seconds_to_split_all() -> float:
    start = time.process_time()
    for file in files():
        try:
            split(file.text, file.dialect)
        except Flaw:
            continue
    return time.process_time() - start
