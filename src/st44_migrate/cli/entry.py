"""
One run of the command: what can go wrong, in words, and the exit code.

    0  done                        4  folder and ledger disagree
    1  a migration failed          5  another runner holds the lock
    2  usage, settings, folder     6  the database is not reachable
    3  check: something pending    7  lint, check --strict: a rule is broken
    130, 143  Ctrl-C, SIGTERM
"""

from __future__ import annotations

import os
import sys
import traceback
from collections.abc import Sequence

import click

from ..errors import MigrateError
from .app import app
from .output import Output
from .signals import Terminated, terminable

__all__ = ["run"]

PROGRAM = "st44-migrate"
COMPLETION = "_ST44_MIGRATE_COMPLETE"


def run(args: Sequence[str]) -> int:
    """
    Run one command, print what it has to say, and return the exit code.
    """
    if COMPLETION in os.environ:
        app.main(args=list(args), prog_name=PROGRAM)
    # Known before the arguments are parsed: an error in them is a document too.
    output = Output(as_json="--json" in args)
    try:
        with terminable() as arrived:
            code = _invoke(args, output, arrived)
        sys.stdout.flush()
    except BrokenPipeError:
        # The reader has seen enough.  Python would complain at exit.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 141
    return code


def _invoke(args: Sequence[str], output: Output, arrived: Sequence[int]) -> int:
    try:
        with app.make_context(PROGRAM, list(args), obj=output) as context:
            app.invoke(context)
    except click.exceptions.Exit as left:
        return left.exit_code
    except click.ClickException as error:
        _complain(error, output)
        return error.exit_code
    except MigrateError as error:
        output.fail(error)
        return error.exit_code
    except KeyboardInterrupt as interrupt:
        ended = isinstance(interrupt, Terminated) or bool(arrived)
        cause, code = ("SIGTERM", 143) if ended else ("Ctrl-C", 130)
        state = output.trace.state() if output.trace else "nothing was run"
        output.fail_plainly("interrupted", f"interrupted by {cause}: {state}")
        return code
    except BrokenPipeError:
        raise
    except Exception as error:  # noqa: BLE001  the last one to know: nothing may pass for success
        traceback.print_exc()
        output.fail_plainly("internal", f"{type(error).__name__}: {error}")
        return 1
    return 0


def _complain(error: click.ClickException, output: Output) -> None:
    """
    Say what is wrong with the command line, and where to read on.
    """
    more = ""
    context = error.ctx if isinstance(error, click.UsageError) else None
    if context is not None and context.command is app:
        more = app.get_help(context)
        if isinstance(error, click.NoSuchOption) and _is_for_commands(error.option_name):
            more = f"It comes after the command: {PROGRAM} up {error.option_name} ..."
    elif context is not None:
        more = f"{context.get_usage()}\nSee: {context.command_path} --help"
    output.fail_plainly("usage", error.format_message(), more)


def _is_for_commands(option: str) -> bool:
    with click.Context(app) as context:
        command = app.get_command(context, "up")
    return command is not None and any(option in param.opts for param in command.params)
