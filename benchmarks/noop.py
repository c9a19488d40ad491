"""
W3 and W4: a long ledger with nothing pending, and with one file.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from urllib.parse import urlsplit

import psycopg

from .arena import Arena, Costs
from .contestants import OURS, Contestant, bare, command
from .counting import count_once
from .figures import Section, ratio
from .spawn import ProgramFailedError
from .workloads import Files, idle

__all__ = ["nothing_to_do"]

_Rivals = dict[str, tuple[Contestant, Path, str]]


def nothing_to_do(
    arena: Arena, applied: int, peers: Sequence[Contestant], seen: dict[str, float]
) -> Iterator[Section]:
    """
    Let everybody find that all of *applied* files are applied; then add one.
    """
    files, ours, least = idle(applied), command(), bare()
    url, folder = arena.database(), arena.prepare(ours, files)
    arena.tell(f"W3: {OURS} applies {applied} files")
    arena.run(ours, folder, url)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("VACUUM ANALYZE")
    rivals: _Rivals = {least.name: (least, folder, url), OURS: (ours, folder, url)}
    costs = _again(arena, {**rivals, **_applied(arena, peers, files)})
    trips = count_once(arena, rivals)
    seen["w3 wall"] = ratio(costs, OURS, least.name)
    seen["w3 memory"] = ratio(costs, OURS, least.name, "memory")
    seen["w3 trips"] = trips[OURS]
    title = f"W3: {applied} files applied, none pending"
    note = "The limit is bare Python that connects, reads the ledger and hashes the files."
    yield Section(title, least.name, costs, note, trips)
    yield _one_more(arena, applied, folder, url, seen)


def _one_more(
    arena: Arena, applied: int, folder: Path, url: str, seen: dict[str, float]
) -> Section:
    """
    Add a file; each time on a copy of the database.
    """
    ours, least = command(), bare()
    costs: Costs = {least.name: [], OURS: []}
    trips: dict[str, float] = {}
    template = urlsplit(url).path.removeprefix("/")
    more = folder / "sql" / f"{applied + 1:05}_more.sql"
    for number in range(arena.rounds):
        arena.tell(f"W4, round {number + 1}")
        costs[least.name].append(arena.run(least, folder, url))
        more.write_text("CREATE TABLE t1 (id integer);\n", "utf-8")
        costs[OURS].append(arena.run(ours, folder, arena.database(template)))
        trips = count_once(arena, {OURS: (ours, folder, arena.database(template))})
        more.unlink()
    seen["w4 trips"] = trips[OURS]
    title = f"W4: {applied} files applied, one pending"
    note = "Beside the same bare Python, for which nothing is pending."
    return Section(title, least.name, costs, note, trips)


def _again(arena: Arena, rivals: _Rivals) -> Costs:
    costs: Costs = {name: [] for name in rivals}
    for number in range(arena.rounds):
        for name, (contestant, folder, url) in rivals.items():
            arena.tell(f"W3, round {number + 1}: {name}")
            costs[name].append(arena.run(contestant, folder, url))
    return costs


def _applied(arena: Arena, peers: Sequence[Contestant], files: Files) -> _Rivals:
    """
    Let each of the peers apply *files* in a database of its own.
    """
    rivals: _Rivals = {}
    for peer in peers:
        arena.tell(f"W3: {peer.name} applies {len(files)} files")
        folder, url = arena.prepare(peer, files), arena.database()
        try:
            arena.run(peer, folder, url)
        except ProgramFailedError as error:
            arena.failures[f"{peer.name}, W3"] = str(error)
        else:
            rivals[peer.name] = (peer, folder, url)
    return rivals
