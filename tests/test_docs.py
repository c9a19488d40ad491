"""
Every block of the documentation runs (see `pages`), and nothing public is missing in it.
"""

from __future__ import annotations

import ast
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from importlib import import_module
from pathlib import Path

import pytest

from pages import (
    FENCE,
    PAGES,
    ROOT,
    RUN,
    Block,
    blocks,
    included,
    lend,
    wants_mariadb,
    wants_postgresql,
)
from st44_migrate import Settings, State, errors
from st44_migrate.lint import IGNORE_CODES, RULES

NOT_RUN = {"CONTRIBUTING.md": 1}

# The directives that Sphinx answers for; their text is not code of ours.
SPHINX = {"{toctree}", "{glossary}", "{note}", "{warning}", "{eval-rst}", "{literalinclude}"}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_runs(page: str, tmp_path: Path, request: pytest.FixtureRequest) -> None:
    """What a page shows is what happens, from its first block to its last."""
    not_run = 0
    room = tmp_path / "page"
    room.mkdir()
    if wants_postgresql(page):
        lend(request.getfixturevalue("pg_url"), room)
    if wants_mariadb(page):
        lend(request.getfixturevalue("mariadb_url"), room)
    for block in blocks(page):
        at = f"{page}:{block.line}"
        if block.note.startswith("not run: "):
            not_run += 1
        elif block.note.startswith("gate: "):
            check_gate(block, at)
        elif block.note.startswith("follow: "):
            assert page in followed(), f"{at}: nobody follows this page"
        elif shown := included(block):
            shutil.copy(shown, room)
        elif block.language not in SPHINX:
            assert block.language in RUN, f"{at}: what should become of {block.language!r}?"
            RUN[block.language](block, room, at)
    assert not_run == NOT_RUN.get(page, 0)


def check_gate(block: Block, at: str) -> None:
    """
    See that the gate runs this very block: its own words find it in the page.
    """
    name = block.note.removeprefix("gate: ")
    gate = (ROOT / ".ci" / "run").read_text("utf-8")
    assert at.startswith("README.md:"), f"{at}: the gate only reads README.md"
    assert f"run_readme {name} " in gate, f"{at}: .ci/run has no 'run_readme {name}'"
    function = re.search(r"^readme\(\) \{.*?^\}$", gate, re.MULTILINE | re.DOTALL)
    assert function, ".ci/run has no function readme"
    script = f"here={ROOT}; {function[0]}\nreadme {name}"
    found = subprocess.run(["bash", "-c", script], check=True, capture_output=True, text=True)
    assert found.stdout == block.text, at


def followed() -> set[str]:
    """
    List the pages that noxfile.py follows on what it built, whole and word for word.
    """
    calls = re.findall(r'"tests/follow\.py", "([^"]+)"', (ROOT / "noxfile.py").read_text("utf-8"))
    return set(calls)


def test_the_readme_begins_with_two_commands() -> None:
    """The first thing in the README is how to run it, the second how to test it, one block each."""
    first, second = blocks("README.md")[:2]
    assert [first.note, second.note] == ["gate: demo", "gate: tests"]


def codes() -> set[str]:
    """
    List the codes that problems are made with.
    """
    tree = ast.parse((ROOT / "src/st44_migrate/problems.py").read_text("utf-8"))
    made = [
        [arg.value for arg in node.args if isinstance(arg, ast.Constant)]
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and ast.unparse(node.func) in {"Problem", "_about"}
    ]
    return {str(constants[0]) for constants in made if constants}


def test_every_failure_has_a_section() -> None:
    """Each error class and each problem's code is a heading of when-things-fail.md."""
    page = (ROOT / "docs/when-things-fail.md").read_text("utf-8")
    headings = set(re.findall(r"^#{2,3} (\S+)$", page, re.MULTILINE))
    raised = set(errors.__all__) - {"MigrateError", "DriverError"}
    assert headings == raised | codes() | {"Problems"}


def test_every_rule_has_a_section() -> None:
    """Each code of the linter is a heading of lint.md, which says how much it weighs."""
    page = (ROOT / "docs/lint.md").read_text("utf-8").partition("## Rules")[2]
    shown = dict(re.findall(r"^### (\S+)\n\n(?:\*(\w+)\b)?", page, re.MULTILINE))
    weights = {rule.code: rule.severity.value.capitalize() for rule in RULES}
    assert shown == {**weights, **dict.fromkeys(IGNORE_CODES, "Warning"), "edited": ""}


# The packages that are nobody's but ours.  All others are public, where they offer names at
# all, and so are these modules.
INTERNAL = {"cli", "dialects", "drivers", "render", "sqltext"}
MODULES = {"errors", "events"}


def public_modules() -> list[str]:
    """
    List the modules whose ``__all__`` is public: ``"st44_migrate.model"``.
    """
    package = ROOT / "src" / "st44_migrate"
    inside = {path.parent.name for path in package.glob("*/__init__.py")}
    assert inside > INTERNAL
    return [
        "st44_migrate",
        *(f"st44_migrate.{name}" for name in sorted(inside - INTERNAL | MODULES)),
    ]


@pytest.mark.parametrize("module", public_modules())
def test_every_public_name_is_documented(module: str) -> None:
    """The page about Python has each name of ``__all__``, by a directive of Sphinx."""
    page = (ROOT / "docs/api.md").read_text("utf-8")
    shown = set(re.findall(r"^\.\. auto\w+:: (?:[\w.]+\.)?(\w+)$", page, re.MULTILINE))
    for whole in re.findall(r"^\.\. automodule:: (\S+)$", page, re.MULTILINE):
        shown |= set(import_module(whole).__all__)
    names = set(getattr(import_module(module), "__all__", ()))
    assert names - shown - {"__version__"} == set()


def test_every_setting_is_documented() -> None:
    """The page about settings has each field of `Settings`, with the default it has."""
    page = (ROOT / "docs/settings.md").read_text("utf-8")
    shown = dict(re.findall(r"^\| `([a-z_]+)` \| [^|]*\| `?([\w.]+)", page, re.MULTILINE))
    defaults = {field.name: getattr(Settings(), field.name) for field in fields(Settings)}
    assert shown == {name: in_words(value) for name, value in defaults.items()}


def in_words(default: object) -> str:
    """
    Write a default as the page does.
    """
    if isinstance(default, bool):
        return "on" if default else "off"
    return f"{default:g}" if isinstance(default, float) else str(default)


def test_every_command_is_documented() -> None:
    """The page about the command has each command, in the order of its help."""
    page = (ROOT / "docs/command.md").read_text("utf-8")
    help_text = subprocess.run(
        [sys.executable, "-m", "st44_migrate", "--help"], check=True, capture_output=True, text=True
    ).stdout
    commands = re.findall(r"^  (\w+) ", help_text.partition("Commands:")[2], re.MULTILINE)
    assert commands
    assert [name for name in commands if not re.search(rf"^`{name}\b", page, re.MULTILINE)] == []


def test_every_state_is_in_the_glossary() -> None:
    """The glossary is in order, and has each state that `status` may show."""
    page = (ROOT / "docs/glossary.md").read_text("utf-8")
    terms = re.findall(r"^([a-z]\S.*)\n  \S", page, re.MULTILINE)
    assert terms == sorted(terms)
    assert {state.value for state in State} - set(terms) == set()


LINK = re.compile(r"\]\((?!https?:|mailto:|#)([^)#\s]+)")


@pytest.mark.parametrize("page", PAGES)
def test_links_lead_somewhere(page: str) -> None:
    """A link to a file of the project has that file at its other end."""
    content = FENCE.sub("", (ROOT / page).read_text("utf-8"))
    here = (ROOT / page).parent
    assert [link for link in LINK.findall(content) if not (here / link).exists()] == []


PATH = re.compile(r"`((?:\.ci|benchmarks|docs|examples|src|tests)/[\w./-]+)`")


@pytest.mark.parametrize("page", PAGES)
def test_paths_are_there(page: str) -> None:
    """A file of the project that a page names exists."""
    content = FENCE.sub("", (ROOT / page).read_text("utf-8"))
    assert [path for path in PATH.findall(content) if not (ROOT / path).exists()] == []
