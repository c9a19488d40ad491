"""
A project for each test of the command.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from cli.harness import SETTINGS, Project


@pytest.fixture
def project(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> Project:
    """
    Three small migrations, nothing applied, no setting in the environment.
    """
    for name in list(os.environ):
        if name.startswith(SETTINGS):
            monkeypatch.delenv(name)
    monkeypatch.chdir(tmp_path)
    project = Project(tmp_path, capsys, monkeypatch)
    project.write("001_create_users.sql", "CREATE TABLE users (id integer PRIMARY KEY);\n")
    project.write(
        "002_create_tasks.sql",
        "CREATE TABLE tasks (id integer PRIMARY KEY);\nINSERT INTO tasks VALUES (1);\n",
    )
    project.write("003_add_name.sql", "ALTER TABLE users ADD COLUMN name text;\n")
    return project


@pytest.fixture
def empty(project: Project) -> Project:
    """
    The same, and a database in which nothing is.
    """
    (project.root / "app.db").touch()
    return project


@pytest.fixture
def applied(project: Project) -> Project:
    """
    The same, and everything applied.
    """
    assert project.on("up", "-q").code == 0
    return project
