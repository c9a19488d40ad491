"""
The group of commands, each loaded when it is called: ``--version`` needs no driver.
"""

from __future__ import annotations

from importlib import import_module

import click

from .. import __version__
from .output import Output

__all__ = ["app"]

# In the order in which people meet them.
_HOME = {
    "up": "run",
    "status": "look",
    "plan": "look",
    "check": "look",
    "show": "look",
    "health": "health",
    "lint": "lint",
    "new": "new",
    "detect": "detect",
    "squash": "squash",
    "wait": "run",
    "adopt": "adopt",
    "baseline": "settle",
    "mark": "settle",
    "repair": "settle",
    "demo": "demo",
}
_ALIASES = {"migrate": "up"}


class _Commands(click.Group):
    """
    Knows the commands by name, and loads one when it is asked for.
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return list(_HOME)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        name = _ALIASES.get(cmd_name, cmd_name)
        if name not in _HOME:
            return None
        command: click.Command = getattr(import_module(f".{_HOME[name]}", __package__), name)
        return command


def _print_version(context: click.Context, _option: click.Parameter, asked: bool) -> None:
    if asked and not context.resilient_parsing:
        output = context.ensure_object(Output)
        output.result({"version": __version__}, f"st44-migrate {__version__}")
        context.exit()


# Without a command it fails: "st44-migrate $COMMAND" in a deploy must not pass for done.
@click.group(
    cls=_Commands, no_args_is_help=False, context_settings={"help_option_names": ["-h", "--help"]}
)
@click.option(
    "--version",
    is_flag=True,
    is_eager=True,
    expose_value=False,
    callback=_print_version,
    help="Print the version.",
)
@click.option("--json", is_flag=True, hidden=True, expose_value=False)
def app() -> None:
    """
    Bring a database's schema to what the code expects, from a folder of SQL files.

    The database is named by --url, ST44_DATABASE_URL, DATABASE_URL, or DB_HOST,
    DB_PORT, DB_NAME, DB_USER, DB_PASSWORD; the folder by the argument FOLDER,
    ST44_MIGRATIONS, [tool.st44-migrate] in pyproject.toml, or it is "migrations".
    A folder of another tool is read as it is, with --layout.
    """
