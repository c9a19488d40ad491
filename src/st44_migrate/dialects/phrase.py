"""
Statements of ours that say the same for every file, but for their values.

A `Phrase` is SQL like any other.  Besides, it knows its form, so that a server
that is told the form once can be told the values only: most of what a server
does for a short statement is to find out what it means.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Self

__all__ = ["GAP", "Phrase"]

GAP = "\0"
"""Where a value goes; no SQL has it."""


class Phrase(str):  # noqa: SLOT000 -- a str that has more to say
    """
    A statement, or a part of one, with its values in their places.

    >>> phrase = Phrase(f"SELECT {GAP} WHERE {GAP}", ["'a'", "true"])
    >>> phrase, phrase.numbered, phrase.values
    ("SELECT 'a' WHERE true", 'SELECT $1 WHERE $2', ("'a'", 'true'))

    Args:
        form: The text with a `GAP` for each value.

        values: Literals, in the dialect's spelling.
    """

    form: str
    values: tuple[str, ...]

    def __new__(cls, form: str, values: Sequence[str]) -> Self:
        phrase = super().__new__(cls, _filled(form, values))
        phrase.form = form
        phrase.values = tuple(values)
        return phrase

    @property
    def numbered(self) -> str:
        """
        The form as ``PREPARE`` takes it.
        """
        return _filled(self.form, (f"${number}" for number in range(1, len(self.values) + 1)))


def _filled(form: str, values: Iterable[str]) -> str:
    first, *rest = form.split(GAP)
    parts = [first]
    for value, part in zip(values, rest, strict=True):
        parts += (value, part)
    return "".join(parts)
