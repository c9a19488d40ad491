"""
What is common to all sources: from the names in a folder to its migrations.

A source lists its files and reads their bytes; what counts as a migration, and
what is said when none is there, is the same for all of them and lives here.
"""

from __future__ import annotations

from hashlib import sha256
from typing import TYPE_CHECKING

from st44_migrate.errors import SourceError
from st44_migrate.model import Migration

from .naming import read_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from .naming import Misnamed, Name

__all__ = ["did_you_mean", "make_migration", "printable", "select"]

_RULE = "A migration is called <digits>_<name>.sql, like 001_create_users.sql"
_SHOWN = 5


def select(
    where: str, prefix: str, files: Iterable[str], folders: Iterable[str], *, hint: str = ""
) -> Sequence[Name]:
    """
    Pick the migrations out of a folder's files, ordered.

    Args:
        where: The folder, for people.

        prefix: What stands before a file's name in its path.

        files: The names of its files, of any kind.

        folders: The names of its sub-folders: mentioned, never entered.

        hint: What else to say where there is no migration.

    Raises:
        SourceError: A ``.sql`` file is misnamed, or there is no migration.
    """
    names = read_names(files)
    if names.wrong:
        raise _misnamed(prefix, names.wrong)
    if not names.migrations:
        raise _nothing(where, prefix, names.ignored, folders, hint)
    return names.migrations


def make_migration(name: Name, path: str, content: bytes) -> Migration:
    """
    Put a name and the bytes behind it together.
    """
    return Migration(
        version=name.version,
        label=name.label,
        name=name.name,
        path=path,
        content=content,
        raw_checksum=sha256(content).hexdigest(),
    )


def printable(text: str) -> str:
    r"""
    Escape what cannot be shown in one line, and the bytes that are not UTF-8.

    >>> printable("caf\udce9")
    'caf\\xe9'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """
    Find the candidate that *name* was most likely meant to be.
    """
    import difflib  # costs 11 ms, and only an error needs it

    matches = difflib.get_close_matches(name, sorted(candidates), n=1, cutoff=0.5)
    return matches[0] if matches else None


def _escape(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return chr(code).encode("unicode_escape").decode("ascii")


def _misnamed(prefix: str, wrong: Sequence[Misnamed]) -> SourceError:
    first, *others = (_describe(prefix, misnamed) for misnamed in wrong)
    remedy = (
        f"{_RULE}; what is not one belongs in a sub-folder, which is never entered.",
        *(f"also: {other}" for other in others),
    )
    return SourceError(first, remedy="\n".join(remedy))


def _describe(prefix: str, misnamed: Misnamed) -> str:
    path = f"{prefix}{printable(misnamed.file)}"
    if misnamed.correct is None:
        return f"{path} looks like a rollback, which is never run: move it into a sub-folder."
    return f"{path} is not a migration's name: call it {misnamed.correct}."


def _nothing(
    where: str, prefix: str, ignored: Sequence[str], folders: Iterable[str], hint: str
) -> SourceError:
    visible = [
        f"{printable(folder)}/" for folder in sorted(folders) if not folder.startswith((".", "__"))
    ]
    held: list[str] = []
    if ignored:
        shown = _some([printable(file) for file in ignored])
        held.append(f"{len(ignored)} other file{'s' * (len(ignored) > 1)} ({shown})")
    if visible:
        held.append(f"the sub-folder{'s' * (len(visible) > 1)} {_some(visible)}")
    found = f"it holds {' and '.join(held)}" if held else "it is empty"
    meant = did_you_mean("migrations/", visible)
    remedy = (
        f"{_RULE}; sub-folders are never entered.",
        f"Did you mean {prefix}{meant[:-1]}?" if meant else "",
        hint,
    )
    return SourceError(
        f"{where} has no migration in it: {found}.", remedy="\n".join(filter(None, remedy))
    )


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
