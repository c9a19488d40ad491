"""
What a look at a database brings back.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import NamedTuple

__all__ = ["Column", "Company", "Footing", "Locking", "Session", "Tables", "Trouble", "Types"]


_NUMERIC = {"numeric", "decimal", "real", "double precision"}


class Trouble(Enum):
    """
    What an error of the database means to a runner.
    """

    MISSING = auto()
    """The table or one of its columns is not there."""

    EXISTS = auto()
    """Somebody else has just created what we are creating."""

    FORBIDDEN = auto()
    """The role may not do this."""

    READONLY = auto()
    """Nobody may write here."""

    RECORDED = auto()
    """Our guard found the version in the ledger."""

    LOCK_LOST = auto()
    """Our guard found another runner at work."""

    BUSY = auto()
    """A lock could not be had in time, or a deadlock or conflict was resolved
    against us: the whole transaction may be tried again."""

    CANCELLED = auto()
    """Somebody stopped the statement, or its time was up."""

    OTHER = auto()


class Company(Enum):
    """
    How several files go out together.
    """

    NONE = auto()
    """Each file goes alone."""

    MESSAGE = auto()
    """Each in its own transaction: the server answers each statement, a failure stops
    all that follow it, and ``PREPARE`` is known."""

    TRANSACTION = auto()
    """In one transaction: a failure undoes them all, and they go out again without
    the one that failed.  For a database whose commits cost more than its statements."""


class Tables(NamedTuple):
    """
    The quoted names: of the schema, and, qualified by it, of ledger and journal.

    *schema* is empty where it is left to the session.
    """

    schema: str
    ledger: str
    journal: str


class Types(NamedTuple):
    """
    How columns of ledger and journal are declared.

    Args:
        moment: A point in time that may be missing.

        stamp: One that is always there, the present unless given.

        version: The ledger's *version*.

        key: The journal's, which is the same without leading zeros.

        text: A text of any length.
    """

    moment: str
    stamp: str
    version: str = "varchar(255)"
    key: str = "text"
    text: str = "text"


class Locking(NamedTuple):
    """
    What is asked about a lock of the session, each as a query.

    Args:
        take: Take it, once, if nobody else has it; true where it is ours.

        mine: A row if it is ours.

        anyone: A row for each session that has it.

        holder: For each of those: who it is, its program, its user and its age
            in seconds, as text or NULL.

        free: Give it back.
    """

    take: str
    mine: str
    anyone: str
    holder: str
    free: str


class Column(NamedTuple):
    """
    A column of the ledger as the catalog describes it.

    *required* means that an INSERT has to give a value.
    """

    name: str
    type: str
    width: int | None
    required: bool


class Session(NamedTuple):
    """
    What the server says of itself and of our session.

    Args:
        version: Of the server, as it writes it.

        pid: Of the server process that executes our statements.

        standby: The server replays another one's changes.

        readonly: Transactions cannot write.

        started: When the server process started, as the server writes it.

        settings: What the caller's own session had SET, to be restored.

        role, user, zone: The current and the session's role and its time zone,
            likewise.

        borrowed: The session is the caller's own.

        temporary, advisory: Its temporary relations, and its advisory locks as
            ``"classid/objid/objsubid"``, when we came.
    """

    version: str = ""
    pid: int | None = None
    standby: bool = False
    readonly: bool = False
    started: str | None = None
    settings: tuple[tuple[str, str], ...] = ()
    role: str = "none"
    user: str = ""
    zone: str = "UTC"
    borrowed: bool = False
    temporary: tuple[str, ...] = ()
    advisory: tuple[str, ...] = ()


class Footing(NamedTuple):
    """
    Where we stand: the session, and what is there of ledger and journal.

    Args:
        schema: Where ledger and journal are, or are to be created.

        columns: The ledger's, empty where there is none.

        kind: ``"table"``, or what else bears the ledger's name.

        has_journal: The journal is there.

        has_schema: The schema is there.

        hidden: Schemas of the search_path that the role may not use: a ledger
            may be hidden in one of them.

        filtered: Row level security hides rows of the ledger from this role.

        plain: Nobody's code but the server's runs when something is defined or
            recorded, and a key of the ledger takes a version once.
    """

    session: Session
    tables: Tables
    schema: str | None
    columns: tuple[Column, ...] = ()
    kind: str = "table"
    has_journal: bool = False
    has_schema: bool = True
    hidden: tuple[str, ...] = ()
    filtered: bool = False
    plain: bool = False

    @property
    def is_ours(self) -> bool:
        """
        Whether there is a ledger that this library has written.
        """
        return bool(self.columns) and self.has_journal

    @property
    def width(self) -> int | None:
        """
        How many characters a version may have; None where it is not limited.
        """
        return next((c.width for c in self.columns if c.name == "version"), None)

    @property
    def numeric(self) -> bool:
        """
        Whether the ledger's column takes numbers only, as a version.
        """
        kind = next((c.type for c in self.columns if c.name == "version"), "")
        # SQLite goes by a part of the name, and would make 1.1 of 1.10.
        return "int" in kind or kind in _NUMERIC
