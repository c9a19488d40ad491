"""
What can be said after a command, the same everywhere.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, TypeAlias

import click

from ..model import Settings
from .output import Output

__all__ = [
    "Choices",
    "FolderChoices",
    "database_options",
    "folder_argument",
    "output_options",
    "reason_option",
]

Command: TypeAlias = Callable[..., Any]
_DEFAULT = Settings()


@dataclass(frozen=True, slots=True)
class Choices:
    """
    The database and how to treat it, as the command line has it; None: not said.
    """

    url: str | None
    ledger: str | None
    wait: float
    lock_wait: float
    lock_timeout: float
    allow_late: bool


@dataclass(frozen=True, slots=True)
class FolderChoices:
    """
    The folder and how to read it, as the command line has it; None: not said.
    """

    path: str | None = None
    layout: str | None = None
    values: Mapping[str, str] = field(default_factory=dict[str, str])


def output_options(function: Command) -> Command:
    """
    Add ``--json``, ``--verbose`` and ``--quiet``; hand over an `Output`.
    """

    @click.option("--json", "as_json", is_flag=True, help="One JSON document on stdout.")
    @click.option("-v", "--verbose", is_flag=True, help="Say more while it runs.")
    @click.option("-q", "--quiet", is_flag=True, help="Say nothing but the result and errors.")
    @functools.wraps(function)
    def command(*, as_json: bool, verbose: bool, quiet: bool, **rest: Any) -> None:
        output = click.get_current_context().ensure_object(Output)
        output.as_json = output.as_json or as_json
        output.verbose, output.quiet = verbose, quiet
        function(output, **rest)

    return command


def database_options(
    *, wait: float = 0, shows: Collection[str] = ()
) -> Callable[[Command], Command]:
    """
    Add the options about the database; hand over `Choices`.

    Every command takes all of them, so that scripts can share theirs.

    Args:
        wait: How long to wait for the database unless told otherwise, in seconds.

        shows: Those beside ``--url``, ``--ledger`` and ``--wait`` that mean
            something to the command, and are in its help.
    """

    def decorate(function: Command) -> Command:
        @click.option("--url", metavar="URL", help="The database; else from the environment.")
        @click.option("--ledger", metavar="[SCHEMA.]TABLE", help="Default: schema_migrations.")
        @_seconds("--wait", wait, "Wait for a database that is starting.")
        @_seconds("--lock-wait", _DEFAULT.lock_wait, "Wait for another runner to finish.", shows)
        @_seconds(
            "--lock-timeout",
            _DEFAULT.lock_timeout,
            "Give up and retry a file that waits this long for a lock; 0: never.",
            shows,
        )
        @click.option(
            "--allow-late",
            is_flag=True,
            hidden="--allow-late" not in shows,
            help="Accept files below the highest applied version.",
        )
        @functools.wraps(function)
        def command(
            *,
            url: str | None,
            ledger: str | None,
            wait: float,
            lock_wait: float,
            lock_timeout: float,
            allow_late: bool,
            **rest: Any,
        ) -> None:
            choices = Choices(url, ledger, wait, lock_wait, lock_timeout, allow_late)
            function(choices=choices, **rest)

        return command

    return decorate


def _seconds(
    name: str, default: float, text: str, shows: Collection[str] | None = None
) -> Callable[[Command], Command]:
    return click.option(
        name,
        type=float,
        metavar="SECONDS",
        default=default,
        callback=_positive,
        hidden=shows is not None and name not in shows,
        help=f"{text} Default: {default:g}.",
    )


def _positive(_context: click.Context, _option: click.Parameter, value: float) -> float:
    if not value >= 0:  # so that NaN is refused as well
        raise click.BadParameter(f"{value:g} is not a time to wait.")
    return value


def folder_argument(function: Command) -> Command:
    """
    Add ``[FOLDER]``, ``--layout`` and ``--set``; hand over `FolderChoices`.
    """

    @click.argument("folder", required=False, metavar="[FOLDER]")
    @click.option("--layout", metavar="NAME", help="Whose folder it is: goose, flyway, ...")
    @click.option(
        "--set",
        "values",
        metavar="NAME=VALUE",
        multiple=True,
        callback=_pairs,
        help="What a placeholder in the files stands for.",
    )
    @functools.wraps(function)
    def command(
        *, folder: str | None, layout: str | None, values: Mapping[str, str], **rest: Any
    ) -> None:
        function(folder=FolderChoices(folder, layout, values), **rest)

    return command


def _pairs(
    _context: click.Context, _option: click.Parameter, given: Sequence[str]
) -> Mapping[str, str]:
    pairs: dict[str, str] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not (equals and name):
            raise click.BadParameter(f"{text!r} is not NAME=VALUE.")
        pairs[name] = value
    return pairs


reason_option = click.option(
    "--reason", required=True, metavar="TEXT", help="Why; kept in the journal."
)
