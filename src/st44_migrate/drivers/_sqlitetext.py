"""
SQLite's texts: URLs, command tags, and what its messages tell. Pure.
"""

from __future__ import annotations

import re
from pathlib import Path

from ..errors import ConfigError

__all__ = ["constraint_in", "offset_in", "path_of", "tag_of", "uri_of"]

_MEMORY = "An in-memory database is gone with its connection, and each session sees its own."
_FORM = "Write sqlite:///relative.db or sqlite:////absolute/path.db."
_SCHEME = re.compile(r"sqlite(?:\+\w+)?:", re.IGNORECASE)

_VERB = re.compile(r"[A-Za-z]+")
_OBJECT = re.compile(
    r"(?:CREATE|DROP|ALTER)\s+(?:(?:TEMP|TEMPORARY|UNIQUE|VIRTUAL)\s+)*([A-Za-z]+)", re.IGNORECASE
)

_NAMED = re.compile(
    r'near "(?P<near>.+)": syntax error'
    r'|unrecognized token: "(?P<token>.+)"'
    r"|no such (?:table|column|function|index): (?:main\.)?(?P<name>.+)",
    re.DOTALL,
)
_CONSTRAINT = re.compile(r"constraint failed: (.+)")


def path_of(url: str) -> Path:
    """
    Return the file that a URL names, taken literally as SQLAlchemy does.

    Raises:
        ConfigError: it names no file, or asks for more than that.
    """
    scheme = _SCHEME.match(url)
    rest = url[scheme.end() :] if scheme else url
    if rest in {"//", "///", "", ":memory:"} or ":memory:" in rest or "mode=memory" in rest:
        raise ConfigError(
            f"a SQLite URL must name a file. {_MEMORY}",
            remedy=f"{_FORM} For an in-memory database pass its open connection.",
        )
    if "?" in rest:
        raise ConfigError(
            "a SQLite URL takes no parameters here",
            remedy="Leave out what follows the ?, or pass an open connection.",
        )
    if not rest.startswith("///"):
        raise ConfigError("a SQLite URL has three slashes before the path", remedy=_FORM)
    # Absolute, so that a later chdir does not lead to another, fresh, file.
    return Path(rest[3:]).absolute()


def uri_of(path: Path, mode: str) -> str:
    """
    Return the URI that opens *path*: ``"ro"``, ``"rw"``, or ``"rwc"``, which alone
    creates the file.
    """
    return f"{path.as_uri()}?mode={mode}"


def tag_of(statement: str) -> str:
    """
    Return the command tag, which SQLite does not give: ``"CREATE TABLE"``.
    """
    verb = _VERB.match(statement)
    if verb is None:
        return ""
    words = [verb[0]]
    if found := _OBJECT.match(statement):
        words.append(found[1])
    return " ".join(words).upper()


def offset_in(statement: str, message: str) -> int | None:
    """
    Find the place that *message* is about, if only one is possible.

    `sqlite3` does not pass on SQLite's error offset, only the token.
    """
    if message == "incomplete input":
        return len(statement)
    found = _NAMED.match(message)
    if found is None:
        return None
    token = found["near"] or found["token"] or found["name"]
    left = r"(?<!\w)" if token[0].isalnum() or token[0] == "_" else ""
    right = r"(?!\w)" if token[-1].isalnum() or token[-1] == "_" else ""
    places = [m.start() for m in re.finditer(left + re.escape(token) + right, statement)]
    return places[0] if len(places) == 1 else None


def constraint_in(message: str) -> str | None:
    """
    Return what a failed constraint is called: its name, or its columns.
    """
    found = _CONSTRAINT.search(message)
    return found[1] if found else None
