"""
Folders of other tools on the command line: ``--layout``, ``--set``, ``detect``, ``new``.
"""

from __future__ import annotations

import re

import pytest

from cli.harness import Project
from dressing import Dressed, dress
from st44_migrate.source import Memory

GOOSE = {
    "migrations/00001_a.sql": "-- +goose Up\nCREATE TABLE a (i integer);\n-- +goose Down\nDROP TABLE a;",
    "migrations/00002_b.sql": "-- +goose Up\nCREATE TABLE b (i integer);\n-- +goose Down\nDROP TABLE b;",
}
FLYWAY = {"db/V1__a.sql": "CREATE TABLE ${t} (i integer);"}


@pytest.fixture
def goose(project: Project) -> Project:
    """
    The folder is one of goose.
    """
    for file in (project.root / "migrations").iterdir():
        file.unlink()
    return lay(project, GOOSE)


def lay(project: Project, files: dict[str, str]) -> Project:
    for name, text in files.items():
        path = project.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, "utf-8")
    return project


def test_every_command_takes_a_layout(goose: Project) -> None:
    """And none of them reads the way back."""
    layout = ("--layout", "goose")
    assert goose.on("up", "-q", *layout).out.startswith("applied 2")
    assert goose.on("up", "-q", *layout).out.startswith("up to date")
    assert "applied" in goose.on("status", *layout).out
    assert goose.on("plan", *layout).code == 0
    assert goose.on("check", *layout).code == 0
    shown = goose.on("show", "1", *layout).out
    assert "CREATE TABLE a" in shown
    assert "DROP TABLE" not in shown
    assert "differs" not in shown
    lay(goose, {"migrations/00003_c.sql": "-- +goose Up\nSELECT 1;"})
    assert goose.on("mark", "3", "--reason", "here", *layout).code == 0
    lay(goose, {"migrations/00003_c.sql": "-- +goose Up\nSELECT 2;"})
    assert goose.on("check", *layout).code == 4
    assert goose.on("repair", "3", "--reason", "fine", *layout).code == 0
    assert goose.on("baseline", "3", *layout).code == 0
    assert goose.on("check", *layout).code == 0


def test_without_it_the_folder_is_refused_with_the_way_out(goose: Project) -> None:
    """The file would undo itself."""
    outcome = goose.on("up", "-q")
    assert outcome.code == 2
    assert "migrations/00001_a.sql:3:1: error: '-- +goose Down'" in outcome.err
    assert "--layout goose" in outcome.err


def test_the_layout_may_be_named_elsewhere(goose: Project) -> None:
    """By the environment, by the project; an error says by whom."""
    assert goose.run("up", "-q", "--url", goose.url, ST44_LAYOUT="goose").code == 0
    outcome = goose.run("check", "--url", goose.url, ST44_LAYOUT="geese")
    assert outcome.code == 2
    assert "Did you mean goose?" in outcome.err
    assert "The layout is named by ST44_LAYOUT." in outcome.err
    assert goose.run("check", "--url", goose.url, ST44_LAYOUT="").code == 2
    lay(goose, {"pyproject.toml": '[tool.st44-migrate]\nlayout = "goose"\n'})
    assert goose.on("check").code == 0
    assert goose.on("check", "--layout", "goose").code == 0


def test_it_may_be_recognised(goose: Project) -> None:
    """If there is no doubt."""
    assert goose.on("up", "-q", "--layout", "auto").out.startswith("applied 2")
    lay(goose, {"simple/V1__a.sql": "SELECT 1;"})
    outcome = goose.on("up", "-q", "simple", "--layout", "auto")
    assert outcome.code == 2
    assert "simple may be a folder of flyway or refinery." in outcome.err


def test_placeholders_are_given(project: Project) -> None:
    """On the command line, or for all commands in the project, which has less to say."""
    lay(project, FLYWAY)
    layout = ("db", "--layout", "flyway")
    outcome = project.on("up", "-q", *layout)
    assert (outcome.code, outcome.err.partition(" error: ")[0]) == (2, "db/V1__a.sql:1:14:")
    assert "--set 't=...'" in outcome.err
    values = '[tool.st44-migrate]\nlayout = "flyway"\nvalues = { t = "project" }\n'
    lay(project, {"pyproject.toml": values})
    assert project.on("up", "-q", *layout, "--set", "t=given=it").code == 1
    assert project.on("up", "-q", *layout, "--set", "t=given").code == 0
    assert "CREATE TABLE given" in project.on("show", "1", "db").out
    assert project.on("check", "db", "--set", "t=given").code == 0
    assert project.on("check", "db").code == 4
    for wrong in ("t", "=x"):
        assert "is not NAME=VALUE" in project.on("check", "db", "--set", wrong).err


def test_a_project_may_say_only_what_can_be_meant(project: Project) -> None:
    """Values are texts."""
    lay(project, {"pyproject.toml": "[tool.st44-migrate]\nvalues = { t = 1 }\n"})
    assert "not a table of texts" in project.on("status").err
    lay(project, {"pyproject.toml": "[tool.st44-migrate]\nlayout = 7\n"})
    assert "layout in [tool.st44-migrate] is not a text" in project.on("status").err


def test_detect_says_why(goose: Project) -> None:
    """For and against, the most likely first; without a database."""
    outcome = goose.run("detect")
    assert outcome.code == 0
    assert outcome.out.startswith(
        "goose: possible, 2 migrations\n  + migrations/00001_a.sql has '-- +goose Up'\n"
    )
    assert outcome.out.endswith("migrations is a folder of goose: --layout goose\n")
    document = goose.run("detect", "--json").document
    assert document["layout"] == "goose"
    first, second, *_ = document["layouts"]
    assert (first["name"], first["possible"], first["files"], first["against"]) == (
        "goose",
        True,
        2,
        [],
    )
    assert not second["possible"]
    assert second["against"]


def test_detect_is_not_sure(project: Project) -> None:
    """Several may have written such a folder, or nobody."""
    lay(project, {"simple/V1__a.sql": "SELECT 1;", "none/a.txt": ""})
    outcome = project.run("detect", "simple")
    assert outcome.code == 2
    assert "flyway or refinery" in outcome.out
    outcome = project.run("detect", "none", "--json")
    assert (outcome.code, outcome.document["layout"]) == (2, None)
    assert project.run("detect").out.endswith("is a folder of plain: --layout plain\n")
    assert project.run("detect", "nowhere").code == 2


@pytest.mark.parametrize(
    ("layout", "number", "expected"),
    [
        ("plain", 7, r"008_add_x\.sql"),
        ("golang-migrate", 7, r"000008_add_x\.up\.sql"),
        ("goose", 7, r"00008_add_x\.sql"),
        ("tern", 7, r"008_add_x\.sql"),
        ("refinery", 7, r"V8__add_x\.sql"),
        ("flyway", 19, r"V1\.10__add_x\.sql"),
        ("postgres-migrations", 7, r"0008-add_x\.sql"),
        ("sqlx", 20240101000000, r"\d{14}_add_x\.sql"),
        ("dbmate", 20240101000000, r"\d{14}_add_x\.sql"),
        ("diesel", 7, r"\d{4}-\d\d-\d\d-\d{6}_add_x/up\.sql"),
        ("prisma", 7, r"\d{14}_add_x/migration\.sql"),
        ("sql-migrate", 7, r"\d{14}-add_x\.sql"),
        ("yoyo", 7, r"\d{14}_add_x\.sql"),
        ("node-pg-migrate", 7, r"\d{17}_add_x\.sql"),
    ],
)
def test_new_writes_as_the_tool_does(
    project: Project, layout: str, number: int, expected: str
) -> None:
    """The next version, the name, and what is read of it is what goes forward."""
    files = dress(layout, [Dressed(number, "first", ("SELECT 1",))])
    lay(project, {f"db/{name}": text for name, text in files.items()})
    outcome = project.run("new", "add x", "db", "--layout", layout)
    assert outcome.code == 0, outcome.err
    path = outcome.out.strip()
    assert re.fullmatch(f"db/{expected}", path)
    text = (project.root / path).read_text("utf-8")
    more = Memory({**files, path.removeprefix("db/"): text}, layout=layout).load()
    assert more[-1].path == path.removeprefix("db/")
    assert project.on("up", "-q", "db", "--layout", layout).code == 0


def test_new_begins_an_empty_folder(project: Project) -> None:
    """With the time, or with one, as the tool does."""
    (project.root / "empty").mkdir()
    assert re.match(
        r"empty/\d{14}_a\.sql", project.run("new", "a", "empty", "--layout", "goose").out
    )
    (project.root / "flyway").mkdir()
    assert project.run("new", "a", "flyway", "--layout", "flyway").out == "flyway/V001__a.sql\n"


def test_new_writes_nothing_that_would_come_too_early(project: Project) -> None:
    """Where a file is dated in the future, and versions are times and names."""
    lay(project, {"db/99991231235959_z/migration.sql": "SELECT 1;"})
    outcome = project.run("new", "a", "db", "--layout", "prisma")
    assert outcome.code == 2
    assert "would come before 99991231235959_z/migration.sql" in outcome.err
