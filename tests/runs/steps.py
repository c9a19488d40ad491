"""
A file that commits step by step, and how far it came.
"""

from __future__ import annotations

from pathlib import Path

from targets import Target, write

FIRST = {"001_t.sql": "CREATE TABLE t (id int, n int);\nINSERT INTO t VALUES (1, 1), (2, 1);"}
STEPS = """\
CREATE INDEX CONCURRENTLY one ON t (id);
INSERT INTO t VALUES (3, 2);
CREATE UNIQUE INDEX CONCURRENTLY two ON t (n);
CREATE TABLE after (id int);
"""
MENDED = STEPS.replace("CREATE UNIQUE INDEX CONCURRENTLY two", "CREATE INDEX CONCURRENTLY two")


def steps(folder: Path, text: str, name: str = "002_steps.sql") -> Path:
    return write(folder, FIRST | {name: text})


def indexes(target: Target) -> dict[str, bool]:
    """
    The indexes of the table, and whether each is valid.
    """
    return dict(
        target.query(
            "SELECT indexrelid::regclass::text, indisvalid FROM pg_index"
            " WHERE indrelid = 't'::regclass ORDER BY 1"
        )
    )


def progress(target: Target, version: str = "2") -> tuple[object, ...]:
    (row,) = target.query(
        "SELECT state, total, done, in_doubt FROM schema_migrations_journal"
        f" WHERE version = '{version}'"
    )
    return row
