"""
From what was asked for to a `Migrator`, and back: errors learn where values came from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from .. import Migrator, Settings
from ..errors import ConfigError, DatabaseUnavailable, MigrateError, SourceError
from ..events import Event, RunFailed, RunFinished
from ..observe import tee
from ..observe.lines import write_line
from ..observe.wording import tell
from ..protocols import Observer
from .config import ARGUMENT, OPTION, Chosen, choose_database, choose_folder, choose_ledger
from .options import Choices
from .output import Output
from .project import read_project
from .trace import Trace

__all__ = ["choose", "migrator", "observing", "origins"]


@contextmanager
def migrator(choices: Choices, folder: str | None, output: Output) -> Generator[Migrator]:
    """
    Give a `Migrator` on the chosen database and folder.

    Raises:
        ConfigError: No database is named, or something is named that cannot be.
    """
    database, chosen, settings = choose(choices, folder)
    with observing(output) as (observer, trace), origins(database, chosen):
        with origins(database, chosen, making=True):
            runner = Migrator(database.value, chosen.value, settings=settings, observer=observer)
        try:
            yield runner
        except MigrateError as error:
            # A folder that cannot be read fails before the run begins to tell.
            observer(RunFailed(error, trace.report))
            raise


def choose(choices: Choices, folder: str | None) -> tuple[Chosen, Chosen, Settings]:
    """
    Find the database, the folder, and how to treat them.

    Raises:
        ConfigError: No database is named, or something is named that cannot be.
    """
    project = read_project(Path.cwd())
    database = choose_database(choices.url, os.environ)
    chosen = choose_folder(folder, os.environ, project)
    settings = Settings(
        ledger=choose_ledger(choices.ledger, project),
        wait=choices.wait,
        lock_wait=choices.lock_wait,
        lock_timeout=choices.lock_timeout,
        allow_late=choices.allow_late,
    )
    return database, chosen, settings


@contextmanager
def origins(database: Chosen, folder: Chosen, *, making: bool = False) -> Generator[None]:
    """
    Let errors tell who named the database or the folder that is wrong.

    *making*: only what the settings say has been looked at so far.
    """
    try:
        yield
    except MigrateError as error:
        if isinstance(error, ConfigError if making else DatabaseUnavailable):
            _add_origin(error, "database", database)
        if isinstance(error, SourceError) and not Path(folder.value).is_dir():
            _add_origin(error, f"folder {folder.value!r}", folder)
        raise


def _add_origin(error: MigrateError, what: str, chosen: Chosen) -> None:
    """
    Say who named what is wrong, unless the command line did.
    """
    if chosen.origin not in {OPTION, ARGUMENT}:
        error.add_note(f"The {what} is named by {chosen.origin}.")


@contextmanager
def observing(output: Output) -> Generator[tuple[Observer, Trace]]:
    """
    Show the progress on stderr, as it suits who reads it: GitHub, a terminal, a log.
    """
    with ExitStack() as stack:
        output.trace = trace = Trace()
        shown = _display(output, stack)
        yield (tee(trace, shown) if shown else trace), trace


def _display(output: Output, stack: ExitStack) -> Observer | None:
    if output.quiet:
        return None
    if os.environ.get("GITHUB_ACTIONS") == "true":
        from ..observe.github import GitHubObserver

        return GitHubObserver(sys.stderr)
    if output.verbose:
        return _tell_all
    from ..observe.progress import ProgressObserver

    return stack.enter_context(ProgressObserver(sys.stderr))


def _tell_all(event: Event) -> None:
    # How it ended is the command's to say.
    if not isinstance(event, (RunFailed, RunFinished)):
        write_line(sys.stderr, tell(event))
