"""
Where a stored program of MariaDB ends: its blocks nest, and begin with many words.
"""

from __future__ import annotations

from collections.abc import Iterable

__all__ = ["program_extent"]

_OPENERS = frozenset({"if", "case", "loop", "while", "repeat", "for"})
"""Words that open a block where a statement begins; each ends with an END."""

_BEFORE_STATEMENTS = frozenset({";", ":", "begin", "then", "else", "do", "loop", "repeat", "row"})
_EXPRESSION = "case of an expression"


def program_extent(found: Iterable[tuple[str, int, int]], length: int) -> tuple[int, int]:
    """
    Find the end of the statement whose tokens are *found*, and where the next may begin.

    Args:
        found: Words in lower case and signs, each with its start and end.

        length: Where the text ends.
    """
    blocks: list[str] = []
    previous = before = ""
    end = length
    for word, _, after in found:
        if word == ";" and not blocks:
            return end, after
        if word == "end":
            blocks[-1:] = []
        elif previous == "end" and word in _OPENERS:
            pass  # END IF and its like
        elif word in _OPENERS and _begins(previous, before, blocks):
            blocks.append(word)
        elif word == "case":
            blocks.append(_EXPRESSION)
        elif word == "begin" and previous not in {".", ","}:
            blocks.append(word)
        before, previous, end = previous, word, after
    return end, length


def _begins(previous: str, before: str, blocks: list[str]) -> bool:
    """
    Whether a statement begins behind the token *previous*.
    """
    if previous in {"then", "else"}:
        return blocks[-1:] != [_EXPRESSION]
    if previous in {"loop", "repeat"}:
        return before != "end"
    # Behind its parameters, the body of a procedure may be a single statement.
    return previous in _BEFORE_STATEMENTS or (previous == ")" and not blocks)
