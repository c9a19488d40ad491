"""
PostgreSQL's names, literals and catalog: what is there, in one query.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import lru_cache

from ..model import LedgerName
from ..protocols import Row
from .footing import Column, Footing, Session, Tables

__all__ = [
    "HIDDEN",
    "array",
    "bare",
    "filtered",
    "footing",
    "inspect",
    "literal",
    "plain",
    "quoted",
    "tables",
]

_KINDS = {
    "r": "table",
    "p": "table",
    "v": "view",
    "m": "materialized view",
    "f": "foreign table",
    "t": "temporary table",
}

# The digits that any number of the type may have.
_DIGITS = {"smallint": 4, "integer": 9, "bigint": 18}

# Schemas of the search_path that exist and may not be used.  The setting is a
# list of identifiers: quoted ones may hold anything, others are in lower case.
HIDDEN = """FROM regexp_matches(current_setting('search_path'),
                      '"((?:[^"]|"")*)"|([^",\\s]+)', 'g') AS part
  JOIN pg_catalog.pg_namespace n ON n.nspname =
       replace(coalesce(replace(part[1], '""', '"'), lower(part[2])), '$user', current_user::text)
 WHERE NOT has_schema_privilege(n.oid, 'USAGE')"""


def filtered(names: Tables) -> str:
    """
    Whether row level security hides rows of ledger or journal from this role:
    they would count as not applied.
    """
    return (
        f"coalesce(row_security_active(to_regclass({literal(names.ledger)})::oid), false)"
        f" OR coalesce(row_security_active(to_regclass({literal(names.journal)})::oid), false)"
    )


def plain(names: Tables) -> str:
    """
    Whether nobody's code but the server's runs when something is defined or recorded,
    and the ledger has a key that takes a version once.
    """
    ledger, journal = (
        f"pg_catalog.to_regclass({literal(name)})" for name in (names.ledger, names.journal)
    )
    return (
        "NOT EXISTS (SELECT 1 FROM pg_catalog.pg_event_trigger WHERE evtenabled <> 'D')"
        f" AND NOT EXISTS (SELECT 1 FROM pg_catalog.pg_class WHERE oid IN ({ledger}, {journal})"
        " AND (relhastriggers OR relhasrules))"
        " AND EXISTS (SELECT 1 FROM pg_catalog.pg_index i JOIN pg_catalog.pg_attribute a"
        f" ON a.attrelid = i.indrelid AND a.attnum = i.indkey[0] WHERE i.indrelid = {ledger}"
        " AND a.attname = 'version' AND i.indnkeyatts = 1 AND i.indisunique AND i.indimmediate"
        " AND i.indisvalid AND i.indpred IS NULL)"
    )


def bare(column: str) -> str:
    """
    Write the version in *column* as the journal does, without leading zeros.
    """
    return f"coalesce(nullif(pg_catalog.ltrim({column}::text, '0'), ''), '0')"


def literal(value: str | float | bool | None) -> str:
    """
    Quote *value*, so that no setting of the session can change its meaning.
    """
    if value is None:
        return "NULL"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int | float):
        return str(value)
    quoted = value.replace("'", "''")
    # E'' reads the same whatever standard_conforming_strings says.
    return f" E'{quoted}'".replace("\\", "\\\\") if "\\" in quoted else f"'{quoted}'"


@lru_cache(maxsize=4)  # each file asks several times
def array(texts: tuple[str, ...]) -> str:
    """
    Quote *texts* as one literal that is read as an array of any type.
    """
    plain = ",".join(texts)
    digits = plain.replace(",", "")
    if not (digits.isascii() and digits.isdigit()):
        escaped = (text.replace("\\", "\\\\").replace('"', '\\"') for text in texts)
        plain = ",".join(f'"{text}"' for text in escaped)
    return literal(f"{{{plain}}}")


def quoted(name: str | None) -> str:
    """
    Quote an identifier.
    """
    return '"' + (name or "").replace('"', '""') + '"'


def tables(name: LedgerName, schema: str | None = None) -> Tables:
    """
    Quote the names of ledger and journal.
    """
    place = quoted(schema or name.schema) if schema or name.schema else ""
    prefix = f"{place}." if place else ""
    return Tables(place, prefix + quoted(name.table), prefix + quoted(name.journal))


def inspect(name: LedgerName, *, borrowed: bool) -> str:
    """
    Ask the catalog, in one query, all that a `Footing` holds.
    """
    names = tables(name)
    wanted = literal(name.schema) if name.schema else "current_schema()"
    own = """
UNION ALL
SELECT 'borrowed', NULL, NULL, NULL, NULL, NULL, NULL, NULL, NULL
UNION ALL
SELECT 'setting', name, setting, NULL, NULL, NULL, NULL, NULL, NULL
  FROM pg_catalog.pg_settings WHERE source = 'session'
UNION ALL
SELECT 'temporary', relname, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM pg_catalog.pg_class WHERE relnamespace = pg_my_temp_schema()
UNION ALL
SELECT 'advisory', classid || '/' || objid || '/' || objsubid, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  FROM pg_catalog.pg_locks
 WHERE locktype = 'advisory' AND granted AND pid = pg_backend_pid()"""
    return f"""
WITH ledger AS (
  SELECT c.oid, CASE c.relpersistence WHEN 't' THEN 't' ELSE c.relkind END AS relkind,
         n.nspname FROM pg_catalog.pg_class c
    JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
   WHERE c.oid = pg_catalog.to_regclass({literal(names.ledger)})
), place AS (
  -- Where the ledger is; else where its journal was left; else where it is to be.
  SELECT coalesce((SELECT nspname FROM ledger),
                  (SELECT n.nspname FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
                    WHERE c.oid = to_regclass({literal(names.journal)})), {wanted}) AS nspname
)
SELECT 'session', current_setting('server_version'), pg_backend_pid()::text,
       pg_is_in_recovery()::text, current_setting('transaction_read_only'),
       (SELECT backend_start::text FROM pg_stat_activity WHERE pid = pg_backend_pid()),
       current_setting('role'), session_user::text, current_setting('TimeZone')
UNION ALL
SELECT 'place', nspname::text, (SELECT relkind::text FROM ledger),
       (to_regnamespace(quote_ident(nspname)) IS NOT NULL)::text,
       EXISTS(SELECT 1 FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
               WHERE c.relname = {literal(name.journal)} AND n.nspname = place.nspname)::text,
       ({filtered(names)})::text, ({plain(names)})::text, NULL, NULL FROM place
UNION ALL
SELECT 'hidden', n.nspname, NULL, NULL, NULL, NULL, NULL, NULL, NULL
  {HIDDEN}
UNION ALL
SELECT 'column', a.attname, format_type(a.atttypid, NULL),
       CASE WHEN a.atttypmod >= 4 AND t.typname IN ('varchar', 'bpchar')
            THEN (a.atttypmod - 4)::text END,
       (a.attnotnull AND NOT a.atthasdef AND a.attidentity = '')::text,
       NULL, NULL, NULL, NULL
  FROM ledger JOIN pg_attribute a ON a.attrelid = ledger.oid
  JOIN pg_type t ON t.oid = a.atttypid
 WHERE a.attnum > 0 AND NOT a.attisdropped{own if borrowed else ""}"""


def footing(name: LedgerName, rows: Sequence[Row]) -> Footing:
    """
    Read the answer to `inspect`.
    """
    said: dict[str, list[Row]] = {}
    for row in rows:
        said.setdefault(row[0], []).append(row)
    (_, version, pid, standby, readonly, started, role, user, zone) = said["session"][0]
    (_, schema, kind, has_schema, has_journal, hides, is_plain, *_rest) = said["place"][0]
    session = Session(
        version=version,
        pid=int(pid),
        standby=standby == "true",
        readonly=readonly == "on",
        started=started,
        settings=tuple((row[1], row[2]) for row in said.get("setting", ())),
        role=role,
        user=user,
        zone=zone,
        borrowed="borrowed" in said,
        temporary=tuple(row[1] for row in said.get("temporary", ())),
        advisory=tuple(row[1] for row in said.get("advisory", ())),
    )
    return Footing(
        session=session,
        tables=tables(name, schema),
        schema=schema,
        columns=tuple(
            Column(row[1], row[2], _width(row[2], row[3]), row[4] == "true")
            for row in said.get("column", ())
        ),
        kind=_KINDS.get(kind, "relation") if kind else "table",
        has_journal=has_journal == "true",
        has_schema=has_schema == "true",
        filtered=hides == "true",
        plain=is_plain == "true",
        hidden=() if name.schema else tuple(row[1] for row in said.get("hidden", ())),
    )


def _width(type_name: str, declared: str | None) -> int | None:
    return int(declared) if declared else _DIGITS.get(type_name)
