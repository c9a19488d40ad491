"""
Generated folders: what a run on them must leave can be told from the files alone.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from hypothesis import strategies as st

from st44_migrate import Memory

__all__ = ["File", "Story", "stories"]

BAD = (
    "SELECT nothing",
    "INSERT INTO nowhere VALUES (1)",
    "INSERT INTO {table} VALUES (0), (0)",
    "CREATE TABLE {table} (id integer)",
    "CREATE TABEL other (id integer)",
    "SELECT '%' || :name",
    "DROP TABLE {table}; SELECT nothing",
)


@dataclass(frozen=True)
class File:
    """
    A migration that creates a table of its own and puts *rows* into it; *bad*
    is a statement and where it stands.
    """

    label: str
    rows: int
    wrapped: bool
    bad: tuple[int, str] | None = None

    @property
    def version(self) -> int:
        return int(self.label)

    @property
    def table(self) -> str:
        return f"t{self.version}"

    @property
    def name(self) -> str:
        return f"{self.label}_make_{self.table}.sql"

    def text(self) -> str:
        statements = [
            f"CREATE TABLE {self.table} (id integer PRIMARY KEY)",
            *(f"INSERT INTO {self.table} VALUES ({n + 1})" for n in range(self.rows)),
        ]
        if self.bad is not None:
            at, bad = self.bad
            statements.insert(1 + at % len(statements), bad.format(table=self.table))
        if self.wrapped:
            statements = ["BEGIN", *statements, "COMMIT"]
        return ";\n".join(statements) + ";\n"


@dataclass(frozen=True)
class Story:
    """
    Files in order of their versions, and which of them were recorded by hand.
    """

    files: tuple[File, ...]
    by_hand: tuple[File, ...]

    def source(self, count: int | None = None) -> Memory:
        return Memory({file.name: file.text() for file in self.files[:count]})

    @property
    def pending(self) -> list[File]:
        return [file for file in self.files if file not in self.by_hand]

    @property
    def runnable(self) -> list[File]:
        """
        The pending files up to the one that fails.
        """
        bad = next((i for i, file in enumerate(self.pending) if file.bad), None)
        return self.pending[:bad]

    @property
    def is_late(self) -> bool:
        highest = max((file.version for file in self.by_hand), default=-1)
        return any(file.version < highest for file in self.pending)

    def mended(self) -> Story:
        files = tuple(replace(file, bad=None) for file in self.files)
        hand = {file.version for file in self.by_hand}
        return Story(files, tuple(file for file in files if file.version in hand))


@st.composite
def stories(draw: st.DrawFn, *, by_hand: bool = True) -> Story:
    """
    Draw one to six files, at most one of them bad, and some recorded by hand.
    """
    versions = draw(st.lists(st.integers(0, 60), min_size=1, max_size=6, unique=True))
    files = [
        File(
            str(version).zfill(draw(st.integers(1, 4))),
            draw(st.integers(0, 3)),
            draw(st.booleans()),
        )
        for version in sorted(versions)
    ]
    if draw(st.booleans()):
        at = draw(st.integers(0, len(files) - 1))
        bad = (draw(st.integers(0, 5)), draw(st.sampled_from(BAD)))
        files[at] = replace(files[at], bad=bad)
    recorded = draw(st.sets(st.sampled_from(files))) if by_hand else set()
    return Story(tuple(files), tuple(file for file in files if file in recorded))
