"""
Who holds locks on the relations that a statement names.

When a wait for a lock is given up, the server does not say for which relation it
was, or who has it.  But the statement is known, and every word of it that the
session's search_path resolves to a relation is a candidate.
"""

from __future__ import annotations

import re
from collections.abc import Callable

__all__ = ["DESCRIBED", "holders"]

DESCRIBED = """\
'pid ' || a.pid || coalesce(', ' || nullif(a.application_name, ''), '')
       || ', ' || coalesce(a.state, 'not visible to this role')
       || coalesce(' for ' || round(extract(epoch from clock_timestamp() - a.xact_start)) || ' s', '')
       || coalesce(': ' || nullif(left(regexp_replace(a.query, E'\\\\s+', ' ', 'g'), 80), ''), '')"""
"""The session ``a`` of pg_stat_activity in one line."""

_MOST_WORDS = 200

_WORD = r'(?:"(?:[^"]|"")+"|[^\W\d][\w$]*)'
_NAME = re.compile(rf"{_WORD}(?:\.{_WORD})?")


def holders(statement: str, literal: Callable[[str], str]) -> str:
    """
    Write the query that `Dialect.holders` describes.
    """
    words = dict.fromkeys(_NAME.findall(statement))
    names = ", ".join(literal(word) for word in list(words)[:_MOST_WORDS])
    return f"""
WITH named AS (
  SELECT DISTINCT to_regclass(word)::oid AS oid
    FROM unnest(ARRAY[{names}]::text[]) AS word
), related AS (
  SELECT oid FROM named WHERE oid IS NOT NULL
  UNION SELECT indrelid FROM pg_catalog.pg_index JOIN named ON indexrelid = named.oid
  UNION SELECT confrelid FROM pg_catalog.pg_constraint JOIN named ON conrelid = named.oid
         WHERE contype = 'f'
)
SELECT max(extract(epoch from clock_timestamp() - a.xact_start))::float8 AS age,
       {DESCRIBED}
  FROM pg_catalog.pg_locks l
  JOIN related ON related.oid = l.relation
  JOIN pg_catalog.pg_stat_activity a ON a.pid = l.pid
 WHERE l.granted AND l.locktype = 'relation' AND l.pid <> pg_catalog.pg_backend_pid()
   -- Visible and in no transaction any more: gone since.  Others' state is NULL.
   AND (a.xact_start IS NOT NULL OR a.state IS NULL)
   AND l.database = (SELECT oid FROM pg_catalog.pg_database
                      WHERE datname = pg_catalog.current_database())
 GROUP BY a.pid, a.application_name, a.state, a.xact_start, a.query
 ORDER BY age DESC NULLS FIRST LIMIT 5"""
