"""
Counts what the faults did, over the whole test run.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest

from faults.tally import HEAD, Tally

PAGE = Path(__file__).parents[2] / "docs" / "guarantees-table.md"

KEY = pytest.StashKey[Tally]()


@pytest.fixture(scope="session")
def tally(pytestconfig: pytest.Config) -> Tally:
    """
    Give the tally of the whole test run.
    """
    return pytestconfig.stash.setdefault(KEY, Tally())


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """
    Give an empty folder for migrations.
    """
    path = tmp_path / "migrations"
    path.mkdir()
    return path


def pytest_sessionfinish(session: pytest.Session) -> None:
    """
    Hand the tally over where this is one of several processes of a test run.
    """
    tally = session.config.stash.get(KEY, None)
    output = getattr(session.config, "workeroutput", None)
    if tally is not None and output is not None:
        output["faults"] = tally.plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """
    Take over what such a process has counted.
    """
    del error
    tally = node.config.stash.setdefault(KEY, Tally())
    tally.add_plain(getattr(node, "workeroutput", {}).get("faults", {}))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """
    Print the tally, and write the page if somebody asked for it.
    """
    tally = config.stash.get(KEY, None)
    if tally is None or not tally.outcomes:
        return
    terminalreporter.section("faults")
    terminalreporter.write(tally.table())
    if os.environ.get("ST44_WRITE_GUARANTEES"):
        if exitstatus or not tally.complete:
            raise pytest.UsageError("nothing is written: run all of tests/faults, and pass")
        PAGE.write_text(HEAD + tally.table(), "utf-8")
