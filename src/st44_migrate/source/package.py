"""
Migrations that are shipped inside a Python package, also in a zip file.

`importlib.resources` does the finding.  It costs 36 ms to import, so only a
program that loads from a package pays for it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeAlias, TypeVar

from st44_migrate.errors import SourceError

from .listing import did_you_mean, printable
from .selection import Selection
from .tree import FileTree

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from importlib.resources.abc import Traversable

    from st44_migrate.model import Migration
    from st44_migrate.protocols import Layout

__all__ = ["Package"]

_T = TypeVar("_T")
_Entries: TypeAlias = "dict[str, Traversable]"

_SHIPPED = "Are the .sql files part of the package as it was built (package data)?"


class Package:
    """
    The ``.sql`` files of a package.  Loading imports the package.

    Args:
        package: Its dotted name, ``"myapp.migrations"``.  A folder of a package
            counts as one, with or without an ``__init__.py`` in it.

        folder: A folder inside the package, ``"migrations"`` or
            ``"db/migrations"``; by default the package's own.

        layout, values: See `Folder`.
    """

    def __init__(
        self,
        package: str,
        folder: str = "",
        *,
        layout: str | Layout = "plain",
        values: Mapping[str, str] | None = None,
    ) -> None:
        self._package = package
        self._folder = folder.strip("/")
        self._selection = Selection(layout, values)

    def __repr__(self) -> str:
        return f"Package({self._package!r}, {self._folder!r}{self._selection})"

    def describe(self) -> str:
        """
        Name the source as a path that starts with the package.
        """
        path = self._package.replace(".", "/")
        return printable(f"{path}/{self._folder}" if self._folder else path)

    def load(self) -> Sequence[Migration]:
        """
        Read every migration of the package, ordered by version, then by name.

        Raises:
            SourceError: The package cannot be imported or is none, has no such
                folder or no migration in it; a file is misnamed or unreadable.
        """
        return self._selection.load(self.tree, hint=_SHIPPED)

    def tree(self, depth: int) -> FileTree:
        """
        List the folder, and *depth* levels of sub-folders.
        """
        where = self.describe()
        root = _find_package(self._package)
        for part in filter(None, self._folder.split("/")):
            root = _enter(where, root, part)
        files, folders = _list(where, root)
        found = dict(files)
        below = {f"{name}/": entry for name, entry in folders.items()}
        for _ in range(depth):
            deeper: _Entries = {}
            for prefix, entry in below.items():
                inner, more = _list(where, entry)
                found.update((prefix + name, file) for name, file in inner.items())
                deeper.update((f"{prefix}{name}/", folder) for name, folder in more.items())
            below = deeper

        def read(file: str) -> bytes:
            entry = found.get(file) or root.joinpath(*file.split("/"))
            return _read(f"{where}/{printable(file)}", entry)

        return FileTree(where, f"{where}/", list(found), list(folders), read)


def _find_package(package: str) -> Traversable:
    from importlib import resources, util  # see the module

    parent, _, last = package.rpartition(".")
    try:
        spec = util.find_spec(package)
        if parent and (spec is None or spec.origin is None):
            # A folder without __init__.py.  Python cannot always import one out
            # of a zip file, but it can be opened through its parent.
            return _enter(package.replace(".", "/"), _find_package(parent), last)
        if spec is None:
            raise ModuleNotFoundError(f"No module named {package!r}")
        if spec.submodule_search_locations is None:
            raise SourceError(
                f"{package} is a module, not a package.",
                remedy="Give the package that holds the files, and their folder in it.",
            )
        return resources.files(package)
    except (ImportError, ValueError, TypeError, OSError) as error:
        raise SourceError(
            f"The package {printable(package)} cannot be imported: {printable(str(error))}.",
            remedy="Is it installed where this runs, and is its name right?",
        ) from error


def _list(where: str, root: Traversable) -> tuple[_Entries, _Entries]:
    """
    List the files and the sub-folders.
    """
    files: _Entries = {}
    folders: _Entries = {}
    for entry, is_folder in _attempt(where, lambda: [(e, e.is_dir()) for e in root.iterdir()]):
        (folders if is_folder else files)[entry.name] = entry
    return files, folders


def _enter(where: str, root: Traversable, part: str) -> Traversable:
    _, folders = _list(where, root)
    if part in folders:
        return folders[part]
    meant = did_you_mean(part, folders)
    raise SourceError(
        f"There is no {where}: the package has no folder {printable(part)}.",
        remedy=f"Did you mean {printable(meant)}?" if meant else _SHIPPED,
    )


def _read(path: str, entry: Traversable) -> bytes:
    if not _attempt(path, entry.is_file):  # opening a pipe would wait for its writer, for ever
        raise SourceError(f"{path} is not a regular file, or a link that leads nowhere.")
    return _attempt(path, entry.read_bytes)


def _attempt(path: str, action: Callable[[], _T]) -> _T:
    try:
        return action()
    except Exception as error:
        # Packages are loaded by zip files, installers, anything: each loader
        # has errors of its own kind.
        raise SourceError(
            f"{path} cannot be read: {printable(str(error))}.", remedy=_SHIPPED
        ) from error
