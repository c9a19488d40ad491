"""
How far a statement of PostgreSQL is, and whom it waits for: asked in another session.

A build CONCURRENTLY waits, three times, for every transaction that is older than
it is.  One session that was forgotten in a transaction holds it up for ever, and
nothing else says so.
"""

from __future__ import annotations

import re

from .postgresql_holders import DESCRIBED

__all__ = ["progress"]

_BUILD = re.compile(r"\bconcurrently\b", re.IGNORECASE)


def progress(statement: str, pid: int | None) -> str | None:
    """
    Write the query that `Dialect.progress` describes.
    """
    if pid is None or not _BUILD.search(statement):
        return None
    return f"""
WITH build AS (
  SELECT *, CASE WHEN phase LIKE 'waiting%' THEN 'lockers'
                 WHEN blocks_total > 0 THEN 'blocks' ELSE 'tuples' END AS unit
    FROM pg_catalog.pg_stat_progress_create_index WHERE pid = {pid}
), waited_for AS (
  SELECT pg_catalog.unnest(pg_catalog.pg_blocking_pids({pid})) AS pid
  UNION SELECT current_locker_pid FROM build WHERE current_locker_pid <> 0
), described AS (
  SELECT {DESCRIBED} AS text
    FROM waited_for JOIN pg_catalog.pg_stat_activity a USING (pid)
)
SELECT phase,
       CASE unit WHEN 'lockers' THEN lockers_done WHEN 'blocks' THEN blocks_done ELSE tuples_done END,
       CASE unit WHEN 'lockers' THEN lockers_total WHEN 'blocks' THEN blocks_total ELSE tuples_total END,
       unit, described.text
  FROM (SELECT 1) AS always LEFT JOIN build ON true LEFT JOIN described ON true"""
