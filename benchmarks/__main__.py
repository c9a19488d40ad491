"""
One command that runs everything and writes a table and plots.
"""

from __future__ import annotations

import argparse
import os
import platform
import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path

import psycopg

import benchmarks
from st44_migrate.testing.servers import PostgresServer, postgres_server

from . import lexing
from .arena import Arena
from .bars import bars_table
from .figures import Section, markdown
from .noop import nothing_to_do
from .peers import Peers, install
from .scale import grown
from .sections import Sizes, far, near, near_swift, on_sqlite, real
from .workloads import mixed

_MEMORY = "/dev/shm"
_ROOT = Path(__file__).parent
_SECTIONS = ("near", "far", "noop", "sqlite", "real", "lexer", "scale")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        "python -m benchmarks", description=(benchmarks.__doc__ or "").strip().splitlines()[0]
    )
    parser.add_argument("--rounds", type=int, default=5, help="how often all is repeated")
    parser.add_argument("--only", nargs="+", choices=_SECTIONS, default=_SECTIONS)
    parser.add_argument("--smoke", action="store_true", help="tiny sizes, one round")
    parser.add_argument("--no-peers", action="store_true", help="only what is here")
    parser.add_argument("--no-plots", action="store_true", help="matplotlib is not needed")
    parser.add_argument("--out", type=Path, default=_ROOT / "results")
    parser.add_argument("--peers", type=Path, default=_ROOT / ".peers", help="where to install")
    parser.add_argument("--url", help="a server to create databases on; else one is started")
    parser.add_argument(
        "--corpora", type=Path, default=_ROOT.parents[1] / "shared" / "corpora", help="real folders"
    )
    return parser.parse_args()


def main() -> None:
    options = _options()
    sizes = Sizes(20, 16, 50, 10) if options.smoke else Sizes()
    rounds = 1 if options.smoke else options.rounds
    peers = None if options.no_peers else install(options.peers)
    seen: dict[str, float] = {}
    with ExitStack() as stack:
        given = PostgresServer(options.url, "url") if options.url else None
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="st44-bench-")))
        server = given or stack.enter_context(postgres_server())
        swift = given or stack.enter_context(_server_in_memory())
        arena = Arena(server, scratch, rounds, _tell)
        arenas = (arena, replace(arena, server=swift))
        sections = list(_run(options, arenas, sizes, peers, seen))
        about = _about(server, rounds)
    options.out.mkdir(parents=True, exist_ok=True)
    text = _page(about, sections, seen, arena, peers)
    (options.out / "table.md").write_text(text, "utf-8")
    if not options.no_plots:
        from .plots import plot

        plot(sections, options.out)
    print(text)


def _run(
    options: argparse.Namespace,
    arenas: tuple[Arena, Arena],
    sizes: Sizes,
    peers: Peers | None,
    seen: dict[str, float],
) -> Iterator[Section]:
    arena, swift = arenas
    others = peers.postgres() if peers else []
    if "near" in options.only:
        yield from near(arena, sizes, others, seen)
        yield from near_swift(swift, sizes, seen)
    if "far" in options.only:
        yield from far(arena, swift, sizes, others, seen)
    if "noop" in options.only:
        yield from nothing_to_do(arena, sizes.applied, others, seen)
    if "sqlite" in options.only:
        yield from on_sqlite(arena, sizes, peers.lite() if peers else [], seen)
    if "real" in options.only and options.corpora.is_dir():
        yield from real(arena, options.corpora)
    if "scale" in options.only:
        files, megabytes = (20, 0.2) if options.smoke else (10_000, 20)
        yield from grown(arena, files, megabytes, seen)
    if "lexer" in options.only:
        texts = [("postgresql", text.encode()) for text in mixed(200).values()]
        if options.corpora.is_dir():
            texts = lexing.corpus_texts(options.corpora)
        _tell("the lexer")
        seen["lexer"] = lexing.speed(texts, arena.rounds, lexing.split)
        seen["reader"] = lexing.speed(texts, arena.rounds, lexing.read)
        seen["lexer growth"] = lexing.growth(1 if options.smoke else 20, min(3, arena.rounds))


@contextmanager
def _server_in_memory() -> Iterator[PostgresServer]:
    """
    Start a server whose files are in memory, where there is room: there its own work
    hides less of what stands in front of it.
    """
    before = tempfile.tempdir
    if os.access(_MEMORY, os.W_OK) and shutil.disk_usage(_MEMORY).free > 4e9:
        tempfile.tempdir = _MEMORY
    try:
        with postgres_server() as server:
            tempfile.tempdir = before
            yield server
    finally:
        tempfile.tempdir = before


def _tell(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def _about(server: PostgresServer, rounds: int) -> str:
    with psycopg.connect(server.url) as conn:
        version = conn.execute("SHOW server_version").fetchone()
        settings = conn.execute(
            "SELECT string_agg(name || ' = ' || setting, ', ' ORDER BY name) FROM pg_settings"
            " WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes')"
        ).fetchone()
    assert version is not None
    assert settings is not None
    when = datetime.now(UTC).strftime("%Y-%m-%d")
    return (
        f"Taken on {when}: {platform.machine()}, {os.cpu_count()} cores, Python"
        f" {platform.python_version()}, PostgreSQL {version[0]} ({settings[0]}); medians of"
        f" {rounds} rounds, each figure a ratio within its round."
    )


def _page(
    about: str, sections: list[Section], seen: dict[str, float], arena: Arena, peers: Peers | None
) -> str:
    parts = [about, bars_table(seen), *map(markdown, sections)]
    lines = [f"* {who}: {why.splitlines()[-1]}" for who, why in arena.failures.items()]
    lines += [f"* {who}: {why}" for who, why in (peers.missing if peers else {}).items()]
    if lines:
        parts.append("\n".join(["## Left out", "", *lines]))
    return "\n\n".join(parts) + "\n"


if __name__ == "__main__":
    main()
