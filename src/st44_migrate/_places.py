"""
Where in a file an error is.  Pure.

Servers give a position for syntax errors and unknown names only, relative to
what was sent.  For all else the statement is known, and often more: the line
inside a PL/pgSQL body, or a name in the message that the statement holds once.
A coarse place is better than a wrong one: where there is a choice, none is made.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from .errors import DriverError
from .model import Script, Statement
from .sqltext import body_start

__all__ = ["locate"]

_PLPGSQL = re.compile(r"^PL/pgSQL function (?P<name>.+?) line (?P<line>\d+) at ", re.MULTILINE)
_PART = r'(?:"(?:[^"]|"")*"|[\w$]+)'
_ROUTINE = re.compile(
    r"create\s+(?:or\s+replace\s+)?(?:function|procedure)\s+"
    rf"(?:(?P<schema>{_PART})\s*\.\s*)?(?P<name>{_PART})",
    re.IGNORECASE,
)
_CALLED = re.compile(rf"(?:(?P<schema>{_PART})\.)?(?P<name>{_PART})(?:\(|$)")
_NAMED = re.compile(r'"([^"]+)"|\'([^\']+)\'|near "([^"]+)"')


def locate(script: Script, statement: Statement, error: DriverError) -> int:
    """
    Find the character of ``script.text`` that *error* is about.
    """
    if error.offset is not None and 0 <= error.offset <= len(statement.text):
        return statement.offset + error.offset
    inside = next(_inside_routines(script, statement, error), None)
    if inside is not None:
        return inside
    return statement.offset + _named_once(statement.text, error.message)


def _inside_routines(script: Script, statement: Statement, error: DriverError) -> Iterator[int]:
    """
    Yield the places inside PL/pgSQL bodies of this file, innermost call first.
    """
    for call in _PLPGSQL.finditer(error.context or ""):
        name, line = call["name"], int(call["line"])
        holder = statement if name == "inline_code_block" else _definition(script, name, statement)
        body = body_start(holder.text) if holder else None
        if holder is None or body is None:
            continue
        start = holder.offset + body
        for _ in range(line - 1):
            start = script.text.find("\n", start) + 1
        if error.internal_query and error.internal_offset is not None:
            found = script.text.find(error.internal_query.strip(), start)
            if 0 <= found < holder.offset + len(holder.text):
                yield found + error.internal_offset
                continue
        rest = script.text[start:]
        yield start + len(rest) - len(rest.lstrip())


def _definition(script: Script, called: str, failing: Statement) -> Statement | None:
    """
    Find where the file itself creates the routine *called*, as the server
    writes it; None where several could be meant.
    """
    call = _CALLED.match(called)
    if call is None:
        return None
    found = [
        statement
        for statement in script.statements
        if statement.offset <= failing.offset
        and (made := _ROUTINE.match(statement.text)) is not None
        and _plain(made["name"]) == _plain(call["name"])
        and _may_be_in(made["schema"], call["schema"])
    ]
    return found[0] if len(found) == 1 else None


def _may_be_in(made: str | None, called: str | None) -> bool:
    """
    Compare the schema in the file with the server's, which names one only
    where the search_path does not find the routine.
    """
    if made is None:
        return True
    if called is None:
        return _plain(made) == "public"
    return _plain(made) == _plain(called)


def _plain(name: str) -> str:
    return name[1:-1].replace('""', '"') if name.startswith('"') else name.lower()


def _named_once(text: str, message: str) -> int:
    """
    Point at the first name of *message* if *text* holds it exactly once.
    """
    named = _NAMED.search(message)
    if named is None:
        return 0
    name = re.escape(next(part for part in named.groups() if part))
    places = list(re.finditer(rf"(?<!\w){name}(?!\w)", text))
    return places[0].start() if len(places) == 1 else 0
