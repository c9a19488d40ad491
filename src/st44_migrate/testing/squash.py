"""
Whether a baseline makes what the files make that it stands for.

Both are applied to databases of their own on a throw-away server, and what is in the
two is compared.
"""

from __future__ import annotations

import os
import tempfile
from collections.abc import Generator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from ..errors import ConfigError
from ..model import Migration
from ..protocols import Source
from ..runner import Migrator
from ..source import Folder
from .fingerprint import fingerprint
from .servers import PostgresServer, postgres_server

__all__ = ["Comparison", "compare_baseline"]

_OURS = ("schema_migrations", "schema_migrations_journal")


@dataclass(frozen=True, slots=True)
class Comparison:
    """
    What a baseline makes, beside what its files make.

    Args:
        baseline: Of the folder, the highest one.

        files: Those that it stands for.

        only_files: What only the files make, a line for each object.

        only_baseline: What only the baseline makes.

        common: How many lines are the same.
    """

    baseline: Migration
    files: tuple[Migration, ...]
    only_files: tuple[str, ...]
    only_baseline: tuple[str, ...]
    common: int

    @property
    def equal(self) -> bool:
        """
        Whether they make the same.
        """
        return not (self.only_files or self.only_baseline)


@dataclass(frozen=True, slots=True)
class _Part:
    """
    Some of a folder's files, as a source.
    """

    name: str
    migrations: Sequence[Migration]

    def load(self) -> Sequence[Migration]:
        return self.migrations

    def describe(self) -> str:
        return self.name


def compare_baseline(
    source: Source | str | os.PathLike[str],
    *,
    dialect: str = "postgresql",
    server: PostgresServer | None = None,
) -> Comparison:
    """
    Apply the baseline of *source* to one database and the files that it stands for to
    another, and compare them.

    The files have to be there still.  Of tables it compares definitions and how many
    rows they have.

    Args:
        source: The folder, or a `Source`.

        dialect: ``"postgresql"`` or ``"sqlite"``.

        server: Where to create the two databases, on PostgreSQL; None starts one
            for it, see `postgres_server`.

    Raises:
        ConfigError: there is no baseline, or its files are gone.

        SourceError, ApplyError: a file cannot be applied.
    """
    source = Folder(source) if isinstance(source, str | os.PathLike) else source
    baseline, files = _parts(source)
    with _two_databases(dialect, server) as (first, second):
        by_files = _made(first, "the files", files)
        by_baseline = _made(second, "the baseline", [baseline])
    return Comparison(
        baseline,
        tuple(files),
        tuple(sorted(by_files - by_baseline)),
        tuple(sorted(by_baseline - by_files)),
        len(by_files & by_baseline),
    )


def _parts(source: Source) -> tuple[Migration, Sequence[Migration]]:
    migrations = source.load()
    baselines = [migration for migration in migrations if migration.baseline]
    if not baselines:
        raise ConfigError(
            f"{source.describe()} has no baseline",
            remedy="A baseline is called B<digits>__<name>.sql, like B012__start.sql, with the number"
            " of the last file that it stands for.",
        )
    baseline = max(baselines, key=lambda migration: migration.version)
    files = [
        m for m in migrations if not (m.baseline or m.repeatable) and m.version <= baseline.version
    ]
    if not any(file.version == baseline.version for file in files):
        raise ConfigError(
            f"there is no file {baseline.label} beside {baseline.path}, so there is nothing to"
            " compare it with",
            remedy="Compare it while the files that it stands for are there, and give it the number"
            " of the last one.",
        )
    return baseline, files


@contextmanager
def _two_databases(dialect: str, server: PostgresServer | None) -> Generator[tuple[str, str]]:
    with ExitStack() as stack:
        if dialect == "sqlite":
            room = Path(stack.enter_context(tempfile.TemporaryDirectory()))
            yield f"sqlite:///{room / 'files.db'}", f"sqlite:///{room / 'baseline.db'}"
            return
        own = server or stack.enter_context(postgres_server())
        yield stack.enter_context(own.database()), stack.enter_context(own.database())


def _made(url: str, name: str, migrations: Sequence[Migration]) -> frozenset[str]:
    Migrator(url, _Part(name, migrations)).apply()
    return fingerprint(url, without=_OURS)
