"""
The ledger that the documentation shows, brought by a package that is installed.
"""

from __future__ import annotations

import json
import sqlite3
import subprocess
import sys
import tomllib
from contextlib import closing
from pathlib import Path

import pytest

from pages import blocks, environment

PAGE = "docs/adopt.md"


@pytest.fixture
def installed(tmp_path: Path) -> Path:
    """
    Give a directory from where Python finds the package of the page, as pip installs it.
    """
    shown = {block.caption: block.text for block in blocks(PAGE) if block.caption}
    (tmp_path / "house_ledger.py").write_text(shown["house_ledger.py"])
    project = tomllib.loads(shown["pyproject.toml"])["project"]
    ((group, entries),) = project["entry-points"].items()
    info = tmp_path / f"house_ledger-{project['version']}.dist-info"
    info.mkdir()
    (info / "METADATA").write_text(f"Name: {project['name']}\nVersion: {project['version']}\n")
    points = "\n".join(f"{name} = {value}" for name, value in entries.items())
    (info / "entry_points.txt").write_text(f"[{group}]\n{points}\n")
    folder = tmp_path / "migrations"
    folder.mkdir()
    (folder / "001_one.sql").write_text("CREATE TABLE one (i integer);")
    (folder / "002_two.sql").write_text("CREATE TABLE two (i integer);")
    return tmp_path


def adopt(room: Path, *words: str) -> tuple[int, str, str]:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "st44_migrate", "adopt", "--json", *words],
        cwd=room,
        env=environment(room) | {"DATABASE_URL": "sqlite:///app.db"},
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout, done.stderr


def prepare(room: Path, done: int) -> None:
    with closing(sqlite3.connect(room / "app.db", isolation_level=None)) as conn:
        conn.execute("CREATE TABLE house_history (file text, done boolean, at timestamp)")
        conn.execute(f"INSERT INTO house_history VALUES ('001_one', {done}, '2024-05-28 21:47:28')")
        conn.execute("CREATE TABLE one (i integer)")


@pytest.mark.parametrize("words", [(), ("--from", "house")])
def test_it_is_found_and_adopted(installed: Path, words: tuple[str, ...]) -> None:
    """By its columns, or by its name."""
    prepare(installed, 1)
    code, out, err = adopt(installed, "--yes", *words)
    assert code == 0, err
    made = json.loads(out)
    assert (made["tool"], made["written"]) == ("house", True)
    assert [found["path"] for found in made["versions"]] == ["migrations/001_one.sql"]
    assert made["pending"] == ["migrations/002_two.sql"]


def test_what_it_says_of_half_applied_files_is_shown(installed: Path) -> None:
    """With the way out that the package has written."""
    prepare(installed, 0)
    code, out, err = adopt(installed, "--yes")
    assert code == 4
    assert "UPDATE house_history SET done = true WHERE file = '001_one'" in err
    assert json.loads(out)["error"]["code"] == "ledger"


def test_one_that_does_not_load_is_named(installed: Path) -> None:
    """And nothing is adopted without it."""
    prepare(installed, 1)
    (installed / "house_ledger.py").write_text("raise RuntimeError('broken')")
    code, _, err = adopt(installed)
    assert code == 2
    assert "the ledger 'house', house_ledger:LEDGER, does not load: broken" in err
