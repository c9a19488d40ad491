"""
Round trips, counted by a proxy; those of connecting are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

import psycopg

from .arena import Arena
from .contestants import Contestant
from .proxy import Proxy, proxy
from .spawn import ProgramFailedError
from .workloads import Files

__all__ = ["count", "count_once", "through"]


def through(line: Proxy) -> Callable[[Arena], Iterator[str]]:
    """
    Give fresh databases, seen through *line*.
    """

    def fresh(arena: Arena) -> Iterator[str]:
        yield line.url(arena.database())

    return fresh


def count(
    arena: Arena, line: Proxy, contestants: Sequence[Contestant], files: Files
) -> dict[str, float]:
    """
    Count the round trips that each of *contestants* takes to apply *files*.
    """
    found: dict[str, float] = {}
    for contestant in contestants:
        arena.tell(f"round trips for {len(files)} files: {contestant.name}")
        folder = arena.prepare(contestant, files)
        try:
            found[contestant.name] = _counted(arena, line, contestant, folder, arena.database())
        except ProgramFailedError as error:
            arena.failures[f"{contestant.name}, counted"] = str(error)
    return found


def count_once(
    arena: Arena, rivals: Mapping[str, tuple[Contestant, Path, str]]
) -> dict[str, float]:
    """
    Count the round trips of each: who, in which folder, on which database.
    """
    with proxy(arena.server.url) as line:
        return {
            name: _counted(arena, line, contestant, folder, url)
            for name, (contestant, folder, url) in rivals.items()
        }


def _counted(arena: Arena, line: Proxy, contestant: Contestant, folder: Path, url: str) -> float:
    line.trips = 0
    psycopg.connect(line.url(url)).close()
    connecting, line.trips = line.trips, 0
    arena.run(contestant, folder, line.url(url))
    return line.trips - connecting
