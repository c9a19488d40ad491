"""
Real folders of public projects, and the schema that each has to end in.

They are named by ``ST44_CORPORA``, else looked for beside the project.
"""

from __future__ import annotations

import importlib.util
import json
import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from pathlib import Path
from typing import Any

from st44_migrate import Folder, Memory, Migration
from st44_migrate.source.layout import FileLayout, whole
from st44_migrate.source.layouts import builtin

__all__ = ["ROOT", "Corpus", "Longer", "corpora", "corpus_names", "fingerprints"]

ROOT = Path(os.environ.get("ST44_CORPORA") or Path(__file__).parents[3] / "shared/corpora")

# As the manifest calls it -> as it is called here.
_LAYOUTS = {"golang-migrate-V": "golang-migrate", "plain NNNN-name": "postgres-migrations"}

# Two of its files share a number, which the tool itself would refuse: the project
# has a runner of its own, which tells them apart by their names.
_BY_NAME = re.compile(r"(?P<version>[0-9]+_(?P<name>.*))\.up\.sql")
_OWN_LAYOUTS = {"concourse": replace(builtin("golang-migrate"), pattern=_BY_NAME, read=whole)}

_VALUES = {
    "tern-sample": {"prefix": "tern", "sub 43 1": "42"},
    "tpr": {"app_user": "tpr"},
    "komga": {
        "delete-empty-collections": "true",
        "delete-empty-read-lists": "true",
        "library-file-hashing": "true",
        "library-scan-startup": "false",
    },
}


@dataclass(frozen=True)
class Corpus:
    """
    A folder: a `Source` of those of its files that can be applied.

    Args:
        files: How many of them, from the first on.

        setup: What has to be there before.

        final: The schema to expect, by server: ``"postgresql-15"``, ``"sqlite"``.

        volatile: Names in it change from day to day, so that no hash can be expected.
    """

    name: str
    layout: FileLayout
    dialect: str
    files: int
    setup: tuple[str, ...]
    final: Mapping[str, Mapping[str, Any]] = field(repr=False)
    volatile: bool

    def load(self) -> Sequence[Migration]:
        path = ROOT / self.name
        values = _VALUES.get(self.name)
        return Folder(path, layout=self.layout, values=values).load()[: self.files]

    def describe(self) -> str:
        return self.name

    @property
    def extensions(self) -> set[str]:
        return {name for schema in self.final.values() for name in schema.get("extensions", ())}


@dataclass(frozen=True)
class Longer:
    """
    The same with one more file at its end, which creates a table.
    """

    corpus: Corpus

    def load(self) -> Sequence[Migration]:
        layout = self.corpus.layout
        version = "9999-12-31-235959" if layout.name == "diesel" else "99991231235959"
        file = layout.writing.file.replace("{version}", version).replace("{name}", "one_more")
        text = layout.writing.text.replace("{sql}", "CREATE TABLE st44_one_more (id int);")
        more = Memory({file: text}, layout=layout).load()
        files = self.corpus.load()
        last = max(file.rank for file in files)
        return [*files, *(replace(one, rank=last and last + 1) for one in more)]

    def describe(self) -> str:
        return self.corpus.name


@cache
def corpora() -> Mapping[str, Corpus]:
    """
    Read the manifest; nothing where there is none.
    """
    if not ROOT.is_dir():
        return {}
    manifest: dict[str, dict[str, Any]] = json.loads((ROOT / "manifest.json").read_text("utf-8"))
    found: dict[str, Corpus] = {}
    for name, said in manifest.items():
        layout = _OWN_LAYOUTS.get(name) or builtin(_LAYOUTS.get(said["layout"], said["layout"]))
        final = said["final_schema"]
        setup = tuple(said["setup"])
        files, volatile = said["migrations"], said["volatile"]
        found[name] = Corpus(name, layout, said["dialect"], files, setup, final, volatile)
    return found


def corpus_names(dialect: str) -> list[str]:
    """
    Name the corpora of a database; one that is not there where none are.
    """
    return [c.name for c in corpora().values() if c.dialect == dialect] or ["none"]


@cache
def fingerprints() -> Any:
    """
    Load the module that comes with the corpora.
    """
    spec = importlib.util.spec_from_file_location("fingerprint", ROOT / "fingerprint.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module
