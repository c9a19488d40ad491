"""
What a performance must come to, once everybody has ended.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections import Counter
from collections.abc import Iterator

from ..errors import ApplyError, MigrateError, PlanError
from ..model import Version, read_version
from .actors import Actor, Fault
from .memory_store import Record
from .oracle import contradictions
from .stage import Stage

__all__ = ["of_a_plain_run", "of_the_endings", "verdict"]

_DEADLY = frozenset({Fault.KILL, Fault.ABANDON})
_CUTTING = frozenset({Fault.CUT, Fault.LOSE})


def verdict(stage: Stage) -> list[str]:
    """
    Say what went wrong, in sentences; nothing, if nothing did.

    At the end, and once more after a plain run of another runner: it finishes
    what was left, unless a statement is in doubt, which it says.
    """
    return [
        *contradictions(stage.database, stage.rehearsal.files),
        *of_the_endings(stage),
        *_of_failures(stage),
        *of_a_plain_run(stage),
    ]


def of_the_endings(stage: Stage) -> Iterator[str]:
    """
    Say what runners left behind, and where they did not tell the truth.
    """
    yield from stage.database.held()
    for actor in stage.actors:
        for sentence in _of_the_ending(stage, actor):
            yield f"{actor.name} {sentence}"
    applied = Counter(version for actor in stage.actors for version in actor.reported())
    for version, times in applied.items():
        if times > 1:
            yield f"{times} runners say that they applied {version}"


def _of_the_ending(stage: Stage, actor: Actor) -> Iterator[str]:
    error = actor.stepper.error
    if actor.driver is None or not _DEADLY.isdisjoint(actor.suffered):
        return
    if not stage.rehearsal.borrowed and any(not s.ended for s in actor.driver.opened()):
        yield "has left its session open"
    if Fault.CANCEL in actor.suffered:
        if not isinstance(error, CancelledError):
            yield f"was cancelled, and ended with {error!r}"
    elif error is None:
        missing = actor.versions - _recorded(stage)
        if missing or actor.stepper.result().pending:
            yield f"reported success, and {sorted(map(str, missing))} is not recorded"
    elif not isinstance(error, MigrateError):
        yield f"raised {error!r}"
    untrue = set(actor.reported()) - _recorded(stage)
    if untrue:
        yield f"says that it applied {sorted(map(str, untrue))}, which is not recorded"
    if silent := _applied_by(stage, actor) - set(actor.reported()):
        yield f"says nothing of {sorted(map(str, silent))}, which it applied"


def _applied_by(stage: Stage, actor: Actor) -> set[Version | None]:
    """
    List what an actor has to give account of.

    Not of the file that its error is about; and of nothing where its error has no
    report, or where its caller's session is gone, so that it could not look.
    """
    error, driver = actor.stepper.error, actor.driver
    blind = stage.rehearsal.borrowed and not _CUTTING.isdisjoint(actor.suffered)
    if driver is None or blind or not isinstance(error, ApplyError | None):
        return set()
    pids = {session.pid for session in driver.opened()}
    rows = stage.database.rows("schema_migrations_journal").items()
    ours = {read_version(key) for key, row in rows if row.get("backend_pid") in pids}
    failed = {error.migration.version} if isinstance(error, ApplyError) else set[Version]()
    return (ours & _recorded(stage)) - failed


def _of_failures(stage: Stage) -> Iterator[str]:
    """
    A runner to which nothing happened has no reason to fail: not because of
    another runner, and not because of what happened to that one.
    """
    if _in_doubt(stage) or any(file.broken for file in stage.rehearsal.files):
        return
    for actor in stage.actors:
        if actor.stepper.error is not None and not actor.suffered:
            yield f"{actor.name} failed without a reason of its own: {actor.stepper.error!r}"


def _recorded(stage: Stage) -> set[Version | None]:
    journal = stage.database.rows("schema_migrations_journal")
    applied = [
        file.key
        for file in stage.rehearsal.files
        if file.repeatable and _is_applied(journal.get(file.key), file.digest)
    ]
    return {read_version(text) for text in (*stage.database.rows("schema_migrations"), *applied)}


def _is_applied(row: Record | None, digest: str) -> bool:
    return row is not None and (row["state"], row.get("raw_checksum")) == ("applied", digest)


def _in_doubt(stage: Stage) -> bool:
    rows = stage.database.rows("schema_migrations_journal").values()
    return any(row.get("in_doubt") for row in rows)


def of_a_plain_run(stage: Stage) -> Iterator[str]:
    """
    Run once more, alone, and say what is wrong then.
    """
    doubtful, suffered = _in_doubt(stage), any(actor.suffered for actor in stage.actors)
    if doubtful and not suffered:
        yield "a statement is in doubt, and nothing happened to anybody"
    stage.database.failing.clear()
    again = stage.rehearsal.runner("the plain run", stage.database)
    try:
        again.stepper.finish()
    except PlanError as error:
        if not doubtful or any(problem.code != "unfinished" for problem in error.problems):
            yield f"the plain run was refused: {error}"
    except MigrateError as error:
        if not any(file.broken for file in stage.rehearsal.files):
            yield f"the plain run failed: {error}"
    except RuntimeError as error:
        yield f"the plain run cannot go on: {error}"
    else:
        yield from _unfinished(stage)
    yield from (f"after the plain run, {sentence}" for sentence in stage.database.held())
    for sentence in contradictions(stage.database, stage.rehearsal.files):
        yield f"after the plain run, {sentence}"


def _unfinished(stage: Stage) -> Iterator[str]:
    counts = Counter(stage.database.effects)
    for file in stage.rehearsal.files:
        if any(counts[text] != 1 for text in file.effects):
            yield f"after the plain run, {file.name} is not there, or more than once"
