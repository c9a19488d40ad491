"""
What has to hold, and what was seen.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

__all__ = ["BARS", "Bar", "bars_table"]


@dataclass(frozen=True, slots=True)
class Bar:
    """
    A figure that may be *limit* at most, or at least.
    """

    key: str
    what: str
    limit: float
    at_least: bool = False

    def holds(self, seen: float) -> bool:
        """
        Whether *seen* is as it has to be.
        """
        return seen >= self.limit if self.at_least else seen <= self.limit


BARS = (
    Bar("w1 wall", "W1 wall / one-round-trip loop", 1.05),
    Bar("w1 peers", "W1 wall / the fastest peer's", 1.0),
    Bar("w1 cpu", "W1 client CPU / one-round-trip loop", 1.5),
    Bar("w1 far", "W1 with 10 ms added to each round trip, wall / loop", 0.2),
    Bar("w1 async", "W1 async / sync", 1.1),
    Bar("w2 async", "W2 async / sync", 1.1),
    Bar("w3 trips", "W3 round trips after connecting", 2),
    Bar("w3 wall", "W3 command wall / bare Python", 1.3),
    Bar("w3 memory", "W3 peak memory / bare Python", 1.3),
    Bar("w4 trips", "W4 round trips after connecting", 8),
    Bar("lite wall", "SQLite W1 wall / loop with BEGIN IMMEDIATE", 1.25),
    Bar("lexer", "lexer on real folders, MB/s", 5, at_least=True),
    Bar("reader", "the same, read whole: lexer, roles, checksum, MB/s", 5, at_least=True),
    Bar("lexer growth", "a file read whole, 20 MB / 10 MB", 2.2),
    Bar("files time", "10,000 files of 50 MB / 5,000 of 25 MB, CPU", 2.2),
    Bar("files memory", "the same, peak memory", 2.2),
    Bar("file time", "one file with 20 MB of statements / 10 MB, CPU", 2.2),
    Bar("file memory", "the same, peak memory", 2.2),
)


def bars_table(seen: Mapping[str, float], bars: Sequence[Bar] = BARS) -> str:
    """
    Write the bars beside what was seen.
    """
    lines = ["| what | bar | seen | |", "| --- | --: | --: | --- |"]
    for bar in bars:
        if bar.key not in seen:
            lines.append(f"| {bar.what} | {_bar(bar)} | not measured | |")
            continue
        found = seen[bar.key]
        verdict = "holds" if bar.holds(found) else "**missed**"
        lines.append(f"| {bar.what} | {_bar(bar)} | {found:.2f} | {verdict} |")
    return "\n".join(lines)


def _bar(bar: Bar) -> str:
    return f"{'>=' if bar.at_least else '<='} {bar.limit:g}"
