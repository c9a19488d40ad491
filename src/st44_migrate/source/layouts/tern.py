"""
tern: ``001_create_users.sql``; the way back stands below a line of its own.

Files are templates.  What is not a plain value or another file is taken by its
text: ``{{sub 43 1}}`` has the name ``sub 43 1``.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from st44_migrate.errors import SourceError
from st44_migrate.model import Marker, Meaning, Notation, Place, Placeholder

from ..layout import FileLayout, Writing
from .elsewhere import elsewhere

if TYPE_CHECKING:
    from collections.abc import Mapping

    from st44_migrate.protocols import Tree

__all__ = ["LAYOUT"]

_ACTION = re.compile(r"\{\{-?\s*(?:/\*.*?\*/(?P<text>)|\.?(?P<name>[^{}]*?))\s*-?\}\}", re.DOTALL)
# Those of the sub-folders are all the templates that tern knows.
_OTHER_FILE = re.compile(r'template\s+"(?P<file>[^"/\\.][^"/\\]*/[^"/\\]+\.sql)"(?:\s+\.)?')


def _includes(tree: Tree, text: str, values: Mapping[str, str]) -> dict[str, str]:
    """
    Find the files that *text* includes, what they include put in its place.
    """
    return _opened(tree, text, values, ())


def _opened(
    tree: Tree, text: str, values: Mapping[str, str], outer: tuple[str, ...]
) -> dict[str, str]:
    found: dict[str, str] = {}
    for action in _ACTION.finditer(text):
        other = _OTHER_FILE.fullmatch(action["name"] or "")
        if other and action["name"] not in values and other["file"] not in outer:
            found[action["name"]] = _filled(tree, other["file"], values, (*outer, other["file"]))
    return found


def _filled(tree: Tree, file: str, values: Mapping[str, str], outer: tuple[str, ...]) -> str:
    text = tree.read(file).decode("utf-8", "replace")
    known = {**values, **_opened(tree, text, values, outer)}

    def value(action: re.Match[str]) -> str:
        name = action["name"]
        if name is None or name in known:
            return known[name] if name else ""
        before = text[: action.start()]
        column = action.start() - before.rfind("\n")
        place = Place(tree.path(file), before.count("\n") + 1, column)
        raise SourceError(
            f"{place}: {action[0]} is a placeholder of tern, and nothing is said to stand for it.",
            place=place,
            remedy=f"Say it: --set '{name}=...', or values={{'{name}': ...}} in Python.",
        )

    return _ACTION.sub(value, text)


LAYOUT = FileLayout(
    name="tern",
    rule="A migration is called <digits>_<name>.sql, like 001_create_users.sql",
    pattern=re.compile(r"(?P<version>[0-9]+)_(?P<name>.+)\.sql"),
    notation=Notation(
        tool="tern",
        markers=(
            Marker(re.compile(r"---- create above / drop below ----"), Meaning.DOWN),
            Marker(re.compile(r"---- tern: disable-tx ----"), Meaning.ALONE),
            *elsewhere("tern"),
        ),
        opening="---- create above / drop below ----",
        almost=re.compile(
            r"-(?:.*create[ \t]+above[ \t]*/[ \t]*drop[ \t]+below|[- \t]*tern[ \t]*:)",
            re.IGNORECASE,
        ),
        placeholder=Placeholder(_ACTION),
    ),
    includes=_includes,
    writing=Writing(text="{sql}\n\n---- create above / drop below ----\n\n"),
    signs=re.compile(r"tern\.conf"),
)
