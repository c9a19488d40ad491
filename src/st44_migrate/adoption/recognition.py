"""
Whose ledger is it?  By its columns: several tools share the name of a table.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..errors import ConfigError
from ..model import ForeignTable
from .ledger import ToolLedger

__all__ = ["recognise"]

_UNCHANGED = "Nothing was changed."


def recognise(
    tables: Sequence[ForeignTable],
    ledgers: Sequence[ToolLedger],
    *,
    table: str | None = None,
) -> tuple[ToolLedger, ForeignTable]:
    """
    Find the one ledger among *tables*.

    Args:
        tables: What there is.

        ledgers: Whose they may be.

        table: The one that is meant, where somebody said.

    Raises:
        ConfigError: there is none, or there are several.
    """
    named = [found for found in tables if table is None or table in {found.name, str(found)}]
    if table is None:
        fitting = [(own, found) for found in named for own in ledgers if own.fits(found)]
        # A table of two columns may be anybody's: the usual name decides.
        usual = [(own, found) for own, found in fitting if own.table == found.name]
        fitting = usual or fitting
    else:
        fitting = [(own, found) for found in named for own in ledgers if own.fits(found)]
    if len(fitting) == 1:
        return fitting[0]
    if fitting:
        raise _several(fitting)
    raise _none(named, ledgers, table)


def _several(fitting: Sequence[tuple[ToolLedger, ForeignTable]]) -> ConfigError:
    shown = "; ".join(f"{found} is {own.tool}'s" for own, found in fitting)
    own, found = fitting[0]
    several = len({found for _, found in fitting}) > 1
    way = f"--table {found}" if several else f"--from {own.tool}"
    return ConfigError(
        f"there are several ledgers: {shown}",
        unchanged=_UNCHANGED,
        remedy=f"Say which one, for example: {way}",
    )


def _none(
    tables: Sequence[ForeignTable], ledgers: Sequence[ToolLedger], table: str | None
) -> ConfigError:
    whose = f"ledger of {ledgers[0].tool}" if len(ledgers) == 1 else "other tool's ledger"
    if table is None:
        return ConfigError(
            f"there is no {whose} in this database",
            unchanged=_UNCHANGED,
            remedy="Is it the right database? If it has its schema from elsewhere:"
            " st44-migrate baseline VERSION.",
        )
    if not tables:
        return ConfigError(
            f"there is no table {table}, or none that could be a {whose}",
            unchanged=_UNCHANGED,
            remedy="Write it as table or schema.table, as the catalog has it.",
        )
    columns = ", ".join(f"{name} {kind}" for name, kind in tables[0].columns)
    return ConfigError(
        f"{table} is not a {whose}: it has the columns {columns}",
        unchanged=_UNCHANGED,
        remedy="docs/adopt.md lists the columns that each tool's ledger has.",
    )
