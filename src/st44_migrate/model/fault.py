"""
Why there is no talking to a database: a fixed vocabulary, safe to show to anybody.
"""

from __future__ import annotations

from enum import StrEnum

__all__ = ["Fault"]


class Fault(StrEnum):
    """
    What stands between us and an answer.

    The value is what a health document says: it names no host, no user and no
    SQL, since whoever asks for health may be anybody.
    """

    TIMEOUT = "Connection timeout"
    REFUSED = "Connection refused"
    LOST = "Connection lost"
    POOL = "Connection pool timeout"
    IN_USE = "Connection in use"
    CROWDED = "Too many connections"
    AUTHENTICATION = "Authentication failed"
    ENCRYPTION = "Encryption failed"
    HOST = "Host not found"
    NETWORK = "Host unreachable"
    ABSENT = "Database not found"
    STARTING = "Database starting up"
    OUTDATED = "Database version not supported"
    UNAVAILABLE = "Database unavailable"
    UNCONFIGURED = "Database not configured"
    SLOW = "Query timeout"
    LOCKED = "Ledger locked"
    FORBIDDEN = "Permission denied"
    LEDGER = "Ledger not readable"
    INTERNAL = "Check failed"
