"""
What a file itself writes into the ledger.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence

from ..model import Statement
from .lexer import tokens
from .lexicon import lexicon_of

__all__ = ["recorded_versions"]

_NAME_QUOTES = {'"': '"', "`": "`", "[": "]"}


def recorded_versions(
    statements: Iterable[Statement],
    dialect: str = "postgresql",
    *,
    ledger: str = "schema_migrations",
) -> tuple[str, ...]:
    """
    Find the versions, as written, that *statements* insert into the table *ledger*.

    Only what stands there as a literal is found: ``INSERT INTO schema_migrations
    (version, name) VALUES ('040', 'x')``, in whatever schema, with any number of
    rows.  A version that is computed, or inserted by a function, is not.
    """
    lexicon = lexicon_of(dialect)
    found: list[str] = []
    for statement in statements:
        text = statement.text
        if text[:1] in {"i", "I"} and ledger.lower() in text.lower():
            words = [word for word, _, _ in tokens(text, lexicon)]
            found.extend(_inserted(words, ledger, fold=dialect != "postgresql"))
    return tuple(found)


def _inserted(words: Sequence[str], ledger: str, *, fold: bool) -> Iterator[str]:
    """
    Yield the versions in an INSERT, given as its tokens.

    *fold* says whether names are the same whatever their case, quoted or not.
    """
    # INSERT OR IGNORE INTO is SQLite's.
    if words[0] != "insert" or "into" not in words[:4]:
        return
    at = words.index("into") + 1
    while words[at + 1 : at + 2] == ["."]:
        at += 2
    if not _is_name(words, at, ledger, fold=fold):
        return
    at += 3 if words[at + 1 : at + 2] == ["as"] else 1
    column = 0
    if words[at : at + 1] == ["("]:
        names, at = _cells(words, at)
        column = next((i for i, n in enumerate(names) if _is_name(n, 0, "version", fold=fold)), -1)
    at += 3 if words[at : at + 1] == ["overriding"] else 0
    if column < 0 or words[at : at + 1] != ["values"]:
        return
    following = [","]
    while following == [","]:
        cells, at = _cells(words, at + 1)
        if column < len(cells):
            yield from _literal(cells[column])
        following = list(words[at : at + 1])


def _cells(words: Sequence[str], at: int) -> tuple[list[list[str]], int]:
    """
    Split the parentheses that open at *at* by their commas; say where they end.
    """
    cells: list[list[str]] = [[]]
    depth = 0
    for i in range(at, len(words)):
        word = words[i]
        if word == ")":
            depth -= 1
            if depth <= 0:
                return cells, i + 1
        if word == "," and depth == 1:
            cells.append([])
        elif depth:
            cells[-1].append(word)
        depth += word == "("
    return [], len(words)


def _literal(cell: Sequence[str]) -> Iterator[str]:
    """
    Yield the text of *cell* if it is a literal, with or without a ``::`` cast.
    """
    if len(cell) == 1 or list(cell[1:3]) == [":", ":"]:
        if cell[0].startswith("'"):
            yield cell[0][1:-1].replace("''", "'")
        elif cell[0].isdecimal():
            yield cell[0]


def _is_name(words: Sequence[str], at: int, name: str, *, fold: bool) -> bool:
    word = words[at] if at < len(words) else ""
    closer = _NAME_QUOTES.get(word[:1])
    if closer:
        word = word[1:-1].replace(closer * 2, closer)
    return word == name or (fold and word.lower() == name.lower())
