"""
What SQLite's PRAGMAs are to a transaction.
"""

from __future__ import annotations

from .flaw import shown
from .lexer import tokens
from .lexicon import Lexicon
from .roles import Role

__all__ = ["read_pragma"]

# Refused by SQLite while a transaction is open ("Safety level may not be changed
# inside a transaction"), or without effect until it has ended.
_OUTER = {
    *("journal_mode", "synchronous", "auto_vacuum", "encoding", "page_size"),
    *("temp_store", "temp_store_directory", "wal_checkpoint"),
}

# What they do is committed or rolled back, or has to see the transaction's work.
_INNER = {
    *("application_id", "schema_version", "user_version"),
    *("defer_foreign_keys", "writable_schema"),
    *("foreign_key_check", "integrity_check", "quick_check"),
}
_ON = {"on", "yes", "true"}


def read_pragma(text: str, lexicon: Lexicon) -> tuple[Role, str]:
    """
    Return the role of the PRAGMA *text* and what to call it, ``"PRAGMA synchronous"``.
    """
    words = [word.strip("'\"`[]").lower() for word, _, _ in tokens(text, lexicon)][1:]
    if words[1:2] == ["."]:
        words = words[2:]
    name = words[0] if words else ""
    value = words[2] if len(words) > 2 and words[1] in {"=", "("} else None
    return _role(name, value), f"PRAGMA {shown(name)}"


def _role(name: str, value: str | None) -> Role:
    if name in _INNER:
        return Role.INNER_PRAGMA
    if value is None and name != "wal_checkpoint":
        return Role.PRAGMA
    if name == "foreign_keys":
        on = value in _ON or (value or "").strip("0").isdecimal()
        return Role.KEYS_ON if on else Role.KEYS_OFF
    return Role.OUTER_PRAGMA if name in _OUTER else Role.PRAGMA
