"""
The cases that goose's own parser is tested with: what it runs is what is read here.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from corpora.corpus import ROOT
from sqltext.kit import read_as
from st44_migrate.sqltext import split

CASES = ROOT / "goose-parser"

pytestmark = pytest.mark.skipif(
    not CASES.is_dir(), reason=f"there are no corpora in {ROOT}; ST44_CORPORA says where they are"
)

# What the tests of goose put into the environment, and its defaults for the rest.
VALUES = {
    "GOOSE_ENV_REGION": "us_east_",
    "GOOSE_ENV_NAME": "foo",
    "GOOSE_ENV_SET_BUT_EMPTY_VALUE": "",
    "ANOTHER_VAR": "default",
}


def inputs() -> list[str]:
    found = [path.relative_to(CASES).parent.as_posix() for path in CASES.glob("*/*/input.sql")]
    return sorted(found) or ["none"]


def statements(texts: list[str]) -> list[str]:
    """
    Split what goose sends, which may be several statements; without comments.
    """
    return [statement.text for text in texts for statement in split(text, "postgresql")]


@pytest.mark.parametrize("case", inputs())
def test_what_goose_runs_is_read(case: str) -> None:
    """Statement by statement, placeholders filled in."""
    golden = sorted((CASES / case).glob("*.up.golden.sql"))
    assert golden
    expected = statements([path.read_text("utf-8") for path in golden])
    text = (CASES / case / "input.sql").read_text("utf-8")
    found = [statement.text for statement in read_as("goose", text, VALUES).statements]
    assert found == expected


@pytest.mark.parametrize("path", sorted(CASES.glob("invalid/up/*.sql")) or [Path("none")], ids=str)
def test_what_goose_cannot_split_is_split(path: Path) -> None:
    """It misses a semicolon before the way back; a lexer does not need it."""
    script = read_as("goose", path.read_text("utf-8"))
    assert script.statements
    assert all("baz" not in statement.text for statement in script.statements)
