"""
What must be true of a memory database, in sentences, whatever happened to it.

The judge is the database's log of effects.  Nothing here asks the engine, the
plan or the lexer, so that none of them can agree with itself.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise

from .memory import MemoryDatabase
from .memory_store import Record
from .samples import SampleFile

__all__ = ["contradictions"]


def contradictions(
    database: MemoryDatabase, files: Sequence[SampleFile], *, ledger: str = "schema_migrations"
) -> Iterator[str]:
    """
    Say what is wrong with what is committed: true at every moment of any run.

    Each file took effect once or not at all, or up to a statement of it if it
    cannot be in one transaction; ledger and journal say just that.
    """
    counts = Counter(database.effects)
    recorded = {str(int(label)) for label in database.rows(ledger)}
    journal = database.rows(f"{ledger}_journal")
    for file in files:
        times = [counts[text] for text in file.effects]
        row = journal.get(file.key)
        is_recorded = file.key in recorded
        if file.repeatable:
            row = row if row is not None and row.get("raw_checksum") == file.digest else None
            is_recorded = row is not None and row["state"] == "applied"
        for sentence in (
            *_of_effects(file, times),
            *_of_the_ledger(file, times, row, is_recorded=is_recorded),
            *_of_the_journal(file, times, row, is_recorded=is_recorded),
        ):
            yield f"{file.name} {sentence}"
    yield from _out_of_order(database, files)


def _of_effects(file: SampleFile, times: Sequence[int]) -> Iterator[str]:
    if max(times) > 1:
        yield f"took effect more than once: {list(times)}"
    if file.transactional and len(set(times)) > 1:
        yield f"took effect in part: {list(times)}"
    if any(earlier < later for earlier, later in pairwise(times)):
        yield f"took effect with a gap: {list(times)}"


def _of_the_ledger(
    file: SampleFile, times: Sequence[int], row: Record | None, *, is_recorded: bool
) -> Iterator[str]:
    if is_recorded and not all(times):
        yield f"is recorded, but took effect like this: {list(times)}"
    if not is_recorded and all(times) and (file.transactional or row is None):
        yield "took effect, and is not recorded"


def _of_the_journal(
    file: SampleFile, times: Sequence[int], row: Record | None, *, is_recorded: bool
) -> Iterator[str]:
    if row is None:
        if any(times) and not is_recorded:
            yield "took effect, and the journal has nothing of it"
        return
    if (row["state"] == "applied") != is_recorded:
        yield f"is {row['state']} for the journal, but recorded is {is_recorded}"
    if file.transactional:
        if row.get("in_doubt"):
            yield "is in doubt, though all of it commits together"
        return
    if is_recorded and row.get("done") is None:
        # Somebody else has said so: by hand, or in an earlier history.
        return
    done, happened = int(row.get("done") or 0), sum(times)
    if happened not in ((done, done + 1) if row.get("in_doubt") else (done,)):
        yield f"has {happened} effect(s), and the journal says {done} (in doubt: {row['in_doubt']})"


def _out_of_order(database: MemoryDatabase, files: Sequence[SampleFile]) -> Iterator[str]:
    owner = {text: file.version for file in files for text in file.statements}
    versions = [owner[text] for text in database.effects if text in owner]
    if versions != sorted(versions):
        yield f"the files took effect in the order {versions}"
