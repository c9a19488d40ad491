"""
Migrations that a program holds: for tests, examples and generated schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from st44_migrate.errors import SourceError

from .listing import printable
from .selection import Selection
from .tree import FileTree, within

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from st44_migrate.model import Migration
    from st44_migrate.protocols import Layout

__all__ = ["Memory"]


class Memory:
    """
    File names and their contents, as a folder would hold them.

    >>> Memory({"001_create_users.sql": "CREATE TABLE users (id bigint)"}).load()[0].version
    1

    Args:
        files: Names to contents; a `str` stands for its UTF-8.  Copied here.  A
            name with a slash is in a sub-folder, which few layouts look into.

        layout, values: See `Folder`.
    """

    def __init__(
        self,
        files: Mapping[str, str | bytes],
        *,
        layout: str | Layout = "plain",
        values: Mapping[str, str] | None = None,
    ) -> None:
        self._files = {name: _encode(content) for name, content in files.items()}
        self._selection = Selection(layout, values)

    def __repr__(self) -> str:
        return f"Memory({list(self._files)!r}{self._selection})"

    def describe(self) -> str:
        """
        Name the source.
        """
        return "memory"

    def load(self) -> Sequence[Migration]:
        """
        Return every migration, ordered by version, then by name.

        Raises:
            SourceError: A file is misnamed, or there is no migration.
        """
        return self._selection.load(self.tree)

    def tree(self, depth: int) -> FileTree:
        """
        List the files that lie at most *depth* folders deep.
        """
        files, folders = within(self._files, depth)
        return FileTree(self.describe(), "", files, folders, self._read)

    def _read(self, file: str) -> bytes:
        if file not in self._files:
            raise SourceError(f"There is no file {printable(file)}.")
        return self._files[file]


def _encode(content: str | bytes) -> bytes:
    if isinstance(content, str):
        # Half a surrogate pair becomes a byte that is not UTF-8, which is what
        # it is; whoever decodes the file can then name the place.
        return content.encode("utf-8", "surrogatepass")
    return bytes(content)
