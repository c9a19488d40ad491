"""
Which files of PostgreSQL only define things.

Such a file runs nobody's code but the server's: it leaves the session as it is, and
sees and changes nothing of ledger and journal.  Somebody's own code may run wherever
rows are read or written, or an expression is computed; and where something is
defined, if there are event triggers.
"""

from __future__ import annotations

import re

from ..model import Script
from .footing import Footing

__all__ = ["only_defines", "stirs"]

_NAME = r'(?:"(?:[^"]|"")*"|[\w$.])+'
_UNLESS = r"(?:if\s+(?:not\s+)?exists\s+)?"

# What is checked or computed when a row comes is not, where there is none.
_TABLE = rf"create\s+(?:unlogged\s+)?table\s+{_UNLESS}{_NAME}\s*\((?!.*\b(?:select|values|execute|table)\b)"
# One pair of parentheses: columns, and no function.
_INDEX = rf"create\s+(?:unique\s+)?index\s+{_UNLESS}(?:{_NAME}\s+)?on\s+{_NAME}\s+[^()]*\([^()]*\)[^()]*\Z"
_COLUMN = (
    rf"alter\s+table\s+{_UNLESS}{_NAME}\s+(?:add|drop|rename)\b"
    r"(?!.*\b(?:type|validate|attach|using)\b)[^()]*\Z"
)
_TYPE = rf"create\s+type\s+{_NAME}\s+as\s+(?:enum\s*)?\("
_COMMENT = r"comment\s+on\b"

_DEFINES = re.compile(f"{_TABLE}|{_INDEX}|{_COLUMN}|{_TYPE}|{_COMMENT}", re.IGNORECASE | re.DOTALL)


def only_defines(footing: Footing, script: Script) -> bool:
    """
    Whether *script* only defines things, in a database where nobody watches that.

    Of what is written in an unusual way, with a comment between the first words for
    one, it is not said.
    """
    if footing.watched or script.begin or script.prologue or script.epilogue:
        return False
    # The session's own schema of temporary things.
    return "pg_temp" not in script.text.lower() and all(
        _DEFINES.match(statement.text) for statement in script.statements
    )


def stirs(footing: Footing, script: Script) -> bool:
    """
    Whether *script* may have the database run code when something is defined or
    recorded, or may change ledger or journal.
    """
    text = script.text.lower()
    if "event" in text and "trigger" in text:
        return True
    tables = footing.tables
    names = (name.rpartition(".")[2].strip('"').lower() for name in (tables.ledger, tables.journal))
    return any(name in text for name in names)
