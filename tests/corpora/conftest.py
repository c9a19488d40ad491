"""
The server for real folders, and the notes about them over the whole test run.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from corpora.contrib import contrib_server
from corpora.trials import HEAD, Trials
from st44_migrate.testing.servers import PostgresServer

PAGE = Path(__file__).parents[2] / "docs" / "corpora.md"

KEY = pytest.StashKey[Trials]()


@pytest.fixture(scope="session")
def contrib() -> Iterator[PostgresServer | None]:
    """
    Give a server with all that comes with PostgreSQL; None where there is none.
    """
    with contrib_server() as server:
        yield server


@pytest.fixture(scope="session")
def trials(pytestconfig: pytest.Config) -> Trials:
    """
    Give the notes of the whole test run.
    """
    return pytestconfig.stash.setdefault(KEY, Trials())


def pytest_sessionfinish(session: pytest.Session) -> None:
    """
    Hand the notes over where this is one of several processes of a test run.
    """
    trials = session.config.stash.get(KEY, None)
    output = getattr(session.config, "workeroutput", None)
    if trials is not None and output is not None:
        output["corpora"] = trials.plain()


@pytest.hookimpl(optionalhook=True)
def pytest_testnodedown(node: Any, error: object) -> None:
    """
    Take over what such a process has noted.
    """
    del error
    trials = node.config.stash.setdefault(KEY, Trials())
    trials.add_plain(getattr(node, "workeroutput", {}).get("corpora", ()))


def pytest_terminal_summary(
    terminalreporter: pytest.TerminalReporter, exitstatus: int, config: pytest.Config
) -> None:
    """
    Print the table, and write the page if somebody asked for it.
    """
    trials = config.stash.get(KEY, None)
    if trials is None or not trials.made:
        return
    terminalreporter.section("real folders")
    terminalreporter.write(trials.table())
    if os.environ.get("ST44_WRITE_CORPORA"):
        if exitstatus:
            raise pytest.UsageError("nothing is written: the tests have to pass")
        PAGE.write_text(HEAD + trials.table(), "utf-8")
