"""
A run from its start to its end, over as many sessions as it takes.
"""

from __future__ import annotations

from dataclasses import replace
from functools import partial

from . import _engine
from ._progress import Progress, SessionLost
from ._session import Setup, guarded, within_session
from .errors import ApplyError, ConfigError, DatabaseUnavailable, MigrateError
from .events import RunFailed, RunFinished
from .journal import Signature
from .model import Report
from .protocols import Source

__all__ = ["run"]

_RECONNECT_WAIT = 30.0
"""Seconds to wait for a server that has just ended our session: it may restart."""


async def run(setup: Setup, source: Source, signature: Signature) -> Report:
    """
    Apply what is pending, and tell the observer how it ended.

    Raises:
        MigrateError: see `Migrator.apply`.
    """
    emit = guarded(setup.observer)
    try:
        progress = Progress(source.load(), setup.now())
        report = await _sessions(setup, progress, signature)
    except MigrateError as error:
        emit(RunFailed(error, error.report if isinstance(error, ApplyError) else None))
        raise
    emit(RunFinished(report))
    return report


async def _sessions(setup: Setup, progress: Progress, signature: Signature) -> Report:
    while True:
        try:
            return await within_session(
                setup,
                partial(_engine.apply, progress=progress),
                signature=signature,
                readonly=False,
            )
        except SessionLost:
            wait = max(setup.settings.wait, _RECONNECT_WAIT)
            setup = setup._replace(settings=replace(setup.settings, wait=wait))
        except (ConfigError, DatabaseUnavailable) as error:
            if progress.lost is None or not progress.lost.files:
                raise
            from ._failures import unknown

            lost = progress.lost
            # What was heard of as committed had not waited for the disk.
            progress.applied = progress.applied[: lost.before]
            report = progress.report(setup.now)
            raise unknown(lost.message, lost.failure, report, error) from error
