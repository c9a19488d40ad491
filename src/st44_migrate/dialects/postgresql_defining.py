"""
Which files of PostgreSQL only define things, and what must hold for them.

Such a file runs nobody's code but the server's: it leaves the session as it is, and
sees and changes nothing of ledger and journal.  Somebody's own code may run wherever
rows are read or written, or an expression, a cast or a check is computed; and where
something is defined, if there are event triggers.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..model import Script
from .footing import Footing
from .postgresql_catalog import array, bare, plain
from .postgresql_locking import locking

__all__ = ["only_defines", "vouch"]

_STAMP = ("applied_at", "timestamp with time zone")
_DOUBT = "st44-migrate: not as plain as it was for pid "

_NAME = r'(?:"[^"]*"|[\w$.])+'
_UNLESS = r"(?:if\s+(?:not\s+)?exists\s+)?"
_ROW = rf"{_NAME}(?:\s+(?:asc|desc))?(?:\s+nulls\s+(?:first|last))?"
_BUILT_IN = (
    r"(?:smallint|integer|int|bigint|numeric|decimal|real|double\s+precision|boolean|text|uuid"
    r"|varchar|character\s+varying|char|date|timestamptz|timestamp|jsonb?|bytea)"
    r"(?:\s*\(\s*\d+(?:\s*,\s*\d+)?\s*\))?(?:\s+with(?:out)?\s+time\s+zone)?(?:\[\])?"
)
_PLAIN_VALUE = r"(?:'(?:[^']|'')*'|[\d.]+|true|false|null|current_timestamp)"

# What is checked or computed when a row comes is not, where there is none.
_TABLE = (
    rf"create\s+(?:unlogged\s+)?table\s+{_UNLESS}{_NAME}\s*\("
    r"(?!.*\b(?:select|values|execute|table|generated|like|exclude|partition)\b)"
)
# Columns, nothing else.
_INDEX = (
    rf"create\s+(?:unique\s+)?index\s+{_UNLESS}(?:{_NAME}\s+)?on\s+{_NAME}\s*"
    rf"\(\s*{_ROW}(?:\s*,\s*{_ROW})*\s*\)\s*\Z"
)
_COLUMN = (
    rf"alter\s+table\s+{_UNLESS}{_NAME}\s+(?:"
    rf"add\s+(?:column\s+)?{_UNLESS}{_NAME}\s+{_BUILT_IN}(?:\s+not)?(?:\s+null)?"
    rf"(?:\s+default\s+{_PLAIN_VALUE})?(?:\s+not\s+null)?"
    rf"|drop\s+(?:column\s+)?{_UNLESS}{_NAME}"
    rf"|rename\s+(?:column\s+)?(?:{_NAME}\s+)?to\s+{_NAME})\s*\Z"
)
_TYPE = rf"create\s+type\s+{_NAME}\s+as\s+(?:enum\s*)?\("
_COMMENT = r"comment\s+on\b"

_DEFINES = re.compile(f"{_TABLE}|{_INDEX}|{_COLUMN}|{_TYPE}|{_COMMENT}", re.IGNORECASE | re.DOTALL)


def only_defines(footing: Footing, script: Script) -> bool:
    """
    Whether *script* only defines things, where *footing* is plain, and names neither
    ledger nor journal.

    Of what is written in an unusual way, with a comment between the first words for
    one, it is not said.
    """
    if not footing.plain or script.begin or script.prologue or script.epilogue:
        return False
    if not any((c.name, c.type) == _STAMP for c in footing.columns):
        # How long the file took is read from it, by whoever looks, in whatever zone.
        return False
    text, tables = script.text.lower(), footing.tables
    ours = (name.rpartition(".")[2].strip('"').lower() for name in (tables.ledger, tables.journal))
    # The session's own schema of temporary things is no place for them.
    if any(name in text for name in ("pg_temp", *ours)):
        return False
    return all(_DEFINES.match(statement.text) for statement in script.statements)


def vouch(footing: Footing, key: int, versions: Sequence[str], lost: str) -> str:
    """
    Write what `Dialect.vouch` describes; *lost* is said of the lock.
    """
    pid = "pg_catalog.pg_backend_pid()"
    held = (
        f"SELECT 1 FROM {footing.tables.ledger}"
        f" WHERE {bare('version')} = ANY ({array(tuple(versions))}::text[])"
    )
    return (
        f"SELECT CASE WHEN NOT EXISTS ({locking(key).mine})"
        f" THEN pg_catalog.concat('{lost}', {pid})::integer"
        f" WHEN NOT ({plain(footing.tables)}) OR EXISTS ({held})"
        f" THEN pg_catalog.concat('{_DOUBT}', {pid})::integer END"
    )
