"""
The part of a file that is read, where another tool's layout wrote it.

Comments of that tool say which part goes forward and which back; only the first
is taken, whatever stands in the other.  They count where the tool's own reader
finds them, at the beginning of a line, and nowhere inside of a quote: a line
``-- +goose Down`` in a function's body is a part of that body.  Placeholders are
filled in, or refused; never run as they stand.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from typing import NamedTuple, TypeAlias

from ..model import Header, Marker, Meaning, Notation, Origin
from .flaw import Flaw, shown
from .lexer import spans, tokens
from .lexicon import COMMENTS, Lexicon
from .placeholders import fill, mask

__all__ = ["Excerpt", "take_excerpt"]

_DASHES = re.compile("--++")
_OPENS = {Meaning.UP, Meaning.UP_ALONE}
_ALONE = {Meaning.UP_ALONE, Meaning.ALONE}

Extent: TypeAlias = tuple[int, int]
"""Where something starts and ends, in characters."""


class Excerpt(NamedTuple):
    """
    What is read of a file: *origin* is None if that is all of it.
    """

    text: str
    origin: Origin | None
    header: Header


@dataclass(slots=True)
class _Found:
    """
    What one look at a file finds in it.

    Args:
        parts: What is read.

        comments: All comments in there.

        markers: Those that mean something.

        slips: Those that were to be markers, and are none.
    """

    parts: list[Extent] = field(default_factory=list[Extent])
    comments: list[Extent] = field(default_factory=list[Extent])
    markers: list[tuple[Marker, int, int]] = field(default_factory=list[tuple[Marker, int, int]])
    slips: list[Extent] = field(default_factory=list[Extent])


def take_excerpt(
    text: str, notation: Notation | None, values: Mapping[str, str], lexicon: Lexicon
) -> Excerpt:
    """
    Take from a file what goes forward, placeholders filled in.

    Raises:
        Flaw: nothing would be read, something would be left out, or a placeholder
            stands for nothing.
    """
    if notation is None or not _concerns(text, notation):
        return Excerpt(text, None, Header())
    hidden = mask(text, notation.placeholder)
    found = _look(hidden, notation, lexicon)
    _check(hidden, notation, found, lexicon)
    alone = any(marker.means in _ALONE for marker, _, _ in found.markers)
    header = Header(transaction=False if alone else None)
    taken, pieces = fill(text, notation, values, found.parts, found.comments)
    if taken == text:
        return Excerpt(text, None, header)
    return Excerpt(taken, Origin(text, pieces), header)


def _concerns(text: str, notation: Notation) -> bool:
    """
    Whether the notation has a word to say about *text*; most files need no more.
    """
    if notation.sections or (notation.placeholder and notation.placeholder.pattern.search(text)):
        return True
    return any(_may_mean(text, found.start(), notation) for found in _DASHES.finditer(text))


def _may_mean(text: str, at: int, notation: Notation) -> bool:
    """
    Whether a comment that began at *at* would be a marker, or nearly.
    """
    if notation.almost is not None and notation.almost.match(text, at):
        return True
    return _marker_of(text, at, notation) is not None


def _marker_of(text: str, at: int, notation: Notation) -> Marker | None:
    """
    Find the marker that the comment at *at* is: one that is first in its line.
    """
    line = text.rfind("\n", 0, at) + 1
    return None if text[line:at].strip() else _marker_in(text, line, notation)


def _marker_in(text: str, line: int, notation: Notation) -> Marker | None:
    return next((m for m in notation.markers if m.pattern.match(text, line)), None)


def _look(text: str, notation: Notation, lexicon: Lexicon) -> _Found:
    found = _Found()
    at: int | None = 0
    while at is not None:
        begin, at, end = at, None, len(text)
        for marker, start, behind in _markers(text, begin, notation, lexicon, found):
            if marker.means is Meaning.DOWN:
                # What goes back is never read, so nobody says that it is SQL.
                end, at = start, _next_opening(text, behind, notation, found)
                break
            if not marker.leading or _first_token(text, lexicon, start) is None:
                found.markers.append((marker, start, behind))
        found.parts.append((begin, end))
    return found


def _markers(
    text: str, at: int, notation: Notation, lexicon: Lexicon, found: _Found
) -> Iterator[tuple[Marker, int, int]]:
    """
    Yield the markers among the comments, each with the extent of its line.
    """
    for opener, start, end in spans(text, lexicon, at):
        if opener not in COMMENTS:
            continue
        found.comments.append((start, end))
        if opener != "--":
            continue
        marker = _marker_of(text, start, notation)
        if marker is not None:
            yield marker, text.rfind("\n", 0, start) + 1, end
        elif notation.almost is not None and notation.almost.match(text, start, end):
            found.slips.append((start, end))


def _next_opening(text: str, at: int, notation: Notation, found: _Found) -> int | None:
    """
    Find the next line that opens a part that is read, as the tool itself does: by lines.
    """
    while (at := text.find("\n", at) + 1) > 0:
        marker = _marker_in(text, at, notation)
        if marker is not None and marker.means in _OPENS:
            return at
        if marker is None and notation.almost is not None:
            slip = _line_at(text, at)
            if notation.almost.match(text, *slip):
                found.slips.append(slip)
    return None


def _line_at(text: str, at: int) -> Extent:
    """
    Find where the line that begins at *at* has its first character, and its end.
    """
    end = text.find("\n", at)
    line = text[at : end if end >= 0 else len(text)]
    return at + len(line) - len(line.lstrip()), at + len(line)


def _first_token(text: str, lexicon: Lexicon, end: int, at: int = 0) -> int | None:
    """
    Find the first thing before *end* that is neither blank nor comment.
    """
    return next((start for _, start, _ in tokens(text[:end], lexicon, at)), None)


def _check(text: str, notation: Notation, found: _Found, lexicon: Lexicon) -> None:
    for start, end in found.slips:
        raise Flaw(start, *_unclear(text[start:end].strip(), notation))
    for marker, start, end in found.markers:
        if marker.means is Meaning.ELSEWHERE:
            _refuse_elsewhere(text, marker, start, end, lexicon)
    first = next((start for marker, start, _ in found.markers if marker.means in _OPENS), None)
    if first is None and not notation.sections:
        return
    stray = _first_token(text, lexicon, found.parts[0][1] if first is None else first)
    if stray is not None:
        raise Flaw(
            stray,
            f"this stands before any '{notation.opening}', and {notation.tool} does not run it.",
            f"Write '{notation.opening}' before it, or delete it.",
        )
    if first is None:
        raise Flaw(
            0,
            f"there is no '{notation.opening}' in it, so {notation.tool} runs nothing of it.",
            f"Write '{notation.opening}' before its first statement; or is it another tool's file?"
            " st44-migrate detect says whose.",
        )


def _unclear(comment: str, notation: Notation) -> tuple[str, str]:
    return (
        f"'{shown(comment)}' looks like a marker of {notation.tool} and is none, so that nobody"
        " knows which way what follows goes.",
        f"Write it as {notation.tool} does, at the beginning of a line of its own, like"
        f" '{notation.opening}'; or, if it is a remark, in other words.",
    )


def _refuse_elsewhere(text: str, marker: Marker, start: int, end: int, lexicon: Lexicon) -> None:
    if _first_token(text, lexicon, len(text), end) is None:
        return
    what = text[start:end].strip()
    raise Flaw(
        start,
        f"'{what}': what follows is what {marker.tool} runs to go back, and would run here.",
        f"If {marker.tool} wrote this folder, say so: --layout {marker.tool}. Else delete that line.",
    )
