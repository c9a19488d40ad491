"""
A run that must fail: what has to be true of every failure, and where it points.
"""

from __future__ import annotations

import unicodedata
from pathlib import Path

import pytest

from st44_migrate import ApplyError
from targets import Target, applied, write

GOOD = "CREATE TABLE first (id integer PRIMARY KEY);\n"

# Others may use the same server at the same time.
HELD = (
    "SELECT count(*) FROM pg_locks l JOIN pg_database d ON d.oid = l.database"
    " WHERE l.locktype = 'advisory' AND d.datname = current_database()"
)


def fail(target: Target, folder: Path, bad: str | bytes) -> ApplyError:
    """
    Run a good file and *bad* after it, which must fail and leave nothing.
    """
    write(folder, {"001_good.sql": GOOD, "002_bad.sql": bad, "003_never.sql": "SELECT 1;\n"})
    with pytest.raises(ApplyError) as caught:
        target.apply(folder)
    error = caught.value
    assert error.migration.label == "002"
    assert applied(error.report) == ["001"]
    assert (error.report.count, error.report.latest, error.report.pending) == (1, "001", 2)
    assert target.tables() == {"first"}
    assert target.versions() == ["001"]
    assert target.journal() == {"1": "applied", "2": "failed"}
    assert "1 file" in error.unchanged
    if target.is_postgres:
        assert target.query(HELD) == [(0,)]
    return error


def finish(target: Target, folder: Path, fixed: str) -> None:
    """
    Correct the file and run again: it goes on where it stopped.
    """
    write(folder, {"001_good.sql": GOOD, "002_bad.sql": fixed, "003_never.sql": "SELECT 1;\n"})
    assert applied(target.apply(folder)) == ["002", "003"]
    assert target.versions() == ["001", "002", "003"]


def pointed(excerpt: str) -> str:
    """
    Read, as a terminal shows it, the rest of the line from the caret on.
    """
    lines = excerpt.split("\n")
    caret = next(i for i, line in enumerate(lines) if line.strip(" |") == "^")
    column, width = lines[caret].index("^"), 0
    for index, character in enumerate(lines[caret - 1]):
        if width == column:
            return lines[caret - 1][index:]
        wide = unicodedata.east_asian_width(character) in "WF"
        width += 0 if unicodedata.combining(character) else 1 + wide
    return ""


def spot(error: ApplyError) -> tuple[str, int, int, str]:
    """
    Give file, line, column and the word under the caret, if all agree.
    """
    assert error.place is not None
    assert error.place == error.position
    assert str(error).startswith(f"{error.place.path}:{error.place.line}:{error.place.column}: ")
    word = pointed(error.excerpt).split(" ")[0].rstrip(";")
    return Path(error.place.path).name, error.place.line, error.place.column, word
