"""
How a database spells what `ledger` and `journal` write: names, values, moments, rows.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

from ..model import LedgerName
from .footing import Footing, Tables, Types
from .phrase import Phrase

__all__ = ["Spelling"]


class Spelling(Protocol):
    """
    The half of a `Dialect` that is about single statements.
    """

    @property
    def name(self) -> str:
        """
        ``"postgresql"``, ``"sqlite"``.
        """
        ...

    @property
    def now(self) -> str:
        """
        The expression for the current time, advancing within a transaction.
        """
        ...

    @property
    def types(self) -> Types:
        """
        The column types of ledger and journal.
        """
        ...

    def literal(self, value: str | float | bool | None) -> str:
        """
        Quote *value*, so that no setting of the session can change its meaning.
        """
        ...

    def tables(self, name: LedgerName, schema: str | None = None) -> Tables:
        """
        Quote the names of ledger and journal, in *schema* if it is known.
        """
        ...

    def column(self, name: str) -> str:
        """
        Write the name of a journal's column, quoted if it means something else here.
        """
        ...

    def as_text(self, column: str) -> str:
        """
        Give *column*, which may be a number, as text.
        """
        ...

    def upsert(
        self,
        table: str,
        values: Mapping[str, str],
        moments: Mapping[str, str],
        only: str = "",
    ) -> Sequence[str]:
        """
        Insert a row; change it where it is there already, if *only* holds of it.

        A second session that does the same with the same *version* waits until
        the first one's transaction has ended.

        Args:
            table: The journal.

            values: Literals by column, *version* the first.

            moments: Expressions for the columns that are points in time.

            only: A condition on the row, ``j``, and on what it would become,
                ``excluded``; empty where none is made.
        """
        ...

    def moment(self, column: str) -> str:
        """
        Give a moment that has a zone and that we wrote ourselves, as `epoch` does, and
        quicker.
        """
        ...

    def answering(self, column: str) -> str:
        """
        What makes a change answer with *column*; empty where nothing does.
        """
        ...

    def only_if(self, condition: str, value: str) -> str:
        """
        Give *value* to a column that takes no NULL, or else fail: by the NULL
        that this may be, or by itself.
        """
        ...

    def holding(self, footing: Footing, versions: Sequence[str]) -> Phrase:
        """
        Say what follows FROM where the ledger's rows of *versions* are asked for;
        of each it gives the column *version*.
        """
        ...

    def epoch(self, column: str) -> str:
        """
        Give *column*, a moment, as microseconds since 1970, or as ISO 8601 text.
        """
        ...

    def elapsed(self, since: str) -> str:
        """
        Give the whole milliseconds since the moment in the column *since*.
        """
        ...
