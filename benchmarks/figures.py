"""
From costs to ratios, and to tables for people.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from statistics import median

from .arena import Costs
from .contestants import LIBRARY
from .spawn import Cost

__all__ = ["Section", "markdown", "ratio"]


@dataclass
class Section:
    """
    A table: what was measured, beside whom, and what each contestant took.

    *trips* are round trips after connecting, where they were counted; *per* is by
    how many files they are divided.
    """

    title: str
    base: str
    costs: Costs
    note: str = ""
    trips: dict[str, float] = field(default_factory=dict)


def ratio(costs: Costs, name: str, base: str, what: str = "wall") -> float:
    """
    Divide *name* by *base* in each round, and give the median of the rounds.
    """
    rounds = zip(costs[name], costs[base], strict=False)
    return median(_figure(one, what) / _figure(other, what) for one, other in rounds)


def _figure(cost: Cost, what: str) -> float:
    return {"wall": cost.wall, "cpu": cost.cpu, "memory": cost.memory}[what]


def markdown(section: Section) -> str:
    """
    Write a section as a table, the fastest first.
    """
    head = ["", "wall / limit", "client CPU / limit", "peak memory / limit", "wall"]
    if section.trips:
        head.append("round trips")
    rows = sorted(
        (name for name, costs in section.costs.items() if costs),
        key=lambda name: ratio(section.costs, name, section.base),
    )
    lines = [head, ["---", *["--:"] * (len(head) - 1)]]
    lines += [_row(section, name, len(head)) for name in rows]
    table = "\n".join(f"| {' | '.join(line)} |" for line in lines)
    return "\n\n".join(filter(None, (f"## {section.title}", section.note, table)))


def _row(section: Section, name: str, width: int) -> list[str]:
    costs = section.costs
    ratios = [ratio(costs, name, section.base, what) for what in ("wall", "cpu", "memory")]
    seconds = median(cost.wall for cost in costs[name])
    row = [f"**{name}**" if name in LIBRARY else name]
    row += [f"{value:.2f}" for value in ratios]
    row.append(f"{seconds:.2f} s")
    if width > len(row):
        row.append(f"{section.trips[name]:g}" if name in section.trips else "")
    return row
