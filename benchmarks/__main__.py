"""
One command that runs everything and writes a table and plots.
"""

from __future__ import annotations

import argparse
import compileall
import os
import platform
import sys
import tempfile
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path

import psycopg

import benchmarks
import st44_migrate
from st44_migrate.testing.servers import PostgresServer, postgres_server

from . import lexing
from .arena import Arena
from .bars import bars_table
from .figures import Section, markdown
from .noop import nothing_to_do
from .peers import Peers, install
from .scale import grown
from .sections import Sizes, far, near, on_sqlite, real
from .workloads import mixed

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
    _compile()
    with ExitStack() as stack:
        given = PostgresServer(options.url, "url") if options.url else None
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="st44-bench-")))
        server = given or stack.enter_context(_server_as_installed())
        arena = Arena(server, scratch, rounds, _tell)
        stack.callback(arena.clear)
        sections = list(_run(options, arena, sizes, peers, seen))
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
    arena: Arena,
    sizes: Sizes,
    peers: Peers | None,
    seen: dict[str, float],
) -> Iterator[Section]:
    others = peers.postgres() if peers else []
    if "near" in options.only:
        yield from near(arena, sizes, others, seen)
    if "far" in options.only:
        yield from far(arena, sizes, others, seen)
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
def _server_as_installed() -> Iterator[PostgresServer]:
    """
    Start a server that keeps what it has committed, as one is that nobody has tuned.
    """
    with postgres_server() as server:
        if server.origin == "wheel":
            with psycopg.connect(server.url, autocommit=True) as conn:
                conn.execute("ALTER SYSTEM RESET ALL")
                conn.execute("SELECT pg_reload_conf()")
        yield server


def _compile() -> None:
    """
    Write the bytecode of this library, as pip does for whatever it installs.
    """
    compileall.compile_dir(Path(st44_migrate.__file__).parent, quiet=1)


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
