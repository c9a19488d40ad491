"""
What a session of a memory database can be told to do: one value for each kind.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TypeAlias

from .memory_store import Value

__all__ = [
    "Advisory",
    "Columns",
    "Control",
    "Count",
    "Create",
    "Effect",
    "Evidence",
    "Guard",
    "Insert",
    "Inspect",
    "Leftover",
    "Nothing",
    "Operation",
    "Pulse",
    "Read",
    "Update",
    "Vouch",
]

Columns: TypeAlias = tuple[tuple[str, Value], ...]


@dataclass(frozen=True, slots=True)
class Control:
    """
    ``BEGIN``, ``COMMIT`` or ``ROLLBACK``.
    """

    verb: str


@dataclass(frozen=True, slots=True)
class Effect:
    """
    A file's own statement.

    Args:
        alone: It cannot run in a transaction.

        unlocks: It gives away every advisory lock of its session, at once.

        index: What it builds, step by step, if it builds an index alone.

        lenient: It does nothing where the index is there, in whatever state.
    """

    text: str
    alone: bool = False
    unlocks: bool = False
    index: str | None = None
    lenient: bool = False


@dataclass(frozen=True, slots=True)
class Nothing:
    """
    A statement that changes nothing; *tag* is all that comes of it.
    """

    tag: str


@dataclass(frozen=True, slots=True)
class Create:
    """
    Create a table of ours.
    """

    table: str


@dataclass(frozen=True, slots=True)
class Insert:
    """
    Insert a row.

    Args:
        conflict: What to do where the key is taken: ``"update"``,
            ``"nothing"`` or ``"fail"``.

        spared: A row in this state is not updated.

        renews: It is, if its checksum is another one.

        absent: Insert only if no row has one of these keys.
    """

    table: str
    values: Columns
    conflict: str = "fail"
    spared: str | None = None
    renews: bool = False
    absent: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Update:
    """
    Change the row with this key, if there is one.

    *needs*: fail if the table *of* has a row with none of these keys.

    *returning*: the column whose new value is the answer, if one is asked for.
    """

    table: str
    key: str
    changes: Columns
    of: str = ""
    needs: tuple[str, ...] = ()
    returning: str = ""


@dataclass(frozen=True, slots=True)
class Guard:
    """
    Fail if another session has *lock*, or if *table* has one of *keys*, in
    *state* if that is asked for.
    """

    table: str
    lock: int
    keys: tuple[str, ...]
    state: str | None = None


@dataclass(frozen=True, slots=True)
class Vouch:
    """
    Fail if the session does not have *lock*, or if *table* has one of *keys*, in
    whatever spelling.
    """

    table: str
    lock: int
    keys: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Read:
    """
    Select *columns* of all rows of the ledger ``l``, joined with the journal
    ``j`` if that is asked for, or of the journal's row with the key *only*.
    """

    columns: tuple[str, ...]
    ledger: str | None
    journal: str | None
    only: str | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """
    Count the rows in a state.
    """

    table: str
    state: str


@dataclass(frozen=True, slots=True)
class Inspect:
    """
    Say which of the two tables are there, and what session this is.
    """

    ledger: str
    journal: str


@dataclass(frozen=True, slots=True)
class Pulse:
    """
    Say whether the two tables are still *known*, what their rows are, which of
    *relations* are there, and who has *lock*.
    """

    ledger: str
    journal: str
    known: tuple[bool, bool]
    lock: int | None
    relations: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Leftover:
    """
    Ask for an index that was left half-built, or drop it.
    """

    index: str | None
    drops: bool = False


@dataclass(frozen=True, slots=True)
class Evidence:
    """
    Ask whether an index is there, whole.
    """

    index: str | None


@dataclass(frozen=True, slots=True)
class Advisory:
    """
    Something about an advisory lock.

    Args:
        verb: ``"take"`` it for the session, if it is free; ``"have"`` it, as
            "take", but not twice; ``"give"`` it back; tell whether it is
            ``"mine"``, whether it is ``"anybody's"``, or ``"whose"``.
    """

    verb: str
    lock: int


Operation: TypeAlias = (
    Control
    | Effect
    | Nothing
    | Create
    | Insert
    | Update
    | Guard
    | Vouch
    | Read
    | Count
    | Inspect
    | Pulse
    | Leftover
    | Evidence
    | Advisory
)
