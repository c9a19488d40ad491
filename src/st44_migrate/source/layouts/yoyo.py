"""
yoyo: ``20240528_01_a1B2c-create-users.sql``, with ``-- depends:`` in its first comments.

The name of the file is the version, as a whole.  The order is that of the names,
as far as what a file depends on comes before it.
"""

from __future__ import annotations

import re
from heapq import heapify, heappop, heappush
from operator import attrgetter
from typing import TYPE_CHECKING

from st44_migrate.errors import SourceError
from st44_migrate.model import Marker, Meaning, Notation

from ..layout import FileLayout, Writing, whole
from .elsewhere import ELSEWHERE

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from st44_migrate.model import Migration

__all__ = ["LAYOUT"]

_COMMENT = re.compile(r"\s*(?:--(?:\s*depends\s*:(?P<names>.*)|.*))?")


def _depends(migration: Migration) -> Iterator[str]:
    """
    Read what a file says to depend on, in the comments that it begins with.
    """
    for line in migration.content.decode("utf-8-sig", "replace").splitlines():
        comment = _COMMENT.fullmatch(line)
        if comment is None:
            return
        yield from (comment["names"] or "").split()


def _in_order(migrations: Sequence[Migration]) -> Iterable[Migration]:
    """
    Yield the first by name of those that wait for nothing, again and again.
    """
    # With the ".sql" in it, "a-b.sql" comes before "a.sql".
    named = {m.label: m for m in sorted(migrations, key=attrgetter("path"))}
    place = {label: number for number, label in enumerate(named)}
    waits = {label: set(_depends(migration)) for label, migration in named.items()}
    _check_known(named, waits)
    behind: dict[str, list[str]] = {}
    for label, others in waits.items():
        for other in others:
            behind.setdefault(other, []).append(label)
    ready = [place[label] for label, others in waits.items() if not others]
    heapify(ready)
    labels = list(named)
    ordered: list[Migration] = []
    while ready:
        label = labels[heappop(ready)]
        ordered.append(named[label])
        for other in behind.get(label, ()):
            waits[other].remove(label)
            if not waits[other]:
                heappush(ready, place[other])
    if len(ordered) < len(named):
        circle = sorted(label for label, others in waits.items() if others)
        raise SourceError(
            f"these files depend on each other in a circle: {', '.join(circle)}.",
            remedy="Take one '-- depends:' away.",
        )
    return ordered


def _check_known(named: Mapping[str, Migration], waits: Mapping[str, set[str]]) -> None:
    for label, others in waits.items():
        for other in sorted(name for name in others if name not in named):
            raise SourceError(
                f"{named[label].path} depends on {other}, and there is no such file.",
                remedy="Restore it from version control, or correct the name behind '-- depends:'.",
            )


LAYOUT = FileLayout(
    name="yoyo",
    rule="A migration is called <name>.sql, like 20240528_01_a1B2c-create-users.sql",
    pattern=re.compile(r"(?P<version>(?:[0-9]+[-_])?(?P<name>[^/]+))\.sql"),
    read=whole,
    passed=re.compile(r".*\.rollback\.sql"),
    code=re.compile(r"(?P<version>(?:[0-9]+[-_])?(?P<name>(?!__)[^/]+))\.py"),
    refused=(
        (
            re.compile(r"post-apply.*\.(?:sql|py)"),
            "is run by yoyo behind every run, by this library never.",
            "Make it a file of its own that does its work once, or move it out of the folder.",
        ),
    ),
    notation=Notation(
        tool="yoyo",
        markers=(
            Marker(
                re.compile(
                    r"[ \t]*--[ \t]*transactional[ \t]*:[ \t]*false[ \t]*$",
                    re.IGNORECASE | re.MULTILINE,
                ),
                Meaning.ALONE,
                leading=True,
            ),
            *ELSEWHERE,
        ),
    ),
    arrange=_in_order,
    writing=Writing("{version}_{name}.sql", "--\n-- depends: \n\n{sql}", stamp="%Y%m%d%H%M%S"),
    signs=re.compile(r"yoyo\.ini|.*\.rollback\.sql"),
    trace=re.compile(r"--\s*depends\s*:"),
)
