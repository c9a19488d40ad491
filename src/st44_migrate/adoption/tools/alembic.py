"""
Alembic: the revisions that the database stands at, and not those below them.

The migrations are programs, so it can only become a baseline.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, Reading
from ..ledger import Kind, TextRow, ToolLedger

__all__ = ["LEDGER"]


def _read(rows: Sequence[TextRow]) -> Reading:
    return Reading(tuple(ForeignRow(row["version_num"] or "") for row in rows))


LEDGER = ToolLedger(
    tool="alembic",
    table="alembic_version",
    columns={"version_num": Kind.TEXT},
    read=_read,
    matches=False,
)
