"""
Several files in one message: each in a transaction of its own, or all in one.  Pure.

::

    prepare ... | file 1: begin | claim | ... | commit | restore | file 2: ...

    begin | file 1: claim | ... | record | file 2: claim | ... | record | commit

Nothing in it waits for an answer: a failure stops all that follows, so what was
committed before it stays, and the rest was not begun.  How many answers there are
says how far it came.  See `Company` for which databases take which.

Only the last commit of a message waits for the disk, and all that stands before it
is written with it: what a server writes it writes in order.

What we say ourselves is the same for each file, but for its values, and to read
and plan it takes a server longer than to do it.  So the first message of many
files says it once, and from then on the values do; see `Forms`.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import accumulate, chain, groupby
from typing import NamedTuple

from .batch import Envelope
from .dialects import Company, Dialect, Phrase
from .forms import Forms
from .items import Batch, Brief, Item, Role, first, ours
from .model import Pending

__all__ = ["Message", "compose"]

_WORTH_IT = 8
"""How often a form has to occur: the server plans it anew the first five times."""

_UNPREPARES = ("prepare", "deallocate", "discard")
"""Words of files that may do away with what was prepared, or bear its name."""


class Message(NamedTuple):
    """
    What goes out in one go.

    Args:
        files: In the order in which they run.

        batches: What is sent for each of them.
    """

    files: tuple[Pending, ...]
    batches: tuple[Batch, ...]

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
    batches = _written(envelope, files, lock_timeout)
    if envelope.dialect.company is Company.TRANSACTION:
        return Message(tuple(files), tuple(_sharing(batches)))
    texts = [pending.script.text.lower() for pending in files]
    if not any("synchronous_commit" in text for text in texts):
        # Else the last one might not wait for the disk either.
        batches[:-1] = [_unhurried(batch, envelope.dialect) for batch in batches[:-1]]
    before: Sequence[str] = ()
    if any(word in text for text in texts for word in _UNPREPARES):
        before = envelope.forms.forgetting()
    elif len(files) >= _WORTH_IT:
        before, batches = _prepared(batches, envelope.forms)
    batches[0] = type(batches[0])((*ours(Role.FORM, before), *batches[0]))
    return Message(tuple(files), tuple(batches))


def _written(envelope: Envelope, files: Sequence[Pending], lock_timeout: float) -> list[Batch]:
    """
    Write each file; alone, it is put in all the words that there are.
    """
    if len(files) == 1:
        return [envelope.whole(files[0], lock_timeout)]
    batches = [envelope.in_company(pending, lock_timeout) for pending in files]
    return list(_vouched(envelope, files, batches))


def _vouched(
    envelope: Envelope, files: Sequence[Pending], batches: Sequence[Batch]
) -> Iterator[Batch]:
    """
    See to it, where a row of files that only define things begins, that nothing stands
    against any of them.  Between them only others can act, and their record of a
    version makes ours fail.
    """
    pairs = zip(files, batches, strict=True)
    for _, row in groupby(pairs, lambda pair: isinstance(pair[1], Brief)):
        (pending, batch), *others = row
        if isinstance(batch, Brief):
            batch = envelope.vouched([pending, *(other for other, _ in others)], batch)
        yield batch
        yield from (other for _, other in others)


def _unhurried(batch: Batch, dialect: Dialect) -> Batch:
    """
    Leave it to the message's last commit to wait for the disk.
    """
    at = first(batch, Role.CLAIM)
    added = ours(Role.BEGIN, dialect.unhurried())
    return type(batch)((*batch[:at], *added, *batch[at:]))


def _sharing(batches: Sequence[Batch]) -> Iterator[Batch]:
    """
    Leave one transaction of many: the first begins it, and the last commits it.
    """
    for number, batch in enumerate(batches, 1):
        others = ((Role.BEGIN, number > 1), (Role.COMMIT, number < len(batches)))
        left_out = {role for role, is_anothers in others if is_anothers}
        yield tuple(item for item in batch if item.role not in left_out)


def _prepared(batches: Sequence[Batch], forms: Forms) -> tuple[list[str], list[Batch]]:
    """
    Say by their values what occurs often; what has to be told before comes first.
    """
    phrases = [item.sql for batch in batches for item in batch if isinstance(item.sql, Phrase)]
    counts = Counter(phrase.form for phrase in phrases)
    often = {form for form, count in counts.items() if count >= _WORTH_IT}
    samples = {phrase.form: phrase for phrase in phrases if phrase.form in often}
    telling = [forms.telling(samples[f]) for f in samples if forms.name(f) not in forms.told]
    return telling, [type(b)(_said(item, often, forms) for item in b) for b in batches]


def _said(item: Item, often: set[str], forms: Forms) -> Item:
    phrase = item.sql
    if not isinstance(phrase, Phrase) or phrase.form not in often:
        return item
    return Item(item.role, forms.saying(phrase))
