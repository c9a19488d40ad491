"""
What became of the files that were on their way when a session was lost.
"""

from __future__ import annotations

from ._failures import failed
from ._progress import Lost, Progress
from ._world import World
from .events import MigrationFailed, MigrationSkipped
from .model import LedgerEntry

__all__ = ["find_lost"]


def find_lost(world: World, progress: Progress) -> None:
    """
    Look up each file of the message that was lost, as the plan has it now.

    They ran in order, and each commits by itself: the recorded ones are applied;
    the first that is not recorded is the one where it ended.

    Raises:
        ApplyError: there is such a one.
    """
    if progress.lost is None:
        return
    lost, progress.lost = progress.lost, None
    for number, pending in enumerate(lost.files):
        if number:
            progress.start(world, pending)
        entry = progress.entry(pending.migration)
        if entry is None:
            error = failed(pending, lost.failure, progress.report(world.now), looked=True)
            world.emit(MigrationFailed(pending.migration, error))
            raise error from lost.failure.error
        if _is_of(lost, entry):
            progress.found(world, pending, entry)
        else:
            world.emit(MigrationSkipped(pending.migration))
    world.current.migration = None


def _is_of(lost: Lost, entry: LedgerEntry) -> bool:
    kept, session = entry.journal, lost.session
    return kept is not None and (kept.backend_pid, kept.backend_start) == (
        session.pid,
        session.started,
    )
