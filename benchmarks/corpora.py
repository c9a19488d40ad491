"""
W5: real folders of public projects, as plain files that everybody can run.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from st44_migrate import Folder, MigrateError, Migration
from st44_migrate.plan import Reader
from st44_migrate.source.layouts import BUILT_IN

from .workloads import Files

__all__ = ["RealFolder", "real_folders"]


@dataclass(frozen=True, slots=True)
class RealFolder:
    """
    *files* are its migrations up to the first that cannot run in a transaction, of
    *total*; *setup* has to be there before.
    """

    name: str
    files: Files
    total: int
    setup: tuple[str, ...]


def real_folders(root: Path, *, at_least: int = 10) -> Iterator[RealFolder]:
    """
    Give the PostgreSQL folders that ``manifest.json`` in *root* lists.
    """
    manifest = json.loads((root / "manifest.json").read_text("utf-8"))
    for name, said in manifest.items():
        if said["dialect"] != "postgres" or said["layout"] not in BUILT_IN:
            continue
        try:
            migrations = Folder(root / name, layout=said["layout"]).load()[: said["migrations"]]
            files = _plain_files(migrations)
        except MigrateError:
            continue  # values for placeholders are asked for
        if len(files) >= at_least:
            yield RealFolder(name, files, len(migrations), tuple(said["setup"]))


def _plain_files(migrations: Sequence[Migration]) -> Files:
    reader = Reader("postgresql")
    files: Files = {}
    for number, migration in enumerate(migrations, 1):
        script = reader(migration)
        if not script.transactional or script.begin:
            break
        text = "".join(f"{statement.text}\n;\n" for statement in script.statements)
        files[f"{number:05}_step.sql"] = text or "SELECT 1;\n"
    return files
