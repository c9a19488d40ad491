"""
How a time, a duration, a number of things and a table are written.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

__all__ = ["columns", "count", "duration", "indent", "iso", "moment"]


def moment(when: datetime | None) -> str:
    """
    Write a time for people: ``"2025-12-14 02:30:00Z"``; ``"-"`` for none.

    Times are written in UTC: a deploy log is read in other zones than it was
    written in.
    """
    return f"{_utc(when):%Y-%m-%d %H:%M:%S}Z" if when else "-"


def iso(when: datetime | None) -> str | None:
    """
    Write a time for programs, ISO 8601 in UTC: ``"2025-12-14T02:30:00.123Z"``.
    """
    if when is None:
        return None
    return _utc(when).replace(tzinfo=None).isoformat(timespec="milliseconds") + "Z"


def _utc(when: datetime) -> datetime:
    # A naive time is the ledger's, which is kept in UTC.
    return when.astimezone(UTC) if when.tzinfo else when.replace(tzinfo=UTC)


def duration(milliseconds: int | None) -> str:
    """
    Write a duration with the unit that suits it; ``"-"`` for none.

    >>> [duration(ms) for ms in (7, 1234, 61_000, 7_500_000)]
    ['7 ms', '1.2 s', '1 min 1 s', '2 h 5 min']
    """
    if milliseconds is None:
        return "-"
    if milliseconds < 1000:
        return f"{milliseconds} ms"
    if milliseconds < 59_950:
        return f"{milliseconds / 1000:.1f} s"
    seconds = round(milliseconds / 1000)
    if seconds < 3600:
        return f"{seconds // 60} min {seconds % 60} s"
    return f"{seconds // 3600} h {seconds % 3600 // 60} min"


def count(number: int, noun: str) -> str:
    """
    Write a number of things: ``"1 file"``, ``"2 files"``.
    """
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"


def columns(rows: Sequence[Sequence[str]]) -> Iterator[str]:
    """
    Yield *rows* as lines with aligned columns, two blanks between them.
    """
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        yield "  ".join(cells).rstrip()


def indent(text: str, by: str = "  ") -> str:
    """
    Put *by* before every line of *text*.
    """
    return "\n".join(by + line if line else line for line in text.splitlines())
