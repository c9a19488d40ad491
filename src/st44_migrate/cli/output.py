"""
Where a command's words go: one result on stdout, everything else on stderr.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from dataclasses import dataclass
from io import TextIOWrapper
from typing import TYPE_CHECKING, TextIO

import click

if TYPE_CHECKING:
    from ..errors import MigrateError
    from ..render.documents import Document
    from .trace import Trace

__all__ = ["Output"]


def _alone(error: Document) -> Document:
    return {"error": error}


@dataclass(slots=True)
class Output:
    """
    How one run of the command speaks.

    Args:
        as_json: The result is a document, also when it is an error.

        quiet: No progress and no remarks.

        verbose: Every statement and every notice of the server.

        on_failure: Makes the document of a failure; a command whose document
            has more to say sets its own.

        trace: Knows what the run is doing, once there is one.
    """

    as_json: bool = False
    quiet: bool = False
    verbose: bool = False
    on_failure: Callable[[Document], Document] = _alone
    trace: Trace | None = None

    def result(self, document: Document, text: str) -> None:
        """
        Print the result of a command.  Called once, at its end.
        """
        if self.as_json:
            import json

            # ASCII: a document that any console and any locale can carry.
            text = json.dumps(document, indent=2)
        _write(text, sys.stdout)

    def remark(self, text: str) -> None:
        """
        Say something beside the result, unless asked to be quiet.
        """
        if not self.quiet:
            _write(text, sys.stderr)

    def answer(self, text: str) -> None:
        """
        Say on stderr what belongs to the result: why a check fails.
        """
        _write(text, sys.stderr)

    def fail(self, error: MigrateError) -> None:
        """
        Print an error of the library.
        """
        from ..render import error_document, render_error

        _write(render_error(error, _red), sys.stderr)
        self._fail_document(error_document(error))

    def fail_plainly(self, code: str, message: str, more: str = "") -> None:
        """
        Print an error of which the library knows nothing.
        """
        _write(f"{_red('error:')} {message}" + (f"\n{more}" if more else ""), sys.stderr)
        from ..render.documents import plain_error

        self._fail_document(plain_error(code, message))

    def _fail_document(self, error: Document) -> None:
        if self.as_json:
            self.result(self.on_failure(error), "")


def _write(text: str, stream: TextIO) -> None:
    _escape_what_it_lacks(stream)
    click.echo(text, file=stream, color=None if _may_colour() else False)


def _escape_what_it_lacks(stream: TextIO) -> None:
    """
    Let a letter that the console's encoding lacks be escaped: it must not hide the result.
    """
    if isinstance(stream, TextIOWrapper) and stream.errors == "strict":
        stream.reconfigure(errors="backslashreplace")


def _may_colour() -> bool:
    return not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def _red(text: str) -> str:
    return click.style(text, fg="red", bold=True)
