"""
Whether a table of the ledger's name is a ledger of ours, and whose else.
"""

from __future__ import annotations

from .dialects import Footing
from .errors import LedgerError
from .model import LedgerName

__all__ = ["OtherShape", "check_shape"]


class OtherShape(LedgerError):
    """
    A table of the ledger's name belongs to somebody else.
    """


def check_shape(name: LedgerName, footing: Footing) -> None:
    """
    Refuse what is not a ledger of ours.

    Raises:
        LedgerError: it is a view.

        OtherShape: it has other columns.
    """
    if footing.kind != "table":
        raise LedgerError(
            f"{name} is a {footing.kind}, not a table",
            unchanged="Nothing was run, and it was not written to.",
            remedy="Give the ledger another name: --ledger SCHEMA.TABLE",
        )
    names = {column.name for column in footing.columns}
    wanted = {"version", "name", "applied_at"}
    extra = [c.name for c in footing.columns if c.required and c.name not in wanted]
    if not names or (wanted <= names and not extra):
        return
    raise OtherShape(
        f"the table {name} has the shape of {_owner(footing)}: it has the columns"
        f" {', '.join(c.name for c in footing.columns)}, where version, name, applied_at are expected",
        unchanged="Nothing was run, and it was not written to.",
        remedy="st44-migrate adopt takes over what it says is applied, and leaves it as it is. Or keep"
        f" a ledger of another name: --ledger {name.evasive}",
    )


def _owner(footing: Footing) -> str:
    """
    Name the tool whose table this is, by its columns.
    """
    shape = {column.name: column.type for column in footing.columns}
    if set(shape) == {"version", "dirty"}:
        return "golang-migrate"
    if set(shape) == {"version", "inserted_at"}:
        return "Ecto"
    if set(shape) == {"version"}:
        return "dbmate or Rails"
    return "another program"
