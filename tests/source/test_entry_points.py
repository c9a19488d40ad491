"""
Layouts that other packages bring: the one of ``docs/write-a-source.md``, installed.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tomllib
from collections.abc import Sequence
from pathlib import Path

import pytest

from pages import blocks


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """
    Give a directory in which the package of the page is installed.
    """
    page = {block.caption: block.text for block in blocks("docs/write-a-source.md")}
    project = tomllib.loads(page["pyproject.toml"])["project"]
    site = tmp_path / "site"
    info = site / f"house_layout-{project['version']}.dist-info"
    info.mkdir(parents=True)
    (site / "house_layout.py").write_text(page["house_layout.py"], "utf-8")
    metadata = f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n"
    (info / "METADATA").write_text(metadata, "utf-8")
    lines: list[str] = []
    for group, points in project["entry-points"].items():
        lines += [f"[{group}]", *(f"{name} = {value}" for name, value in points.items())]
    (info / "entry_points.txt").write_text("\n".join(lines) + "\n", "utf-8")
    return site


def run(room: Path, site: Path, *args: str) -> subprocess.CompletedProcess[str]:
    """
    Run the command where the package is installed.
    """
    env = {name: value for name, value in os.environ.items() if not name.startswith("ST44_")}
    return subprocess.run(
        [sys.executable, "-W", "error", "-m", "st44_migrate", *args],
        check=False,
        cwd=room,
        env=env | {"PYTHONPATH": str(site), "DATABASE_URL": "sqlite:///house.db"},
        capture_output=True,
        text=True,
    )


def write(folder: Path, files: Sequence[tuple[str, str]]) -> None:
    folder.mkdir()
    for name, text in files:
        (folder / name).write_text(text, "utf-8")


def test_the_layout_of_the_page_is_used_by_its_name(tmp_path: Path, site: Path) -> None:
    """On the command line, and by ``new``."""
    files = [
        ("V0001__a.sql", "CREATE TABLE a (i integer);"),
        ("V0002__b_NONTRANSACTIONAL.sql", "VACUUM;"),
    ]
    write(tmp_path / "migrations", files)
    done = run(tmp_path, site, "up", "--layout", "house", "--quiet")
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.startswith("applied 2")
    made = run(tmp_path, site, "new", "more", "--layout", "house")
    assert made.stdout == "migrations/V0003__more.sql\n"


def test_its_rules_are_said(tmp_path: Path, site: Path) -> None:
    """Errors are in its words, and it is listed among the layouts that there are."""
    write(tmp_path / "migrations", [("0001_a.sql", "SELECT 1;")])
    refused = run(tmp_path, site, "up", "--layout", "house")
    assert refused.returncode == 2
    assert "0001_a.sql is not called as house calls a migration" in refused.stderr
    assert "V0001__create_users.sql" in refused.stderr
    unknown = run(tmp_path, site, "up", "--layout", "hous")
    assert "Did you mean house?" in unknown.stderr


def test_one_that_does_not_load_is_refused_in_words(tmp_path: Path, site: Path) -> None:
    """With what is the matter with it."""
    write(tmp_path / "migrations", [("V1__a.sql", "SELECT 1;")])
    (site / "house_layout.py").write_text("import nothing_of_the_kind", "utf-8")
    done = run(tmp_path, site, "up", "--layout", "house")
    assert done.returncode == 2
    assert "the layout 'house', house_layout:LAYOUT, does not load" in done.stderr
    assert "nothing_of_the_kind" in done.stderr
