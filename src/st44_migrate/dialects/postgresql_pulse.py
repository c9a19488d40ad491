"""
PostgreSQL's pulse: everything that health asks again and again, in one row.

It is asked every second by everybody who polls, so it reads no row as a row:
the system column ``xmin`` is the transaction that wrote a row's version.  Rows
can only be added by new transactions, so the list of all of them is another one
after any change.  Its hash of 64 bits stands for the list: shorter to send.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from ..model import LedgerName
from .footing import Footing, Tables
from .postgresql_catalog import HIDDEN, filtered, literal, quoted, tables

__all__ = ["holding", "pulse"]


def pulse(
    name: LedgerName,
    footing: Footing,
    relations: Sequence[str],
    key: int | None,
    epoch: Callable[[str], str],
) -> str:
    """
    Write the query that `Dialect.pulse` describes.
    """
    present = " || ".join(_present(relation) for relation in relations) or "''"
    doubts = " OR ".join(_doubts(name, footing))
    columns = f"CASE WHEN {doubts} THEN 1 END, {_writers(footing)}, {present}"
    if key is None:
        return f"SELECT {columns}, NULL::integer, NULL::bigint"
    since = epoch("coalesce(a.xact_start, a.backend_start)")
    return (
        f"SELECT {columns}, h.pid, h.since FROM (SELECT 1) AS one"
        f" LEFT JOIN (SELECT l.pid, {since} AS since {holding(key)} LIMIT 1) AS h ON true"
    )


def holding(key: int) -> str:
    """
    Say where to find the sessions ``a`` that have the advisory lock *key*, ``l``.
    """
    high, low = (key >> 32) & 0xFFFFFFFF, key & 0xFFFFFFFF
    return (
        # Only for a lock that was found: the whole of pg_stat_activity is dear.
        "FROM pg_catalog.pg_locks l"
        " LEFT JOIN LATERAL pg_catalog.pg_stat_get_activity(l.pid) a ON true"
        " WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1"
        f" AND l.classid = {high} AND l.objid = {low} AND l.database ="
        " (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"
    )


def _doubts(name: LedgerName, footing: Footing) -> Iterator[str]:
    """
    Say what makes another look at the catalog due.
    """
    found, meant = footing.tables, tables(name)
    if not footing.columns:
        yield f"{_regclass(meant.ledger)} IS NOT NULL"
        yield f"{_regclass(found.journal)} IS {'' if footing.has_journal else 'NOT '}NULL"
        if not name.schema:
            yield f"EXISTS (SELECT 1 {HIDDEN})"
        return
    if not name.schema:
        # Another table of this name came before it in the search_path.
        yield f"{_regclass(meant.ledger)} IS DISTINCT FROM {_regclass(found.ledger)}"
    if not footing.has_journal:
        yield f"{_regclass(found.journal)} IS NOT NULL"
    yield filtered(found)


def _writers(footing: Footing) -> str:
    if not footing.columns:
        return "NULL::text"
    return " || '/' || ".join(_writers_of(table) for table in _there(footing.tables, footing))


def _there(names: Tables, footing: Footing) -> Sequence[str]:
    return (names.ledger, names.journal) if footing.has_journal else (names.ledger,)


def _writers_of(table: str) -> str:
    writers = f"SELECT pg_catalog.hash_array_extended(array_agg(xmin), 0)::text FROM {table}"
    return f"coalesce(({writers}), '')"


def _present(relation: str) -> str:
    schema, _, bare = relation.rpartition(".")
    if not schema:
        return f"({_regclass(quoted(bare))} IS NOT NULL)::integer::text"
    # Not by to_regclass: it fails for a schema that this role may not use.
    return (
        "EXISTS (SELECT 1 FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n"
        f" ON n.oid = c.relnamespace WHERE n.nspname = {literal(schema)}"
        f" AND c.relname = {literal(bare)} AND c.relkind IN ('r', 'p', 'v', 'm', 'f'))::integer::text"
    )


def _regclass(name: str) -> str:
    return f"pg_catalog.to_regclass({literal(name)})"
