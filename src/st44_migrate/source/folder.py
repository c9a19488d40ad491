"""
Migrations from a folder of the file system.

The folder is listed once and each migration is opened once.  Sub-folders are
never entered: a runner that did so once ran ``rollback/011_down.sql`` as
migration 011.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from st44_migrate.errors import SourceError

from .listing import make_migration, printable, select

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from st44_migrate.model import Migration

__all__ = ["Folder"]


class Folder:
    """
    The ``.sql`` files that lie in one folder.

    Args:
        path: Absolute, or relative to the working directory of the moment when
            `load` is called.  Shown in messages as it is given here.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = os.fsdecode(path)

    def __repr__(self) -> str:
        return f"Folder({self._path!r})"

    def describe(self) -> str:
        """
        Name the folder as it was given.
        """
        return printable(self._path.replace(os.sep, "/"))

    def load(self) -> Sequence[Migration]:
        """
        Read every migration of the folder, ordered by version, then by name.

        Raises:
            SourceError: The folder is missing, no folder, unreadable or without
                a migration; a file in it is misnamed or cannot be read.
        """
        where = self.describe()
        prefix = where if where.endswith("/") else f"{where}/"
        files, folders, odd = self._list()
        names = select(where, prefix, files, folders)
        for name in names:
            if name.file in odd:
                raise SourceError(
                    f"{prefix}{name.file} is not a regular file, or a link that leads nowhere.",
                    remedy="Put the file itself there, or remove it.",
                )
        return tuple(
            make_migration(name, prefix + name.file, self._read(prefix, name.file))
            for name in names
        )

    def _list(self) -> tuple[list[str], list[str], set[str]]:
        """
        List the files, the sub-folders, and which of the files are none.

        Opening a pipe would wait for its writer, for ever.
        """
        files: list[str] = []
        folders: list[str] = []
        odd: set[str] = set()
        try:
            with os.scandir(self._path) as entries:
                for entry in entries:
                    if _is(entry.is_dir):
                        folders.append(entry.name)
                        continue
                    files.append(entry.name)
                    if not _is(entry.is_file):
                        odd.add(entry.name)
        except (OSError, ValueError) as error:
            from .missing import explain  # only a refused run needs it

            raise explain(self._path, error) from error
        return files, folders, odd

    def _read(self, prefix: str, file: str) -> bytes:
        try:
            with open(os.path.join(self._path, file), "rb", buffering=0) as stream:  # noqa: PTH118, PTH123 - pathlib doubles the time of a large folder
                return stream.read()
        except FileNotFoundError as error:
            raise SourceError(
                f"{prefix}{file} is gone: it was there when the folder was listed.",
                remedy="Run it again when nothing else changes the folder.",
            ) from error
        except OSError as error:
            raise SourceError(
                f"{prefix}{file} cannot be read: {error.strerror}.",
                remedy="Let the user who runs this read every file of the folder.",
            ) from error


def _is(question: Callable[[], bool]) -> bool:
    """
    Ask an entry what it is.  A link into a forbidden folder is neither.
    """
    try:
        return question()
    except OSError:
        return False
