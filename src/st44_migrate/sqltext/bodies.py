"""
Where the body of a routine begins.
"""

from __future__ import annotations

from .lexer import spans
from .lexicon import lexicon_of

__all__ = ["body_start"]


def body_start(statement: str) -> int | None:
    """
    Return the offset of the first character inside the first dollar quote of a
    PostgreSQL statement; None where it has none.
    """
    for opener, start, end in spans(statement, lexicon_of("postgresql")):
        if opener == "$" and end - start > 1:
            return statement.index("$", start + 1) + 1
    return None
