"""
Short ways to read a text and to look at what came of it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from hashlib import sha256

import pytest

from st44_migrate.errors import SourceError
from st44_migrate.model import Migration, Script, Statement
from st44_migrate.source.layouts import builtin
from st44_migrate.sqltext import read_script, split

PATH = "migrations/001_a.sql"


def migration(content: str | bytes, path: str = PATH) -> Migration:
    data = content.encode() if isinstance(content, str) else content
    return Migration(1, "001", "a", path, data, sha256(data).hexdigest())


def read(content: str | bytes, dialect: str = "postgresql") -> Script:
    return read_script(migration(content), dialect)


def read_as(
    layout: str, text: str, values: Mapping[str, str] | None = None, dialect: str = "postgresql"
) -> Script:
    """
    Read *text* as a file of another tool's *layout*.
    """
    filled = tuple((values or {}).items())
    found = replace(migration(text), notation=builtin(layout).notation, values=filled)
    return read_script(found, dialect)


def refusal(content: str | bytes, dialect: str = "postgresql") -> SourceError:
    """
    Read what must not be readable.
    """
    with pytest.raises(SourceError) as caught:
        read(content, dialect)
    return caught.value


def place(content: str | bytes, dialect: str = "postgresql") -> tuple[int, int]:
    """
    Read what must not be readable, and return line and column.
    """
    found = refusal(content, dialect).place
    assert found is not None
    return found.line, found.column


def texts(statements: tuple[Statement, ...]) -> list[str]:
    return [statement.text for statement in statements]


def pieces(text: str, dialect: str = "postgresql") -> list[str]:
    """
    Split *text*, and return the statements only.
    """
    return [statement.text for statement in split(text, dialect)]


def units(script: Script) -> list[list[str]]:
    return [texts(unit) for unit in script.units]
