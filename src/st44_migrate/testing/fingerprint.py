"""
What is in a database, as lines of text: two databases are the same if their lines are.

Every object is a line, with all that its definition says, read from the catalog:
not how it was made.  How many rows a table has is one as well.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator

from ..drivers.url import driver_for
from ..protocols import Connection

__all__ = ["fingerprint"]

_TIMEOUT = 10.0

# Not the system's, not an extension's, not of this session.
_OURS = "n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'"
_FREE = (
    "NOT EXISTS (SELECT 1 FROM pg_depend d WHERE d.objid = {0}.oid AND d.deptype = 'e'"
    " AND d.classid = '{1}'::regclass)"
)
_TABLE = f"{_OURS} AND {_FREE.format('c', 'pg_class')}"

_POSTGRESQL = f"""
SELECT 'schema ' || nspname || coalesce(' ' || nspacl::text, '') FROM pg_namespace n WHERE {_OURS}
UNION ALL
SELECT 'extension ' || extname || ' ' || extversion FROM pg_extension
UNION ALL
SELECT concat_ws(' ', 'relation', c.oid::regclass, c.relkind, c.relpersistence,
                 pg_get_partkeydef(c.oid), pg_get_expr(c.relpartbound, c.oid), c.reloptions::text,
                 'rls', c.relrowsecurity, c.relforcerowsecurity, c.relacl::text,
                 (SELECT string_agg(i.inhparent::regclass::text, ',' ORDER BY i.inhseqno)
                    FROM pg_inherits i WHERE i.inhrelid = c.oid),
                 CASE WHEN c.relkind IN ('v', 'm') THEN pg_get_viewdef(c.oid) END)
  FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {_TABLE} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c')
UNION ALL
SELECT concat_ws(' ', 'column', c.oid::regclass, row_number() OVER (PARTITION BY c.oid ORDER BY a.attnum),
                 quote_ident(a.attname), format_type(a.atttypid, a.atttypmod),
                 CASE WHEN a.attnotnull THEN 'NOT NULL' END, pg_get_expr(e.adbin, e.adrelid),
                 'identity', a.attidentity, 'generated', a.attgenerated,
                 (SELECT o.collname FROM pg_collation o WHERE o.oid = a.attcollation), a.attacl::text)
  FROM pg_attribute a JOIN pg_class c ON c.oid = a.attrelid
  JOIN pg_namespace n ON n.oid = c.relnamespace
  LEFT JOIN pg_attrdef e ON e.adrelid = a.attrelid AND e.adnum = a.attnum
 WHERE {_TABLE} AND c.relkind IN ('r', 'p', 'v', 'm', 'f', 'c') AND a.attnum > 0 AND NOT a.attisdropped
UNION ALL
SELECT concat_ws(' ', 'constraint', k.conrelid::regclass, quote_ident(k.conname), pg_get_constraintdef(k.oid))
  FROM pg_constraint k JOIN pg_class c ON c.oid = k.conrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {_TABLE}
UNION ALL
SELECT concat_ws(' ', 'index', pg_get_indexdef(x.indexrelid), 'valid', x.indisvalid,
                 CASE WHEN x.indisclustered THEN 'clustered' END)
  FROM pg_index x JOIN pg_class c ON c.oid = x.indrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {_TABLE}
UNION ALL
SELECT concat_ws(' ', 'sequence', c.oid::regclass, format_type(s.seqtypid, NULL), s.seqstart, s.seqincrement,
                 s.seqmin, s.seqmax, s.seqcache, s.seqcycle, c.relacl::text,
                 (SELECT 'of ' || d.refobjid::regclass || ' ' || a.attname FROM pg_depend d
                    JOIN pg_attribute a ON a.attrelid = d.refobjid AND a.attnum = d.refobjsubid
                   WHERE d.objid = c.oid AND d.classid = 'pg_class'::regclass AND d.deptype IN ('a', 'i')
                     AND d.refclassid = 'pg_class'::regclass LIMIT 1))
  FROM pg_sequence s JOIN pg_class c ON c.oid = s.seqrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {_TABLE}
UNION ALL
SELECT concat_ws(' ', 'trigger', pg_get_triggerdef(t.oid), t.tgenabled)
  FROM pg_trigger t JOIN pg_class c ON c.oid = t.tgrelid JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {_TABLE} AND NOT t.tgisinternal
UNION ALL
SELECT concat_ws(' ', 'policy', p.polrelid::regclass, p.polname, p.polcmd, p.polpermissive, p.polroles::regrole[]::text,
                 pg_get_expr(p.polqual, p.polrelid), 'check', pg_get_expr(p.polwithcheck, p.polrelid))
  FROM pg_policy p
UNION ALL
SELECT concat_ws(' ', 'function', p.oid::regprocedure, p.prokind, p.proacl::text,
                 CASE WHEN p.prokind <> 'a' THEN pg_get_functiondef(p.oid)
                      ELSE (SELECT concat_ws(' ', a.aggtransfn, a.aggfinalfn, a.agginitval)
                              FROM pg_aggregate a WHERE a.aggfnoid = p.oid) END)
  FROM pg_proc p JOIN pg_namespace n ON n.oid = p.pronamespace
 WHERE {_OURS} AND {_FREE.format("p", "pg_proc")}
UNION ALL
SELECT concat_ws(' ', 'type', t.oid::regtype, t.typtype, t.typacl::text,
                 (SELECT string_agg(e.enumlabel, ',' ORDER BY e.enumsortorder) FROM pg_enum e
                   WHERE e.enumtypid = t.oid),
                 CASE WHEN t.typtype = 'd' THEN format_type(t.typbasetype, t.typtypmod) END, t.typdefault,
                 CASE WHEN t.typnotnull THEN 'NOT NULL' END,
                 (SELECT string_agg(pg_get_constraintdef(k.oid), ',' ORDER BY k.conname) FROM pg_constraint k
                   WHERE k.contypid = t.oid))
  FROM pg_type t JOIN pg_namespace n ON n.oid = t.typnamespace
 WHERE {_OURS} AND {_FREE.format("t", "pg_type")} AND t.typtype IN ('e', 'd', 'r')
UNION ALL
SELECT concat_ws(' ', 'rule', pg_get_ruledef(r.oid))
  FROM pg_rewrite r JOIN pg_class c ON c.oid = r.ev_class JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {_TABLE} AND r.rulename <> '_RETURN'
UNION ALL
SELECT concat_ws(' ', 'comment', o.type, o.identity, d.description)
  FROM pg_description d, pg_identify_object(d.classoid, d.objoid, d.objsubid) o
 WHERE o.schema !~ '^pg_' AND o.schema <> 'information_schema'
   AND NOT EXISTS (SELECT 1 FROM pg_depend x WHERE x.classid = d.classoid AND x.objid = d.objoid
                      AND x.deptype = 'e')
UNION ALL
SELECT concat_ws(' ', 'default privileges', f.defaclrole::regrole, f.defaclnamespace::regnamespace,
                 f.defaclobjtype, f.defaclacl::text) FROM pg_default_acl f"""

_TABLES = f"""
SELECT c.oid::regclass::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
 WHERE {_TABLE} AND c.relkind = 'r'"""

_LITE = """
SELECT m.type || ' ' || m.name || ' on ' || m.tbl_name FROM sqlite_master m WHERE m.name NOT LIKE 'sqlite_%'
UNION ALL
SELECT 'column ' || m.name || ' ' || x.cid || ' ' || x.name || ' ' || upper(x.type) || ' ' || x."notnull" || ' '
       || coalesce(x.dflt_value, '-') || ' ' || x.pk || ' ' || x.hidden
  FROM sqlite_master m, pragma_table_xinfo(m.name) x WHERE m.type = 'table'
UNION ALL
SELECT 'key ' || m.name || ' ' || f.seq || ' ' || f."from" || ' ' || f."table" || ' ' || coalesce(f."to", '-')
       || ' ' || f.on_update || ' ' || f.on_delete || ' ' || f.match
  FROM sqlite_master m, pragma_foreign_key_list(m.name) f WHERE m.type = 'table'
UNION ALL
SELECT 'index of ' || m.name || ' ' || i."unique" || ' ' || i.origin || ' ' || i.partial || ' ' ||
       (SELECT group_concat(coalesce(c.name, '-') || ' ' || c."desc" || ' ' || c.coll) FROM
         (SELECT * FROM pragma_index_xinfo(i.name) ORDER BY seqno) c WHERE c.key)
  FROM sqlite_master m, pragma_index_list(m.name) i WHERE m.type = 'table'"""

# What no pragma tells: conditions and expressions, read from the statements.
_LITE_TEXTS = "SELECT type, name, sql FROM sqlite_master WHERE sql IS NOT NULL"
_CONDITION = re.compile(
    r"\b(?:COLLATE \w+|STRICT|WITHOUT ROWID|AUTOINCREMENT|(?P<opens>CHECK|AS) \()", re.IGNORECASE
)


def fingerprint(url: str, *, without: Collection[str] = ()) -> frozenset[str]:
    """
    List what is in the database of *url*.

    Args:
        url: PostgreSQL or SQLite.

        without: Tables that do not count, ``"schema_migrations"``, with all of theirs.
    """
    driver = driver_for(url)
    conn = driver.connect(timeout=_TIMEOUT, readonly=True, notice=_unheard)
    try:
        lines = _sqlite(conn) if driver.dialect == "sqlite" else _postgresql(conn)
        names = "|".join(map(re.escape, without))
        aside = re.compile(rf"(?<!\w)(?:{names})(?!\w)") if without else None
        return frozenset(line for line in lines if aside is None or not aside.search(line))
    finally:
        conn.close()


def _unheard(severity: str, message: str, detail: str | None, hint: str | None) -> None:
    del severity, message, detail, hint


def _postgresql(conn: Connection) -> Iterator[str]:
    # So that every name is written with its schema.
    conn.fetch("SELECT set_config('search_path', 'pg_catalog', false)")
    for (line,) in conn.fetch(_POSTGRESQL):
        yield str(line)
    for (table,) in conn.fetch(_TABLES):
        ((rows,),) = conn.fetch(f"SELECT count(*) FROM ONLY {table}")
        yield f"rows of {table}: {rows}"


def _sqlite(conn: Connection) -> Iterator[str]:
    for (line,) in conn.fetch(_LITE):
        yield str(line)
    for kind, name, sql in conn.fetch(_LITE_TEXTS):
        if kind in {"view", "trigger", "index"}:
            yield f"{kind} {name}: {_tidy(sql)}"
            continue
        for part in _conditions(sql):
            yield f"condition of {name}: {part}"
        ((rows,),) = conn.fetch('SELECT count(*) FROM "{}"'.format(name.replace('"', '""')))
        yield f"rows of {name}: {rows}"


def _conditions(sql: str) -> Iterator[str]:
    """
    Find what a CREATE TABLE says beside names and types, each condition up to the
    parenthesis that closes it.
    """
    text = _tidy(sql)
    for found in _CONDITION.finditer(text):
        depth, at = int(bool(found["opens"])), found.end()
        while depth and at < len(text):
            depth += (text[at] == "(") - (text[at] == ")")
            at += 1
        yield text[found.start() : at]


def _tidy(sql: str) -> str:
    """
    Write a text of SQL in one way, as far as blanks, case and quotes around names go.
    """
    text = re.sub(r"--[^\n]*|/\*.*?\*/", " ", sql, flags=re.DOTALL)
    text = re.sub(r"\bIF\s+NOT\s+EXISTS\b", " ", text, flags=re.IGNORECASE)
    text = re.sub(r'"(\w+)"', r"\1", text)
    tokens = re.findall(r"\w+|'(?:[^']|'')*'|\S", text)
    return " ".join(token if token.startswith("'") else token.lower() for token in tokens)
