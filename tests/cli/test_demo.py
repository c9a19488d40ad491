"""
``demo``: the main job on a real PostgreSQL, without any preparation.
"""

from __future__ import annotations

from pathlib import Path

from cli.harness import Project
from st44_migrate.cli import demo

HOUSEHOLD = ("000", "001", "011", "012", "013", "014", "015", "016")


def test_it_applies_the_household_twice_and_shows_the_status(project: Project) -> None:
    """
    Eight files, then nothing to do, then a table that says so; nothing is left.
    """
    before = sorted(Path(project.root).rglob("*"))
    outcome = project.spawn("demo")
    assert outcome.code == 0, outcome.err
    assert "applied 8, skipped 0, failed 0; latest 016, 8 in the ledger" in outcome.out
    assert "up to date: 8 applied already; latest 016, 8 in the ledger" in outcome.out
    for version in HOUSEHOLD:
        assert f"\n{version}  " in outcome.out
    assert before == sorted(Path(project.root).rglob("*"))


def test_its_document(project: Project) -> None:
    """
    Two documents of ``up`` and one of ``status``, in one.
    """
    outcome = project.spawn("demo", "--json", "--quiet")
    assert outcome.code == 0, outcome.err
    document = outcome.document
    assert [applied["version"] for applied in document["first"]["applied"]] == list(HOUSEHOLD)
    assert (document["first"]["status"], document["second"]["status"]) == ("applied", "current")
    assert document["status"]["count"] == 8
    assert outcome.err == ""


def test_the_example_is_found_in_a_checkout() -> None:
    """
    The same files that are shipped in the package.
    """
    folder = demo._household()
    assert [path.name[:3] for path in sorted(folder.glob("[0-9]*.sql"))] == list(HOUSEHOLD)
