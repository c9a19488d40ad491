"""
Flyway: ``V1_10__create_users.sql``, ``R__some_view.sql``, ``${placeholders}`` in them.

Versions are integers with dots or underscores between them, so that 1.10 comes
after 1.9 and is 1.10.0.  Repeatable files run after them, by their description.
Baselines, ``B1_10__start.sql``, stand for all versions up to their own.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from st44_migrate.model import Header, LongVersion, Notation, Placeholder

from ..layout import Aside, FileLayout, Writing
from ..naming import Name, read_integer
from .elsewhere import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from st44_migrate.model import Migration
    from st44_migrate.protocols import Tree

__all__ = ["LAYOUT"]


def _read(found: re.Match[str]) -> Name | None:
    file, name = found.string, found["name"]
    base = found.groupdict().get("base")
    written = base or found["version"]
    if written is None:
        label = f"R__{name}"
        return Name(file, LongVersion((), label), label, name, repeatable=True)
    parts = re.split(r"[._]", written)
    numbers = tuple(number for part in parts if (number := read_integer(part)) is not None)
    if len(numbers) < len(parts):
        return None
    label = ".".join(parts)
    return Name(
        file, LongVersion(numbers), label, f"B__{name}" if base else name, baseline=bool(base)
    )


def _in_order(migrations: Sequence[Migration]) -> Iterable[Migration]:
    return sorted(
        migrations,
        key=lambda m: (m.repeatable, m.name.replace("_", " ") if m.repeatable else m.version),
    )


def _configured(tree: Tree, file: str) -> Aside:
    """
    Read ``V1__a.sql.conf``.
    """
    beside = f"{file}.conf"
    if not tree.has(beside):
        return Aside()
    lines = tree.read(beside).decode("utf-8", "replace").splitlines()
    said = {
        key.strip(): value.strip().lower() for key, _, value in (s.partition("=") for s in lines)
    }
    alone = said.get("executeInTransaction") == "false"
    return Aside(
        Header(transaction=False if alone else None),
        fills=said.get("placeholderReplacement") != "false",
    )


_IN = r"(?:.*/)?"
_VERSION = r"[0-9]+(?:[._][0-9]+)*"
_EVENTS = r"(?:before|after)[A-Z]\w*|createSchema"

LAYOUT = FileLayout(
    name="flyway",
    rule="A migration is called V<version>__<name>.sql, like V1_10__create_users.sql, or R__<name>.sql",
    pattern=re.compile(
        rf"{_IN}(?:V(?P<version>{_VERSION})|B(?P<base>{_VERSION})|R)__(?P<name>[^/]+)\.sql"
    ),
    read=_read,
    near=re.compile(rf"{_IN}[VRUB][0-9_][^/]*\.sql\s*", re.IGNORECASE),
    passed=re.compile(rf"{_IN}U{_VERSION}__[^/]*\.sql"),
    code=re.compile(
        rf"{_IN}(?:V(?P<version>{_VERSION})|R)__(?P<name>\w+)\.(?:java|kt|groovy|class)"
    ),
    refused=(
        (
            re.compile(rf"{_IN}(?:{_EVENTS})(?:__[^/]*)?\.sql"),
            "is a callback: Flyway runs it at every run, this library never.",
            "Make it a repeatable file, R__<name>.sql, which runs when it changes; or move it out of"
            " the folder.",
        ),
    ),
    notation=Notation(
        tool="flyway",
        markers=ELSEWHERE,
        placeholder=Placeholder(re.compile(r"\$\{(?P<name>[^}]*)\}(?P<text>)")),
    ),
    depth=16,
    arrange=_in_order,
    aside=_configured,
    writing=Writing("V{version}__{name}.sql"),
    telling=True,
    signs=re.compile(rf"flyway\.(?:conf|toml)|{_IN}R__[^/]*\.sql|{_IN}V[0-9]+[._][0-9][^/]*\.sql"),
    trace=re.compile(r".*\$\{[^}]*\}"),
)
