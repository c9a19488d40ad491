"""
What a file's name says: a migration, nothing of ours, or a mistake.

A migration is called ``<digits>_<name>.sql``, or ``R__<name>.sql`` if it is to run
again whenever it changes, or ``B<digits>__<name>.sql`` if it stands for all files up
to its number, and nothing else is.  A ``.sql`` file that is called
otherwise is a mistake and never skipped: what it holds would be missing in
production, and nobody would be told.  Everything here is pure, and takes any
string for a name.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from st44_migrate.model import LongVersion

from .correction import MAX_VERSION, correct_names, is_one_way

if TYPE_CHECKING:
    from collections.abc import Iterable

    from st44_migrate.model import Version

__all__ = ["Misnamed", "Name", "Names", "read_integer", "read_name", "read_names"]

# [0-9], not \d: int() would take Arabic digits, and no ledger's ORDER BY would.
_MIGRATION = re.compile(
    r"(?:(?P<version>[0-9]+)_|R__|B(?P<base>[0-9]+)__)(?P<name>\S(?:.*\S)?)\.sql", re.DOTALL
)

_MOST_DIGITS = len(str(MAX_VERSION))


@dataclass(frozen=True, slots=True)
class Name:
    """
    The name of a migration: *file* ``"017_add.sql"`` has the *version* 17, the
    *label* ``"017"`` and the *name* ``"add"``.

    See `Migration` for *repeatable*, *baseline* and *key*; a *late* one may be applied below
    the highest applied version.
    """

    file: str
    version: Version
    label: str
    name: str
    repeatable: bool = field(default=False, repr=False)
    key: str = field(default="", repr=False)
    late: bool = field(default=False, repr=False)
    baseline: bool = field(default=False, repr=False)


@dataclass(frozen=True, slots=True)
class Misnamed:
    """
    A ``.sql`` file that is not called as a migration is.

    *correct* is the name it should have; None for a rollback, which should not
    be there at all.  Where there is another reason, *reason* and *remedy* say it.
    """

    file: str
    correct: str | None
    reason: str = ""
    remedy: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """
    The names of a folder's files, sorted out.

    Args:
        migrations: Ordered by version, then by file name.  Equal versions are
            all there: it is the plan that says what to do about them.

        wrong: Ordered by name, the numbers in it by value.

        ignored: Templates, readmes, hidden files, whatever is not SQL; ordered.
    """

    migrations: tuple[Name, ...]
    wrong: tuple[Misnamed, ...]
    ignored: tuple[str, ...]


def read_name(file: str) -> Name | None:
    """
    Read the name of a file, without its folder.  None: no migration is called so.

    >>> read_name("017_add_rewards.sql")
    Name(file='017_add_rewards.sql', version=17, label='017', name='add_rewards')
    """
    match = _MIGRATION.fullmatch(file)
    if match is None or not file.isprintable():
        return None
    name, base = match["name"], match["base"]
    if is_one_way(name):
        return None
    label = base or match["version"]
    if label is None:
        return Name(file, LongVersion((), f"R__{name}"), f"R__{name}", name, repeatable=True)
    version = read_integer(label)
    if version is None:
        return None
    # The ledger tells by the name whether it was this file or the others.
    return Name(file, version, label, f"B__{name}" if base else name, baseline=bool(base))


def read_integer(digits: str) -> int | None:
    """
    Read the number of a file; None if it is larger than any ledger takes.
    """
    # The length first: int() refuses thousands of digits with an error of its own.
    if len(digits) > _MOST_DIGITS and len(digits.lstrip("0")) > _MOST_DIGITS:
        return None
    version = int(digits)
    return version if version <= MAX_VERSION else None


def read_names(files: Iterable[str]) -> Names:
    """
    Sort out the names of a folder's files.  Raises nothing.
    """
    migrations: list[Name] = []
    wrong: list[str] = []
    ignored: list[str] = []
    for file in files:
        # First what most files are; nothing that is ignored is called so.
        if (name := read_name(file)) is not None:
            migrations.append(name)
        elif _is_ignored(file):
            ignored.append(file)
        else:
            wrong.append(file)
    migrations.sort(key=lambda name: (name.repeatable, name.version, name.file))
    corrected = correct_names(wrong, [m.label for m in migrations if not m.repeatable])
    return Names(
        tuple(migrations),
        tuple(Misnamed(file, correct) for file, correct in corrected),
        tuple(sorted(ignored)),
    )


def _is_ignored(file: str) -> bool:
    lowered = file.lower()
    return (
        # An editor's lock, ".#017_add.sql", is a hidden file too.
        lowered.startswith((".", "readme"))
        or lowered == "template.sql"
        or not lowered.rstrip().endswith(".sql")
    )
