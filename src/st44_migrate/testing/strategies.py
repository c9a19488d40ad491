"""
Hypothesis strategies: folders, migrations, and what a database remembers of them.
"""

from __future__ import annotations

from collections.abc import Sequence

from hypothesis import strategies as st

from ..model import History, JournalEntry, JournalState, LedgerEntry, Migration
from ..source import Memory
from .samples import SampleFile, sample_file

__all__ = ["folders", "histories", "migrations", "sample_files"]

SOUND = ("tables", "defines", "index", "lenient", "database", "records")
"""Kinds of files that can be applied, whatever happens in between."""


def sample_files(
    versions: st.SearchStrategy[int], kinds: Sequence[str] = SOUND
) -> st.SearchStrategy[SampleFile]:
    """
    Give a file; see `sample_folder` for the *kinds*.
    """
    return st.builds(sample_file, versions, st.sampled_from(kinds))


def folders(
    *, min_size: int = 1, max_size: int = 4, kinds: Sequence[str] = SOUND
) -> st.SearchStrategy[tuple[SampleFile, ...]]:
    """
    Give a folder: files in order, with gaps between their numbers.
    """
    files = sample_files(st.integers(0, 99), kinds)
    several = st.lists(files, min_size=min_size, max_size=max_size, unique_by=lambda f: f.version)
    return several.map(lambda found: tuple(sorted(found, key=lambda file: file.version)))


def migrations(
    *, min_size: int = 1, max_size: int = 4, kinds: Sequence[str] = SOUND
) -> st.SearchStrategy[Sequence[Migration]]:
    """
    Give what a source loads from such a folder.
    """
    return folders(min_size=min_size, max_size=max_size, kinds=kinds).map(
        lambda files: Memory({file.name: file.text for file in files}).load()
    )


@st.composite
def histories(draw: st.DrawFn, files: Sequence[SampleFile]) -> History:
    """
    Give what a database may remember that *files* are to be applied to.

    The first ones are applied, by us or recorded elsewhere, in any spelling; the
    next one may have failed.
    """
    applied = draw(st.integers(0, len(files)))
    entries = tuple(draw(_entries(file)) for file in files[:applied])
    failed = files[applied : applied + draw(st.integers(0, 1))]
    leftovers = tuple(
        JournalEntry(file.version, JournalState.FAILED, total=1, done=0, error="it failed once")
        for file in failed
    )
    return History(entries, leftovers)


@st.composite
def _entries(draw: st.DrawFn, file: SampleFile) -> LedgerEntry:
    width = draw(st.integers(1, 5))
    journal = JournalEntry(file.version, JournalState.APPLIED)
    return LedgerEntry(
        file.version,
        str(file.version).zfill(width),
        "step",
        journal=draw(st.sampled_from([journal, None])),
    )
