"""
``squash``: a baseline is proven, or what it lacks is named.
"""

from __future__ import annotations

import pytest

from cli.harness import Project

WHOLE = """
CREATE TABLE tasks (id integer PRIMARY KEY);
INSERT INTO tasks VALUES (1);
CREATE TABLE users (id integer PRIMARY KEY, name text);
"""


def test_a_true_one_ends_with_0(project: Project) -> None:
    """On a database of its own: none is named."""
    project.write("B003__start.sql", WHOLE)
    done = project.run("squash", "--on", "sqlite")
    assert (done.code, done.err) == (0, "")
    assert "migrations/B003__start.sql stands for 3 files" in done.out
    assert "Both make the same: " in done.out
    assert not (project.root / "app.db").exists()


def test_a_false_one_ends_with_1(project: Project) -> None:
    """Each difference is a line, marked by who makes it."""
    project.write("B003__start.sql", WHOLE.replace("name text", "nickname text"))
    done = project.run("squash", "--on", "sqlite")
    assert done.code == 1
    assert "\n- column users 1 name TEXT" in done.out
    assert "\n+ column users 1 nickname TEXT" in done.out
    document = project.run("squash", "--on", "sqlite", "--json").document
    assert document["equal"] is False
    assert document["baseline"] == "migrations/B003__start.sql"
    assert len(document["files"]) == 3
    assert (len(document["only_files"]), len(document["only_baseline"])) == (1, 1)


@pytest.mark.parametrize("name", ["", "B009__start.sql"])
def test_without_what_to_compare_it_ends_with_2(project: Project, name: str) -> None:
    """No baseline, or none of its number."""
    if name:
        project.write(name, WHOLE)
    done = project.run("squash", "--on", "sqlite")
    assert (done.code, done.out) == (2, "")
