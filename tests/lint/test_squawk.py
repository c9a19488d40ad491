"""
squawk's findings, at our places.
"""

from __future__ import annotations

import pytest

from st44_migrate import ConfigError, Memory
from st44_migrate.cli.survey import ask_squawk
from st44_migrate.lint import Subject, lint, read_subject

FILES = {
    "001_add_a.sql": "CREATE TABLE IF NOT EXISTS a (i int);",
    "002_index_a.sql": "\ufeff-- é\r\nBEGIN;\r\n  SELECT 'é😀'; CREATE INDEX IF NOT EXISTS i ON a (i);\r\nCOMMIT;",
    "003_odd_syntax.sql": "SELECT FROM FROM;",
    "004_index_again.sql": (
        "-- st44: ignore squawk/require-concurrent-index-creation the table is small\n"
        "CREATE INDEX IF NOT EXISTS j ON a (i);"
    ),
}


def subject(dialect: str = "postgresql") -> Subject:
    return read_subject(Memory(FILES).load(), dialect=dialect)


def test_squawk_is_asked() -> None:
    """Its rules have a prefix, its places are ours, and an ignore works as for ours."""
    asked = subject()
    found = lint(asked, others=ask_squawk(asked, {}), ignore=["no-comment"])
    assert [(p.code, p.path, p.line, p.column, p.severity) for p in found] == [
        ("squawk/require-concurrent-index-creation", "002_index_a.sql", 3, 16, "warning"),
        ("squawk/syntax-error", "003_odd_syntax.sql", 1, 12, "note"),
    ]
    assert "    |                 " in found[0].excerpt


def test_an_ignore_of_squawk_is_unused_only_if_it_was_asked() -> None:
    """Nobody can know otherwise."""
    files = {"001_x_y.sql": "-- st44: ignore squawk/x since\nSELECT 1"}
    asked = read_subject(Memory(files).load())
    assert lint(asked) == ()
    assert [p.code for p in lint(asked, others=ask_squawk(asked, {}))] == ["unused-ignore"]


def test_squawk_that_cannot_be_asked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Is said in words, with what to install."""
    with pytest.raises(ConfigError, match="PostgreSQL only"):
        ask_squawk(subject("sqlite"), {})
    monkeypatch.setattr("sys.executable", "/nosuch/python")
    with pytest.raises(ConfigError, match=r"pip install 'st44-migrate\[lint\]'"):
        ask_squawk(subject(), {})
