"""
What is sent to a PostgreSQL server, as text. Pure.
"""

from __future__ import annotations

from functools import lru_cache

from ..errors import DriverError

__all__ = ["encode", "limits"]

_OF_THE_SERVER = 0.85
"""The server's share of the time: its refusal still has to arrive."""

_OF_A_LOCK = 0.45
"""The share of a wait for a lock: there is time left to ask who has it."""


def encode(sql: str, encoding: str) -> bytes:
    """
    Encode *sql* for the server, to the byte.

    Raises:
        DriverError: a character does not exist in the session's encoding, or is
            NUL, which would end the text for libpq.
    """
    if "\0" in sql:
        raise DriverError("the statement contains a NUL character", offset=sql.index("\0"))
    try:
        # Python's name for SQL_ASCII, where the server takes any bytes.
        return sql.encode("utf-8" if encoding == "ascii" else encoding)
    except UnicodeEncodeError as error:
        bad = sql[error.start : error.end]
        raise DriverError(
            f"{bad!a} does not exist in {encoding}, the client_encoding of the session",
            offset=error.start,
        ) from None


@lru_cache
def limits(within_ms: int) -> str:
    """
    Say how long a query may take; to stand before it in the same transaction, with
    which it ends.  Each statement starts its own clock.
    """
    whole, lock = (max(1, int(within_ms * share)) for share in (_OF_THE_SERVER, _OF_A_LOCK))
    return f"SET LOCAL statement_timeout = {whole};\nSET LOCAL lock_timeout = {lock};\n"
