"""
goose: ``00001_create_users.sql``, with ``-- +goose Up`` in it.

``StatementBegin`` and ``StatementEnd`` are comments like any other here: a lexer
knows where statements end.
"""

from __future__ import annotations

import re

from st44_migrate.model import Marker, Meaning, Notation, Placeholder

from ..layout import FileLayout, Writing

__all__ = ["LAYOUT"]

_MARKERS = (
    (r"up", Meaning.UP),
    (r"down", Meaning.DOWN),
    (r"no transaction", Meaning.ALONE),
    (r"envsub on", Meaning.FILL),
    (r"envsub off", Meaning.LEAVE),
)

# A backslash or another dollar takes its meaning from the dollar.
_VARIABLE = r"""
    [\\$] (?P<text> \$ (?: \w+ | \{ [^}]* \} ) )
  | \$ (?P<brace> \{ )? (?P<name> [A-Za-z_]\w* ) (?(brace) [^}]* \} )
"""

LAYOUT = FileLayout(
    name="goose",
    rule="A migration is called <digits>_<name>.sql, like 00001_create_users.sql",
    pattern=re.compile(r"(?P<version>[0-9]+)_(?P<name>.+)\.sql"),
    near=re.compile(r"[^/]*\.sql\s*", re.IGNORECASE),
    code=re.compile(r"(?P<version>[0-9]+)_(?P<name>.+)(?<!_test)\.go"),
    notation=Notation(
        tool="goose",
        markers=tuple(
            Marker(
                re.compile(rf"--[ ]\+goose[ ]+{words}[ \t]*$", re.IGNORECASE | re.MULTILINE), means
            )
            for words, means in _MARKERS
        ),
        sections=True,
        opening="-- +goose Up",
        almost=re.compile(
            r"--\s*\+\s*goose\b(?!\s+statement(?:begin|end)[ \t]*$)", re.IGNORECASE | re.MULTILINE
        ),
        placeholder=Placeholder(re.compile(_VARIABLE, re.VERBOSE), everywhere=False),
    ),
    writing=Writing(
        text="-- +goose Up\n{sql}\n\n-- +goose Down\n",
        stamp="%Y%m%d%H%M%S",
    ),
)
