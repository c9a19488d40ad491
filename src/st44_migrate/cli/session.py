"""
From what was asked for to a `Migrator`, and back: errors learn where values came from.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from .. import Migrator, Settings
from ..errors import ConfigError, DatabaseUnavailable, MigrateError, SourceError
from ..events import Event, RunFailed, RunFinished
from ..observe import tee
from ..protocols import Observer
from ..source import Folder
from .config import Chosen, choose_database, choose_ledger
from .options import Choices, FolderChoices
from .output import Output
from .project import read_project
from .source import add_origin, chosen_source
from .trace import Trace

__all__ = ["Choice", "choose", "migrator", "observing"]


@contextmanager
def migrator(choices: Choices, folder: FolderChoices | None, output: Output) -> Generator[Migrator]:
    """
    Give a `Migrator` on the chosen database and folder.

    Raises:
        ConfigError: No database is named, or something is named that cannot be.
    """
    chosen = choose(choices, folder)
    with observing(output) as (observer, trace), chosen.origins():
        with chosen.origins(making=True):
            runner = Migrator(
                chosen.database.value,
                chosen.source,
                settings=chosen.settings,
                observer=observer,
            )
        try:
            yield runner
        except MigrateError as error:
            # A folder that cannot be read fails before the run begins to tell.
            observer(RunFailed(error, trace.report))
            raise


@dataclass(frozen=True, slots=True)
class Choice:
    """
    The database and the folder, who named them, and how to treat them.
    """

    database: Chosen
    folder: Chosen
    source: Folder
    settings: Settings

    @contextmanager
    def origins(self, *, making: bool = False) -> Generator[None]:
        """
        Let errors tell who named the database or the folder that is wrong.

        *making*: only what the settings say has been looked at so far.
        """
        try:
            yield
        except MigrateError as error:
            if isinstance(error, ConfigError if making else DatabaseUnavailable):
                add_origin(error, "database", self.database)
            if isinstance(error, SourceError) and not Path(self.folder.value).is_dir():
                add_origin(error, f"folder {self.folder.value!r}", self.folder)
            raise


def choose(choices: Choices, folder: FolderChoices | None) -> Choice:
    """
    Find the database, the folder, and how to treat them.

    Raises:
        ConfigError: No database is named, or something is named that cannot be.
    """
    project = read_project(Path.cwd())
    database = choose_database(choices.url, os.environ)
    chosen, source = chosen_source(folder or FolderChoices(), project)
    settings = Settings(
        ledger=choose_ledger(choices.ledger, project),
        wait=choices.wait,
        lock_wait=choices.lock_wait,
        lock_timeout=choices.lock_timeout,
        allow_late=choices.allow_late,
    )
    return Choice(database, chosen, source, settings)


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
    from ..observe.lines import write_line
    from ..observe.wording import tell

    # How it ended is the command's to say.
    if not isinstance(event, (RunFailed, RunFinished)):
        write_line(sys.stderr, tell(event))
