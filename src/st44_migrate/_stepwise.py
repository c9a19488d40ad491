"""
A file that commits unit by unit, and goes on where it stopped.

A unit that can be in a transaction commits together with its progress.  One that
cannot is sent alone, between a note "sent" and a note "done"; if the second is
missing, the unit is in doubt, and the database is looked at for evidence.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from functools import partial

from ._sending import Failed, ask, culprit, quietly, send, tell_applied, undo
from ._watch import watched
from ._world import World
from .batch import Envelope
from .errors import DriverError, SourceError
from .events import NoticeReceived, StatementStarted
from .items import Batch, Item, Role
from .model import History, JournalEntry, Migration, Pending, Statement, Version
from .sqltext import units_checksum

__all__ = ["resolve_doubts", "unit_by_unit"]

_SETTING = re.compile(
    r"(?:set|reset)\s+(?!local\b|transaction\b|constraints\b)|select\s+(?:pg_catalog\.)?set_config\b"
    r"|use\s",
    re.IGNORECASE,
)


async def unit_by_unit(world: World, envelope: Envelope, pending: Pending) -> None:
    """
    Run the units that are still to run, then record the file.

    Raises:
        Failed: *committed* says how many units are done.
    """
    script, done = pending.script, pending.resume_at
    position = sum(len(unit) for unit in script.units[:done])
    total = len(script.statements)
    batch: Batch = ()
    try:
        for setting in _settings(script.units[:done]):
            await _send(world, (Item(Role.BODY, setting.text, setting),))
        for index in range(done, len(script.units)):
            for number, statement in enumerate(script.units[index], position + 1):
                world.emit(StatementStarted(pending.migration, statement, number, total))
            answers = await _unit(world, envelope, pending, index)
            tell_applied(world, pending, answers, position)
            position += len(script.units[index])
            done = index + 1
        batch = envelope.closing(pending)
        await send(world, batch)
    except Failed as failure:
        if not failure.error.lost:
            await world.shield(partial(undo, world, envelope, pending))
        failure.committed = done
        raise
    except DriverError as error:
        item = culprit(batch, error)
        if not error.lost:
            await world.shield(partial(undo, world, envelope, pending, item))
        raise Failed(item, error, committed=done) from error
    except BaseException:
        await world.shield(partial(undo, world, envelope, pending))
        raise


def _settings(units: Sequence[tuple[Statement, ...]]) -> Iterator[Statement]:
    """
    Yield what the units that are done have set for the session of their time:
    the ones to come may rely on it.
    """
    return (s for unit in units for s in unit if _SETTING.match(s.text))


async def _unit(
    world: World, envelope: Envelope, pending: Pending, index: int
) -> list[tuple[Item, str]]:
    if index in pending.script.autonomous:
        return await _alone(world, envelope, pending, index)
    batch = envelope.together(pending, index)
    answers = zip(batch, await _send(world, batch), strict=True)
    return [(item, tag) for item, tag in answers if item.role is Role.BODY]


async def _alone(
    world: World, envelope: Envelope, pending: Pending, index: int
) -> list[tuple[Item, str]]:
    batch = envelope.alone(pending, index)
    (item,) = batch
    await _discard_leftovers(world, pending.migration, item)
    await _send(world, envelope.announce(pending, index))
    sending = partial(_send, world, batch)
    try:
        tags = await watched(world, envelope, pending, index, sending)
    except Failed as failure:
        # The server said no: there is no doubt any more.
        if not failure.error.lost:
            noted = [note.sql for note in envelope.confirm(pending, index)]
            await world.shield(partial(quietly, world, noted))
            await world.shield(partial(_discard_leftovers, world, pending.migration, item))
        raise
    for name in await ask(world, world.dialect.unfinished(item.sql)):
        error = DriverError(f"{name} was built, and is INVALID")
        raise Failed(item, error)
    await _send(world, envelope.confirm(pending, index + 1))
    return list(zip(batch, tags, strict=True))


async def _discard_leftovers(world: World, migration: Migration, item: Item) -> None:
    """
    Remove what an earlier attempt at this statement left half-done.

    ``IF NOT EXISTS`` would take an INVALID index for the one that is wanted.
    """
    for name in await ask(world, world.dialect.unfinished(item.sql)):
        message = f"{name} was left INVALID by an attempt that did not finish: dropping it"
        world.emit(NoticeReceived(migration, "INFO", message))
        await quietly(world, [world.dialect.discard(name)])


async def _send(world: World, batch: Batch) -> tuple[str, ...]:
    try:
        return tuple(await send(world, batch))
    except DriverError as error:
        raise Failed(culprit(batch, error), error) from error


# --- doubts -------------------------------------------------------------------


async def resolve_doubts(
    world: World, envelope: Envelope, migrations: Mapping[Version, Migration], history: History
) -> bool:
    """
    Look for evidence of each unit that was sent and whose end nobody saw.

    Called under the lock: whoever sent it is gone.

    Returns:
        Whether anything was settled, so that the history is to be read again.
    """
    settled = False
    for left in history.leftovers:
        migration = migrations.get(left.version)
        if left.in_doubt and migration is not None and not envelope.pooled:
            settled |= await _resolve(world, envelope, migration, left)
    return settled


async def _resolve(
    world: World, envelope: Envelope, migration: Migration, left: JournalEntry
) -> bool:
    done = left.done or 0
    try:
        script = world.read(migration)
    except SourceError:
        return False
    if script.transactional or done >= len(script.units) or script.checksum != left.checksum:
        return False
    if done and units_checksum(script.units[:done]) != left.done_checksum:
        return False
    evidence = world.dialect.evidence(script.units[done][0].text)
    if evidence is None:
        return False
    try:
        took_effect = bool((await world.conn.fetch(evidence))[0][0])
        await send(world, envelope.confirm(Pending(migration, script), done + took_effect))
    except DriverError:
        return False
    verdict = "it took effect" if took_effect else "it did not take effect, or can be repeated"
    message = f"statement {done + 1} of {len(script.units)} was in doubt: {verdict}"
    world.emit(NoticeReceived(migration, "INFO", message))
    return True
