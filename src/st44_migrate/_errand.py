"""
Finding another tool's ledger, and where ours is, before one is adopted.  Reads only.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ._session import evading
from ._world import World
from .adoption.catalog import find_tables, read_rows, read_tables, select_rows
from .adoption.ledger import ToolLedger
from .adoption.planning import Sight, make_adoption
from .adoption.recognition import recognise
from .adoption.tools import BUILT_IN, builtin, every_other, ledger_named
from .dialects import Trouble
from .errors import ConfigError, DriverError, LedgerError
from .model import Adoption, ForeignTable, LedgerName, Migration, Terms
from .shapes import OtherShape

__all__ = ["Errand", "find", "look"]

_DIALECTS = ("postgresql", "sqlite")


@dataclass(frozen=True, slots=True)
class Errand:
    """
    What is to be adopted, and where to.

    *world* works with our own ledger, which is not called as it should be if the
    name that it *evades* is another's.
    """

    world: World
    migrations: Sequence[Migration]
    terms: Terms
    own: ToolLedger
    table: ForeignTable
    evades: LedgerName | None


async def find(world: World, migrations: Sequence[Migration], terms: Terms) -> Errand:
    """
    Find the ledger that *terms* mean, and our own.

    Raises:
        ConfigError: there is no such ledger, or there are several.

        LedgerError: ours cannot be read.
    """
    if world.dialect.name not in _DIALECTS:
        raise ConfigError(
            f"ledgers of other tools cannot be read on {world.dialect.name}",
            unchanged="Nothing was changed.",
            remedy="That works on PostgreSQL and SQLite. st44-migrate baseline VERSION works on all.",
        )
    own, table = await _find(world, terms)
    home, evades = world, None
    try:
        await world.ledger.read(world.conn)
    except OtherShape:
        home, evades = await evading(world), world.settings.ledger
    return Errand(home, migrations, terms, own, table, evades)


async def _find(world: World, terms: Terms) -> tuple[ToolLedger, ForeignTable]:
    if terms.tool != "auto":
        return await _among(world, [ledger_named(terms.tool)], terms)
    ledgers = [builtin(name) for name in BUILT_IN]
    try:
        return await _among(world, ledgers, terms)
    except ConfigError:
        others = every_other()
        if not others:
            raise
        return await _among(world, [*ledgers, *others], terms)


async def _among(
    world: World, ledgers: Sequence[ToolLedger], terms: Terms
) -> tuple[ToolLedger, ForeignTable]:
    columns = {name for ledger in ledgers for name in ledger.columns}
    beside = {ledger.beside.removeprefix("!") for ledger in ledgers if ledger.beside}
    beside = beside.union(*(ledger.nearby for ledger in ledgers))
    query = find_tables(world.dialect.name, columns, beside)
    tables = read_tables(await world.conn.fetch(query), beside)
    return recognise(tables, ledgers, table=terms.table)


async def look(errand: Errand) -> Adoption:
    """
    Read the other's ledger and ours, and decide.
    """
    world, own, table = errand.world, errand.own, errand.table
    try:
        rows = await world.conn.fetch(select_rows(world.dialect.name, table, own.columns))
    except DriverError as error:
        if error.lost or world.dialect.trouble(error) is Trouble.BUSY:
            raise
        raise LedgerError(
            f"{own.tool}'s ledger {table} cannot be read: {error.message}",
            unchanged="Nothing was changed.",
            remedy="Grant this role SELECT on it.",
        ) from error
    sight = Sight(
        own,
        table,
        own.read(read_rows(own.columns, rows)),
        # As a plan has them.
        tuple(sorted(errand.migrations, key=lambda m: (m.repeatable, m.rank, m.version, m.path))),
        await world.ledger.read(world.conn),
        world.read,
        world.settings.ledger,
        errand.evades,
    )
    return make_adoption(sight, errand.terms)
