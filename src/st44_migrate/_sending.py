"""
Sending a batch, and leaving nothing behind when it fails.
"""

from __future__ import annotations

from collections.abc import Sequence

from ._world import World
from .batch import Envelope
from .errors import DriverError
from .events import StatementApplied
from .forms import Forms
from .items import Batch, Item, Role
from .model import Pending

__all__ = [
    "Failed",
    "ask",
    "committed",
    "culprit",
    "forget",
    "quietly",
    "send",
    "tell_applied",
    "undo",
]


_ROLLBACKS = 5


class Failed(Exception):
    """
    A migration failed at *item*; *committed* units of it stay.

    The engine turns it into an `ApplyError`.
    """

    def __init__(
        self, item: Item | None, error: DriverError, *, committed: int = 0, detail: str = ""
    ) -> None:
        super().__init__(error.message)
        self.item = item
        self.error = error
        self.committed = committed
        self.detail = detail


async def send(world: World, batch: Batch) -> Sequence[str]:
    """
    Send *batch* in one go.

    Raises:
        DriverError: also if the server did not commit what it was told to.
    """
    tags = await world.conn.run([item.sql for item in batch])
    for index, item in enumerate(batch):
        broken = committed(tags[index]) if item.role is Role.COMMIT else None
        if broken is not None:
            broken.index = index
            raise broken
    return tags


def committed(tag: str) -> DriverError | None:
    """
    Look at the answer to COMMIT: it is ROLLBACK where there is nothing to commit.
    """
    if tag in {"COMMIT", ""}:
        return None
    return DriverError(f"the server answered COMMIT with {tag}: nothing was committed")


def culprit(batch: Batch, error: DriverError) -> Item | None:
    """
    Say which item of *batch* failed, if the driver knows.
    """
    if error.index is None or error.index >= len(batch):
        return None
    return batch[error.index]


def tell_applied(
    world: World, pending: Pending, answers: Sequence[tuple[Item, str]], before: int
) -> None:
    """
    Tell the observer of each statement that is committed now.
    """
    total = len(pending.script.statements)
    for number, (item, tag) in enumerate(answers, before + 1):
        if item.statement is not None:
            world.emit(StatementApplied(pending.migration, item.statement, number, total, tag))


async def undo(
    world: World,
    envelope: Envelope,
    pending: Pending,
    item: Item | None = None,
) -> None:
    """
    Leave no transaction and no setting behind, after *item* has failed.  A
    courtesy: the end of the connection does the same.
    """
    is_open = item is None or item.role is not Role.RESTORE
    # Again, if need be: in a transaction left open not even the lock can be given back.
    for _ in range(_ROLLBACKS if is_open else 0):
        if await quietly(world, ["ROLLBACK"]):
            break
    for left in envelope.restore(pending.script):
        await quietly(world, [left.sql])
    await forget(world, envelope.forms)


async def forget(world: World, forms: Forms) -> None:
    """
    Leave nothing prepared.
    """
    for sql in forms.forgetting():
        await quietly(world, [sql])
        forms.heard(sql)


async def quietly(world: World, statements: Sequence[str]) -> bool:
    """
    Run *statements* as far as they go; what the server says of it is not news.

    Returns:
        Whether all of them were.
    """
    world.current.quiet = True
    try:
        await world.conn.run(statements)
    except DriverError:
        return False
    finally:
        world.current.quiet = False
    return True


async def ask(world: World, query: str | None) -> tuple[str, ...]:
    """
    Ask for texts that help to explain something; no answer where there is none.
    """
    if query is None:
        return ()
    try:
        return tuple(str(row[0]) for row in await world.conn.fetch(query))
    except DriverError:
        return ()
