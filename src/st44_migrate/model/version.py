"""
Versions: an integer in most folders, several integers and a name in some.

``046`` and ``46`` are one version, ``1.10`` comes after ``1.9`` and is
``1.10.0``, and ``20240528214728_add_a`` comes before ``20240528214728_add_b``.
All of them can be compared with each other, so that a ledger may hold rows of
any kind: integers first, one by one; what follows them after that, as text.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from typing import TypeAlias

__all__ = ["LongVersion", "Version", "read_version", "spellings"]

_MOST_DIGITS = 100
"""What is longer is no number of anybody, and slow to read as one."""

_PARTS = re.compile(
    rf"(?P<numbers>[0-9]{{1,{_MOST_DIGITS}}}(?:\.[0-9]{{1,{_MOST_DIGITS}}})*)?(?![0-9])"
)


@dataclass(frozen=True, slots=True, eq=False, order=False)
class LongVersion:
    """
    A version that is more than an integer, or may be in its folder.

    >>> LongVersion((1, 10)) > LongVersion((1, 9)) > 1
    True
    >>> str(LongVersion((1, 10, 0)))
    '1.10'

    Args:
        numbers: The integers that it begins with; zeros at the end do not count.

        tail: What follows them, compared as text.
    """

    numbers: tuple[int, ...]
    tail: str = ""

    @property
    def order(self) -> tuple[tuple[int, ...], str]:
        """
        What it is compared by.
        """
        numbers = self.numbers
        while len(numbers) > 1 and not numbers[-1]:
            numbers = numbers[:-1]
        return numbers, self.tail

    def __str__(self) -> str:
        numbers, tail = self.order
        return ".".join(map(str, numbers)) + tail

    def __hash__(self) -> int:
        numbers, tail = self.order
        return hash(self.order if tail or len(numbers) != 1 else numbers[0])

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, LongVersion | int):
            return NotImplemented
        return self.order == _order(other)

    def __lt__(self, other: Version) -> bool:
        return self.order < _order(other)

    def __le__(self, other: Version) -> bool:
        return self.order <= _order(other)

    def __gt__(self, other: Version) -> bool:
        return self.order > _order(other)

    def __ge__(self, other: Version) -> bool:
        return self.order >= _order(other)


Version: TypeAlias = int | LongVersion
"""What identifies a migration and orders it; equal versions have equal hashes."""


def read_version(text: str) -> Version | None:
    """
    Read a version as a ledger holds it or a person writes it; None: it is blank.

    >>> read_version("046"), str(read_version("20240528214728_add_a"))
    (46, '20240528214728_add_a')
    """
    text = text.strip()
    if text.isascii() and text.isdigit() and len(text) <= _MOST_DIGITS:
        return int(text)
    found = _PARTS.match(text)
    written = (found["numbers"] or "") if found else ""
    numbers = tuple(map(int, written.split("."))) if written else ()
    return LongVersion(numbers, text[len(written) :]) if text else None


@lru_cache(maxsize=4)  # each file asks several times
def spellings(label: str) -> tuple[str, ...]:
    """
    Write a version in every way a ledger may hold it: "40", "040", "0040".

    Of what is more than an integer, in the usual ways: "1.10", "1.10.0".
    """
    version = read_version(label)
    if isinstance(version, LongVersion):
        zeros = ("", ".0", ".0.0") if not version.tail else ("",)
        return tuple(dict.fromkeys([label, *(f"{version}{more}" for more in zeros)]))
    bare = label.lstrip("0") or "0"
    padded = [bare.zfill(width) for width in range(len(bare), 21)]
    return (label, *(text for text in padded if text != label))


def _order(version: Version) -> tuple[tuple[int, ...], str]:
    return version.order if isinstance(version, LongVersion) else ((version,), "")
