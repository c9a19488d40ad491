"""
What a folder says: files, and the SQL in them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import chain

from .notation import Header, Notation
from .version import Version

__all__ = [
    "Migration",
    "Origin",
    "Place",
    "Script",
    "Statement",
]


@dataclass(frozen=True, slots=True)
class Place:
    """
    A character of a file: *line* and *column* count from 1, in characters.
    """

    path: str
    line: int
    column: int

    def __str__(self) -> str:
        return f"{self.path}:{self.line}:{self.column}"


_SILENT = Header()


@dataclass(frozen=True, slots=True)
class Migration:
    """
    One file of SQL as a source found it: not decoded, not lexed.

    Args:
        version: What identifies and orders it: the digits before the first
            ``_``, as an integer, where its layout has no other rule.

        label: The version as written, ``"040"``.

        name: The rest of the file's name without ``.sql``.

        path: Where it came from, for people: never opened again.

        content: The bytes, as they are.

        raw_checksum: SHA-256 of *content* and of all else that is read with it,
            in hex.  While the journal holds the same one, nobody needs to look
            inside.

        repeatable: It has no place among the versions: it runs after them,
            again whenever it has changed.

        baseline: It stands for every file up to its version, and runs instead of
            them where nothing is applied yet.

        rank: Its place in the folder, where the order is not that of the
            versions; else 0.

        key: What the layout's own tool calls it in its ledger, where that is
            not the label.

        notation: How its layout's tool reads it; None: as SQL, all of it.

        values: What placeholders stand for.

        header: What the layout knows of it from elsewhere than its text.
    """

    version: Version
    label: str
    name: str
    path: str
    content: bytes = field(repr=False)
    raw_checksum: str = field(repr=False)
    repeatable: bool = False
    baseline: bool = False
    rank: int = 0
    key: str = ""
    notation: Notation | None = field(default=None, repr=False, compare=False)
    values: tuple[tuple[str, str], ...] = field(default=(), repr=False)
    header: Header = _SILENT


@dataclass(frozen=True, slots=True)
class Statement:
    """
    One SQL statement, without its semicolon and the comments around it.

    Args:
        text: The statement, from its first to its last character.

        offset: Where it starts in `Script.text`, in characters from 0.

        line: Its first line in the file, from 1.

        column: Its first column in that line, from 1.
    """

    text: str
    offset: int
    line: int
    column: int


@dataclass(frozen=True, slots=True)
class Origin:
    """
    The file that a text was taken from, where it is only a part of it.

    Args:
        text: All of the file.

        pieces: For each piece of the text, in order: where it begins there, where
            it begins in the file, and whether it is the same in both.  What is
            not the same stands for a placeholder in the file.
    """

    text: str = field(repr=False)
    pieces: tuple[tuple[int, int, bool], ...]


@dataclass(frozen=True, slots=True)
class Script:
    """
    The content of a migration, read: what runs, how, and its checksum.

    Args:
        text: The file decoded, without a byte order mark, lines ended by LF;
            only what is read of it, placeholders filled in.

        units: What is executed, in order.  A transactional script is one unit;
            any other has one unit for each statement that commits by itself, and
            one for each ``BEGIN ... COMMIT`` of the file.  The transaction
            control itself is never part of a unit.

        transactional: Whether the whole file runs in one transaction.

        begin: The options of the file's own ``BEGIN``, or of a leading
            ``SET TRANSACTION``, to be used on ours: ``"ISOLATION LEVEL
            SERIALIZABLE"`` or ``""``.

        prologue: Settings that only work outside the transaction and stand
            before it (SQLite's PRAGMAs).

        epilogue: The same, after it.

        autonomous: Indices of the units that cannot run in a transaction, each
            a single statement.  Empty for a transactional script.

        checksum: SHA-256 over the statements, in hex; see `sqltext.checksum`.

        late: The header ``-- st44: late`` is there: the file may be applied
            below the highest applied version.

        records: The versions, as written, that the file itself inserts into a
            table of the ledger's name.

        phase: What the header ``-- st44: phase contract`` says, ``"expand"`` or
            ``"contract"``; ``""`` without one.  A run treats all the same.

        origin: The whole file, where *text* is only a part of it.
    """

    text: str = field(repr=False)
    units: tuple[tuple[Statement, ...], ...]
    transactional: bool
    checksum: str
    begin: str = ""
    prologue: tuple[Statement, ...] = ()
    epilogue: tuple[Statement, ...] = ()
    autonomous: frozenset[int] = frozenset()
    late: bool = False
    records: tuple[str, ...] = ()
    origin: Origin | None = field(default=None, repr=False)
    phase: str = ""

    @property
    def statements(self) -> tuple[Statement, ...]:
        """
        The statements of all units, in order.
        """
        return tuple(chain.from_iterable(self.units))
