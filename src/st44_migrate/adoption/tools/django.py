"""
Django: one row a migration of an app.

The migrations are programs, so it can only become a baseline.  The latest of each
app says where the database stands.
"""

from __future__ import annotations

from collections.abc import Sequence

from ...model import ForeignRow, Reading
from ..ledger import Kind, TextRow, ToolLedger, moment

__all__ = ["LEDGER"]


def _read(rows: Sequence[TextRow]) -> Reading:
    latest = {row["app"]: row for row in sorted(rows, key=lambda row: int(row["id"] or 0))}
    return Reading(
        tuple(
            ForeignRow(f"{app}.{row['name']}", applied_at=moment(row["applied"]))
            for app, row in sorted(latest.items(), key=lambda item: item[0] or "")
        )
    )


LEDGER = ToolLedger(
    tool="django",
    table="django_migrations",
    columns={"id": Kind.NUMBER, "app": Kind.TEXT, "name": Kind.TEXT, "applied": Kind.MOMENT},
    read=_read,
    matches=False,
)
