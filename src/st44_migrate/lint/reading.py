"""
What a statement creates, drops and renames: as far as its tokens show.

Names are taken as they are written, unquoted ones in lower case; ``a.b`` and ``b``
are two.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

__all__ = ["Created", "actions", "altered_table", "created", "dropped_tables", "renamed_table"]

_KINDS = frozenset({"table", "index", "schema", "sequence", "extension", "collation"})
_BEFORE_KIND = frozenset(
    {"or", "replace", "temp", "temporary", "global", "local", "unlogged", "unique", "virtual"}
)


@dataclass(frozen=True, slots=True)
class Created:
    """
    What a CREATE creates.
    """

    kind: str
    name: str
    if_not_exists: bool = False
    concurrently: bool = False
    replaces: bool = False
    temporary: bool = False


def created(words: Sequence[str]) -> Created | None:
    """
    Read a CREATE of something that can say IF NOT EXISTS; None: it is another statement.
    """
    if list(words[:1]) != ["create"]:
        return None
    at = 1
    while at < len(words) and words[at] in _BEFORE_KIND:
        at += 1
    before = words[1:at]
    if at >= len(words) or words[at] not in _KINDS:
        return None
    kind = words[at]
    at += 1
    concurrently = list(words[at : at + 1]) == ["concurrently"]
    at += concurrently
    lenient = list(words[at : at + 3]) == ["if", "not", "exists"]
    at += 3 * lenient
    name, _ = _name(words, at)
    if not name or (kind == "index" and name == "on"):
        return None
    temporary = bool({"temp", "temporary"} & set(before))
    return Created(kind, name, lenient, concurrently, "replace" in before, temporary)


def dropped_tables(words: Sequence[str]) -> tuple[str, ...]:
    """
    List the tables that a DROP TABLE drops.
    """
    if list(words[:2]) != ["drop", "table"]:
        return ()
    at = 4 if list(words[2:4]) == ["if", "exists"] else 2
    names: list[str] = []
    while at < len(words):
        name, at = _name(words, at)
        names.append(name)
        if list(words[at : at + 1]) != [","]:
            break
        at += 1
    return tuple(names)


def altered_table(words: Sequence[str]) -> tuple[str, int]:
    """
    Name the table of an ALTER TABLE, and say where its actions begin; ``""``: none.
    """
    if list(words[:2]) != ["alter", "table"]:
        return "", 0
    at = 4 if list(words[2:4]) == ["if", "exists"] else 2
    at += list(words[at : at + 1]) == ["only"]
    return _name(words, at)


def renamed_table(words: Sequence[str]) -> tuple[str, str] | None:
    """
    Return the old name and the new of an ALTER TABLE ... RENAME TO.
    """
    table, at = altered_table(words)
    if table and list(words[at : at + 2]) == ["rename", "to"]:
        return table, _name(words, at + 2)[0]
    return None


def actions(words: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """
    Yield what an ALTER TABLE does, split at the commas outside parentheses.
    """
    table, at = altered_table(words)
    if not table:
        return
    depth, first = 0, at
    for i in range(at, len(words)):
        depth += (words[i] == "(") - (words[i] == ")")
        if words[i] == "," and not depth:
            yield tuple(words[first:i])
            first = i + 1
    yield tuple(words[first:])


def _name(words: Sequence[str], at: int) -> tuple[str, int]:
    """
    Read a name, qualified or not, and say where it ends.
    """
    if at >= len(words):
        return "", at
    parts = [words[at]]
    at += 1
    while list(words[at : at + 1]) == ["."] and at + 1 < len(words):
        parts.append(words[at + 1])
        at += 2
    return ".".join(parts), at
