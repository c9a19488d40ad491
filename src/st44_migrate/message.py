"""
Several files in one message, each in a transaction of its own.  Pure.

::

    prepare ... | file 1: begin | claim | ... | commit | restore | file 2: ... | deallocate

Nothing in it waits for an answer: a failure stops all that follows, so what was
committed before it stays, and the rest was not begun.  How many answers there are
says how far it came.

What we say ourselves is the same for each file, but for its values, and to read
and plan it takes a server longer than to do it.  So a message of many files says
it once, and then the values only.  It leaves none of that behind.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate, chain

from .batch import Batch, Envelope, Item, Role
from .dialects import Phrase
from .model import Pending

__all__ = ["Message", "compose"]

_WORTH_IT = 8
"""How often a form has to occur: the server plans it anew the first five times."""

_UNPREPARES = ("prepare", "deallocate", "discard")
"""Words of files that may do away with what was prepared, or bear its name."""


@dataclass(frozen=True, slots=True)
class Message:
    """
    What goes out in one go.

    Args:
        files: In the order in which they run.

        batches: What is sent for each of them.

        forgetting: What undoes the preparations of a message that was cut short.
    """

    files: tuple[Pending, ...]
    batches: tuple[Batch, ...]
    forgetting: Batch = ()

    @property
    def items(self) -> Batch:
        """
        All of it, in order.
        """
        return tuple(chain.from_iterable(self.batches))

    def file_of(self, index: int) -> int:
        """
        Say to which of the files the item with this *index* belongs.
        """
        ends = accumulate(map(len, self.batches))
        return next(number for number, end in enumerate(ends) if index < end)


def compose(envelope: Envelope, files: Sequence[Pending], lock_timeout: float) -> Message:
    """
    Write the message for *files*, all of them transactional.
    """
    batches = tuple(envelope.whole(pending, lock_timeout) for pending in files)
    texts = (pending.script.text.lower() for pending in files)
    if len(files) < _WORTH_IT or any(word in text for text in texts for word in _UNPREPARES):
        return Message(tuple(files), batches)
    return _prepared(files, batches)


def _prepared(files: Sequence[Pending], batches: Sequence[Batch]) -> Message:
    counts = Counter(i.sql.form for batch in batches for i in batch if isinstance(i.sql, Phrase))
    worth = (form for form, count in counts.items() if count >= _WORTH_IT)
    names = {form: f"st44_{number}" for number, form in enumerate(worth, 1)}
    told: dict[str, Item] = {}
    said = [tuple(_executing(item, names, told) for item in batch) for batch in batches]
    forgetting = tuple(Item(Role.RESTORE, f"DEALLOCATE {names[form]}") for form in told)
    said[0] = (*told.values(), *said[0])
    said[-1] = (*said[-1], *forgetting)
    return Message(tuple(files), tuple(said), forgetting)


def _executing(item: Item, names: dict[str, str], told: dict[str, Item]) -> Item:
    """
    Say *item* by its values only; note in *told* how its form is told before.
    """
    phrase = item.sql
    if not isinstance(phrase, Phrase) or phrase.form not in names:
        return item
    name = names[phrase.form]
    if phrase.form not in told:
        told[phrase.form] = Item(Role.FORM, f"PREPARE {name} AS {phrase.numbered}")
    return Item(item.role, f"EXECUTE {name}({', '.join(phrase.values)})")
