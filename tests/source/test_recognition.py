"""
Whose folder it is, and what is said for and against.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from dressing import DRESSES, Dressed, dress
from st44_migrate import Memory, SourceError
from st44_migrate.source.recognition import Finding, examine, recognise

FOLDER = [Dressed(1, "one", ("SELECT 1",)), Dressed(12, "two", ("SELECT 2",))]

# Without a word of the tool in it, such a folder is anybody's.
_NAMELESS = {"refinery": "flyway or refinery", "sqlx": "golang-migrate"}


def findings(files: Mapping[str, str]) -> dict[str, Finding]:
    return {finding.layout: finding for finding in examine(Memory(files).tree)}


@pytest.mark.parametrize("layout", [name for name in DRESSES if name not in _NAMELESS])
def test_a_folder_is_recognised(layout: str) -> None:
    """By what only its tool writes."""
    files = dress(layout, [*FOLDER, Dressed(13, "three", ("SELECT 3",), alone=True)])
    if layout == "plain":
        files = dress(layout, FOLDER)
    assert recognise(Memory(files).tree) == layout


def test_what_several_may_have_written_is_not_guessed() -> None:
    """All of them are named."""
    with pytest.raises(SourceError, match="flyway or refinery"):
        recognise(Memory(dress("refinery", FOLDER)).tree)
    with pytest.raises(SourceError, match="not a folder of any tool"):
        recognise(Memory({"notes.txt": ""}).tree)


def test_a_plain_folder_is_plain() -> None:
    """Although others might have written it as well."""
    files = {"001_a.sql": "SELECT 1", "002_b.sql": "SELECT 2"}
    assert recognise(Memory(files).tree) == "plain"
    assert findings(files)["sqlx"].possible


def test_a_folder_that_goes_both_ways_is_not_plain() -> None:
    """Nor anybody's who would read all of it."""
    found = findings(dress("goose", FOLDER))
    assert found["goose"].possible
    for name in ("plain", "sqlx", "tern", "yoyo", "dbmate"):
        assert not found[name].possible
        assert any("+goose Up" in doubt for doubt in found[name].doubts)


def test_what_is_against_a_layout_is_said() -> None:
    """With the file that shows it."""
    found = findings({"001_a.up.sql": "", "001_a.down.sql": "", "002_b.sql": ""})
    assert found["golang-migrate"].fits == 1
    assert "002_b.sql is not called as golang-migrate" in found["golang-migrate"].doubts[0]
    assert "001_a.down.sql" in found["plain"].doubts[0]
    assert findings({"notes.txt": ""})["prisma"].doubts == ("no file is called as its own are",)
