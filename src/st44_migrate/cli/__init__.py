"""
The command ``st44-migrate``.

    entry    one run of the command: errors, signals, exit codes
    app      the group of commands;  run, look, lint, settle, new, demo: the commands
    options  what can be said on the command line
    config   which database, folder and ledger is meant (pure);  project: pyproject.toml
    survey   a folder read for lint;  strict: the same for ``check --strict``
    session  from choices to a `Migrator`
    output   one document or text on stdout, everything else on stderr
    trace    what a run was doing when it was interrupted

The package works without click; the command is what needs it.
"""

from __future__ import annotations

import sys
from collections.abc import Generator, Sequence
from contextlib import contextmanager

__all__ = ["main"]


def main(argv: Sequence[str] | None = None) -> int:
    """
    Run the command and return its exit code.

    Args:
        argv: The arguments, those of the process if None.
    """
    args = sys.argv[1:] if argv is None else list(argv)
    with _few_collections():
        try:
            from .entry import run
        except ModuleNotFoundError as error:
            if error.name != "click":
                raise
            return _without_click(as_json="--json" in args)
        return run(args)


@contextmanager
def _few_collections() -> Generator[None]:
    """
    Look for garbage rarely: modules and migrations, which are most of what a command
    makes, stay to its end, and to look through them takes a tenth of a short run.
    """
    import atexit
    import gc

    # Nor is there anything to be found when all is over.
    atexit.unregister(gc.freeze)
    atexit.register(gc.freeze)
    before = gc.get_threshold()
    gc.set_threshold(100_000, *before[1:])
    try:
        yield
    finally:
        gc.set_threshold(*before)


def _without_click(*, as_json: bool) -> int:
    message = "the command needs click, which is not installed"
    sys.stderr.write(f"error: {message}\nInstall it: pip install 'st44-migrate[cli]'\n")
    if as_json:
        import json

        from ..render.documents import plain_error

        sys.stdout.write(json.dumps({"error": plain_error("config", message)}, indent=2) + "\n")
    return 2
