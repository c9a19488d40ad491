"""
Placeholders: what stands for them is put in their place, and places stay known.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from operator import itemgetter
from typing import TypeAlias

from ..model import Meaning, Notation, Placeholder
from .flaw import Flaw, shown

__all__ = ["Pieces", "fill", "mask"]

Pieces: TypeAlias = tuple[tuple[int, int, bool], ...]
"""See `Origin.pieces`."""

_SWITCHES = {Meaning.FILL, Meaning.LEAVE}

_Change: TypeAlias = tuple[int, int, str]
"""From where to where in the file, and what is read instead."""


def mask(text: str, placeholder: Placeholder | None) -> str:
    """
    Hide placeholders, which are no SQL yet, behind as many letters.
    """
    if placeholder is None or not placeholder.everywhere:
        return text
    return placeholder.pattern.sub(lambda found: "x" * len(found.group()), text)


def fill(
    text: str,
    notation: Notation,
    values: Mapping[str, str],
    parts: Sequence[tuple[int, int]],
    comments: Sequence[tuple[int, int]],
) -> tuple[str, Pieces]:
    """
    Put the parts of *text* together, with *values* for the placeholders in them.

    Raises:
        Flaw: a placeholder outside of comments has no value.
    """
    out: list[str] = []
    pieces: list[tuple[int, int, bool]] = []
    length = 0

    def add(start: int, what: str, *, same: bool) -> None:
        nonlocal length
        if what:
            out.append(what)
            pieces.append((length, start, same))
            length += len(what)

    for number, part in enumerate(parts):
        at, end = part
        if number:
            # Whatever the part before ends with, this one begins a statement.
            add(at, "\n;\n", same=False)
        for start, stop, what in sorted(_changes(text, notation, values, part, comments)):
            add(at, text[at:start], same=True)
            add(start, what, same=False)
            at = stop
        add(at, text[at:end], same=True)
    return "".join(out), tuple(pieces)


def _changes(
    text: str,
    notation: Notation,
    values: Mapping[str, str],
    part: tuple[int, int],
    comments: Sequence[tuple[int, int]],
) -> Iterator[_Change]:
    placeholder = notation.placeholder
    if placeholder is None:
        return
    begin, end = part
    regions = [(begin, end)]
    if not placeholder.everywhere:
        switches = list(_switches(text, notation, end))
        regions = list(_between(switches, begin, end))
        # The tool drops these lines, also where they are part of a quote.
        yield from ((start, stop, "") for start, stop, _ in switches if start >= begin)
    for start, stop in regions:
        for found in placeholder.pattern.finditer(text, start, stop):
            name = found["name"]
            if name is None:
                yield found.start(), found.end(), found["text"] or ""
            elif name in values:
                yield found.start(), found.end(), values[name]
            elif not _inside(comments, found.start()):
                raise Flaw(found.start(), *_nameless(found, name, notation.tool))


def _switches(text: str, notation: Notation, end: int) -> Iterator[tuple[int, int, Meaning]]:
    """
    Yield the lines before *end* that turn filling in on and off.

    They are looked for line by line, in quotes too, as the tool does: it fills in
    before anybody reads SQL.
    """
    at = 0
    while at < end:
        behind = text.find("\n", at) + 1 or len(text)
        marker = next((m for m in notation.markers if m.pattern.match(text, at)), None)
        if marker is not None and marker.means in _SWITCHES:
            yield at, behind, marker.means
        at = behind


def _between(
    switches: Sequence[tuple[int, int, Meaning]], begin: int, end: int
) -> Iterator[tuple[int, int]]:
    """
    Yield where placeholders are filled in, between *begin* and *end*.
    """
    start: int | None = None
    for at, behind, means in (*switches, (end, end, Meaning.LEAVE)):
        if start is not None and at > begin:
            yield max(start, begin), at
        start = behind if means is Meaning.FILL else None


def _inside(comments: Sequence[tuple[int, int]], offset: int) -> bool:
    before = bisect_right(comments, offset, key=itemgetter(0))
    return bool(before) and comments[before - 1][1] > offset


def _nameless(found: re.Match[str], name: str, tool: str) -> tuple[str, str]:
    return (
        f"{shown(found.group())} is a placeholder of {tool}, and nothing is said to stand for it.",
        f"Say it: --set '{shown(name)}=...', or values={{'{shown(name)}': ...}} in Python."
        " It is never run as it stands.",
    )
