"""
The table [tool.st44-migrate] of the nearest pyproject.toml.
"""

from __future__ import annotations

from pathlib import Path
from textwrap import dedent

import pytest

from st44_migrate import ConfigError
from st44_migrate.cli.config import Project
from st44_migrate.cli.project import read_project


def write(folder: Path, text: str) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "pyproject.toml").write_text(dedent(text))


def test_paths_are_relative_to_the_file_that_names_them(tmp_path: Path) -> None:
    """
    Called in a sub-folder, the project's folder is found all the same.
    """
    write(
        tmp_path,
        """
        [tool.st44-migrate]
        migrations = "db/migrations"
        ledger = "app.ledger"
        """,
    )
    here = tmp_path / "src" / "app"
    here.mkdir(parents=True)
    assert read_project(tmp_path) == Project(
        "[tool.st44-migrate] in pyproject.toml", "db/migrations", "app.ledger"
    )
    assert read_project(here) == Project(
        "[tool.st44-migrate] in ../../pyproject.toml", "../../db/migrations", "app.ledger"
    )


def test_only_the_nearest_file_counts(tmp_path: Path) -> None:
    """
    A package in a larger repository does not inherit another package's folder.
    """
    write(tmp_path, '[tool.st44-migrate]\nmigrations = "db"\n')
    write(tmp_path / "service", '[project]\nname = "service"\n')
    assert read_project(tmp_path / "service") is None


def test_an_absolute_folder_stays_as_it_is(tmp_path: Path) -> None:
    """
    Nothing is made relative that was not.
    """
    write(tmp_path, f'[tool.st44-migrate]\nmigrations = "{tmp_path.as_posix()}/db"\n')
    project = read_project(tmp_path)
    assert project is not None
    assert project.migrations == f"{tmp_path.as_posix()}/db"


def test_no_file_and_no_table(tmp_path: Path) -> None:
    """
    A project that does not name us has nothing to say.
    """
    assert read_project(tmp_path) is None
    write(tmp_path, '[project]\nname = "x"\ndependencies = ["st44-migrate"]\n')
    assert read_project(tmp_path) is None


def test_another_tools_broken_file_is_not_our_business(tmp_path: Path) -> None:
    """
    A file that never names us is not even parsed.
    """
    write(tmp_path, "this is not TOML\n")
    assert read_project(tmp_path) is None


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[tool.st44-migrate\n", "is not TOML"),
        ('[tool.st44-migrate]\nmigration = "db"\n', "unknown key 'migration'"),
        (
            "[tool.st44-migrate]\nmigrations = 3\n",
            "migrations in [tool.st44-migrate] is not a text",
        ),
        ('[tool.st44-migrate]\nledger = ""\n', "ledger in [tool.st44-migrate] is not a text"),
        ('[tool]\nst44-migrate = "db"\n', "is not a table"),
    ],
)
def test_mistakes_are_named(tmp_path: Path, text: str, words: str) -> None:
    """
    A setting that would be passed over in silence is an error.
    """
    write(tmp_path, text)
    with pytest.raises(ConfigError) as caught:
        read_project(tmp_path)
    assert words in caught.value.happened
    assert caught.value.happened.startswith("pyproject.toml")
    assert "migrations =" in caught.value.remedy
