"""
PostgreSQL's lock of the session: an advisory lock.
"""

from __future__ import annotations

from .footing import Locking
from .postgresql_pulse import holding

__all__ = ["locking"]

_MINE = "l.pid = pg_catalog.pg_backend_pid()"


def locking(key: int) -> Locking:
    """
    Write the queries that `Dialect.locking` describes.
    """
    holders = holding(key)
    return Locking(
        take=f"SELECT CASE WHEN EXISTS (SELECT 1 {holders} AND {_MINE}) THEN true"
        f" ELSE pg_catalog.pg_try_advisory_lock({key}) END",
        mine=f"SELECT 1 {holders} AND {_MINE}",
        anyone=f"SELECT 1 {holders}",
        holder="SELECT a.pid::text, a.application_name, pg_catalog.pg_get_userbyid(a.usesysid)::text,"
        " round(extract(epoch from clock_timestamp() - a.backend_start))::text"
        f" {holders}",
        free=f"SELECT pg_catalog.pg_advisory_unlock({key})",
    )
