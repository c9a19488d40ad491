"""
Every block of the documentation runs (see `pages`), and nothing public is missing in it.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from dataclasses import fields
from pathlib import Path

import pytest

import st44_migrate
from pages import FENCE, PAGES, ROOT, RUN, Block, blocks
from st44_migrate import Settings, errors, protocols
from st44_migrate.lint import IGNORE_CODES, RULES

NOT_RUN = {"CONTRIBUTING.md": 1}

# The directives that Sphinx answers for; their text is not code of ours.
SPHINX = {"{toctree}", "{note}", "{warning}", "{eval-rst}", "{literalinclude}"}


@pytest.mark.parametrize("page", PAGES)
def test_every_block_runs(page: str, tmp_path: Path) -> None:
    """What a page shows is what happens, from its first block to its last."""
    not_run = 0
    room = tmp_path / "page"
    room.mkdir()
    for block in blocks(page):
        at = f"{page}:{block.line}"
        if block.note.startswith("not run: "):
            not_run += 1
        elif block.note.startswith("gate: "):
            check_gate(block, at)
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


def test_every_public_name_is_documented() -> None:
    """The page about Python has each name of ``__all__``, in a directive or in words."""
    page = (ROOT / "docs/api.md").read_text("utf-8")
    shown = set(re.findall(r"^\.\. auto\w+:: (\w+)$", page, re.MULTILINE))
    assert "automodule:: st44_migrate.protocols" in page
    assert set(st44_migrate.__all__) - shown - set(protocols.__all__) == {"__version__"}


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
