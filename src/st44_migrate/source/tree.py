"""
The files of a source as a layout sees them: names, and bytes on demand.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from .listing import printable

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Sequence

__all__ = ["FileTree", "within"]


@dataclass(frozen=True, slots=True)
class FileTree:
    """
    See `protocols.Tree`.

    Args:
        prefix: What stands before a file's name in its path.

        reader: Reads one of the files.
    """

    where: str
    prefix: str
    files: Sequence[str]
    folders: Sequence[str]
    reader: Callable[[str], bytes]
    _known: frozenset[str] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_known", frozenset(self.files))

    def has(self, file: str) -> bool:
        """
        Say whether *file* is one of the files.
        """
        return file in self._known

    def path(self, file: str) -> str:
        """
        Name one of the files for people.
        """
        return self.prefix + printable(file)

    def read(self, file: str) -> bytes:
        """
        Read one of the files.
        """
        return self.reader(file)


def within(files: Iterable[str], depth: int) -> tuple[list[str], list[str]]:
    """
    Pick the files that lie at most *depth* folders deep; list the folders up here too.
    """
    kept: list[str] = []
    folders: dict[str, None] = {}
    for file in files:
        if "/" in file:
            folders[file.partition("/")[0]] = None
        if file.count("/") <= depth:
            kept.append(file)
    return kept, list(folders)
