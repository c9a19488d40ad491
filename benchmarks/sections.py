"""
What is measured: one function for each table.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import psycopg

from .arena import Arena, fresh_lite, fresh_postgres
from .contestants import LIMIT, LITE_LIMIT, OURS, Contestant, lite, postgres
from .corpora import real_folders
from .counting import count, through
from .figures import Section, ratio
from .proxy import proxy
from .workloads import mixed, tiny

__all__ = ["Sizes", "far", "near", "on_sqlite", "real"]

Seen = dict[str, float]


@dataclass(frozen=True, slots=True)
class Sizes:
    """
    How many files the workloads have.
    """

    tiny: int = 1000
    mixed: int = 200
    applied: int = 10_000
    counted: int = 200


def near(arena: Arena, sizes: Sizes, peers: Sequence[Contestant], seen: Seen) -> Iterator[Section]:
    """
    W1 and W2 on a server next door.
    """
    others = [peer.name for peer in peers]
    for key, title, files in (
        ("w1", f"W1: {sizes.tiny} tiny files", tiny(sizes.tiny)),
        ("w2", f"W2: {sizes.mixed} mixed files", mixed(sizes.mixed)),
    ):
        costs = arena.compare(title, [*postgres(), *peers], files, fresh_postgres)
        seen[f"{key} async"] = ratio(costs, "migrate_async()", "migrate()")
        seen[f"{key} wall"] = ratio(costs, OURS, LIMIT)
        seen[f"{key} cpu"] = ratio(costs, OURS, LIMIT, "cpu")
        best = [name for name in others if costs.get(name)]
        if best:
            seen[f"{key} peers"] = max(ratio(costs, OURS, name) for name in best)
        yield Section(title, LIMIT, costs)


def far(
    arena: Arena,
    sizes: Sizes,
    peers: Sequence[Contestant],
    seen: Seen,
    *,
    delay: float = 0.01,
) -> Iterator[Section]:
    """
    W1 with a server that is far away; and how many round trips it takes.
    """
    rivals = [c for c in postgres() if c.name in {LIMIT, OURS, "migrate_async()"}]
    files = tiny(sizes.tiny)
    far_away = f"each round trip {delay * 1000:g} ms longer"
    with proxy(arena.server.url) as line:
        counted = count(arena, line, [*postgres(), *peers], tiny(sizes.counted))
        trips = count(arena, line, rivals, files)
    with proxy(arena.server.url, delay) as line:
        title, most = f"W1, {far_away}", min(3, arena.rounds)
        costs = arena.compare(title, rivals, files, through(line), rounds=most)
        seen["w1 far"] = ratio(costs, OURS, LIMIT)
        yield Section(title, LIMIT, costs, trips=trips)
        files = tiny(sizes.counted)
        title = f"{sizes.counted} tiny files, {far_away}"
        costs = arena.compare(title, [*postgres(), *peers], files, through(line), rounds=1)
        yield Section(title, LIMIT, costs, note="One round.", trips=counted)


def on_sqlite(
    arena: Arena, sizes: Sizes, peers: Sequence[Contestant], seen: Seen
) -> Iterator[Section]:
    """
    W1 and W2 on SQLite.
    """
    for key, title, files in (
        ("lite", f"SQLite, W1: {sizes.tiny} tiny files", tiny(sizes.tiny)),
        ("lite w2", f"SQLite, W2: {sizes.mixed} mixed files", mixed(sizes.mixed, sqlite=True)),
    ):
        costs = arena.compare(title, [*lite(), *peers], files, fresh_lite)
        seen[f"{key} wall"] = ratio(costs, OURS, LITE_LIMIT)
        yield Section(title, LITE_LIMIT, costs)


def real(arena: Arena, root: Path) -> Iterator[Section]:
    """
    W5: real folders.
    """
    rivals = [c for c in postgres() if c.name in {LIMIT, OURS}]
    for folder in real_folders(root):

        def fresh(arena: Arena, setup: Sequence[str] = folder.setup) -> Iterator[str]:
            url = arena.database()
            with psycopg.connect(url, autocommit=True) as conn:
                for statement in setup:
                    conn.execute(statement.encode())
            yield url

        title = f"W5, {folder.name}: {len(folder.files)} of {folder.total} files"
        try:
            costs = arena.compare(title, rivals, folder.files, fresh, checked=False)
        except psycopg.Error as error:
            arena.failures[title] = str(error)
            continue
        if all(costs.get(rival.name) for rival in rivals):
            yield Section(title, LIMIT, costs)
