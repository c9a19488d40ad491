"""
To hold the runner's lock, and to see that nobody does.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import psycopg

from st44_migrate import LedgerName
from st44_migrate.locks import lock_key
from targets import Target

KEY = lock_key(LedgerName(), "public")


@contextmanager
def holding(target: Target) -> Iterator[psycopg.Connection[Any]]:
    """
    Hold the runner's lock in a session called "somebody".
    """
    with psycopg.connect(target.url, autocommit=True, application_name="somebody") as conn:
        assert conn.execute(f"SELECT pg_try_advisory_lock({KEY})").fetchone() == (True,)
        yield conn


def free(target: Target) -> bool:
    """
    Whether nobody holds the lock, and nobody of ours is connected.
    """
    return target.query(
        "SELECT (SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND database ="
        " (SELECT oid FROM pg_database WHERE datname = current_database())),"
        " (SELECT count(*) FROM pg_stat_activity WHERE application_name = 'st44-migrate'"
        "   AND datname = current_database())"
    ) == [(0, 0)]
