"""
Migrations that a program holds: for tests, examples and generated schemas.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .listing import make_migration, select

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from st44_migrate.model import Migration

__all__ = ["Memory"]


class Memory:
    """
    File names and their contents, as a folder would hold them.

    >>> Memory({"001_create_users.sql": "CREATE TABLE users (id bigint)"}).load()[0].version
    1

    Args:
        files: Names to contents; a `str` stands for its UTF-8.  Copied here.  A
            name with a slash is in a sub-folder, and those are never entered.
    """

    def __init__(self, files: Mapping[str, str | bytes]) -> None:
        self._files = {name: _encode(content) for name, content in files.items()}

    def __repr__(self) -> str:
        return f"Memory({list(self._files)!r})"

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
        files = [name for name in self._files if "/" not in name]
        folders = {name.partition("/")[0] for name in self._files if "/" in name}
        names = select(self.describe(), "", files, folders)
        return tuple(make_migration(name, name.file, self._files[name.file]) for name in names)


def _encode(content: str | bytes) -> bytes:
    if isinstance(content, str):
        # Half a surrogate pair becomes a byte that is not UTF-8, which is what
        # it is; whoever decodes the file can then name the place.
        return content.encode("utf-8", "surrogatepass")
    return bytes(content)
