"""
``health --watch``: a screen on a terminal; elsewhere a text whenever it changes.
"""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Callable
from contextlib import ExitStack

import click

from ..health import Checker, HealthReport, plain_text
from .output import Output
from .signals import Terminated

__all__ = ["watch"]


def watch(probe: Checker, output: Output, every: float) -> HealthReport:
    """
    Look every so many seconds and show it, until Ctrl-C; return the last report.
    """
    report = probe.check()
    with ExitStack() as stack:
        show = _display(output, stack)
        try:
            while True:
                show(report)
                time.sleep(every)
                report = probe.check()
        except Terminated:
            raise
        except KeyboardInterrupt:
            return report


def _display(output: Output, stack: ExitStack) -> Callable[[HealthReport], None]:
    if output.as_json:
        return _lines
    if sys.stdout.isatty() and os.environ.get("TERM") not in {"dumb", "unknown"}:
        from .screen import Screen

        return stack.enter_context(Screen(sys.stdout))
    return _Changes(output)


def _lines(report: HealthReport) -> None:
    """
    Print one document a line, for programs that read along.
    """
    import json

    click.echo(json.dumps(report.to_dict()))


class _Changes:
    """
    Prints a report that says something else than the one before.
    """

    def __init__(self, output: Output) -> None:
        self._output = output
        self._said: object = None

    def __call__(self, report: HealthReport) -> None:
        said = (report.status, report.relation, report.findings, report.pending)
        if said != self._said:
            self._said = said
            self._output.result({}, plain_text(report).rstrip("\n"))
