"""
An error as a person meets it on a terminal.

The first line is enough for a deploy log: the place if there is one, and the
cause.  It begins as compilers begin theirs, ``path:line:column: error:``, so
that terminals and editors link it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from ..errors import ApplyError, DriverError, MigrateError, PlanError, SourceError
from ..model import Place
from .words import indent

__all__ = ["headline", "place_of", "render_error"]


def render_error(error: MigrateError, paint: Callable[[str], str] = str) -> str:
    """
    Say what happened, where, what is unchanged and what to do.

    Args:
        error: What a run or a command raised.

        paint: Makes the word ``error`` stand out, on a terminal.
    """
    return "\n".join(_lines(error, paint))


def _lines(error: MigrateError, paint: Callable[[str], str]) -> Iterator[str]:
    where, message = headline(error)
    yield f"{where}: {paint('error:')} {message}" if where else f"{paint('error:')} {message}"
    if error.excerpt:
        yield error.excerpt.strip("\n")
    if isinstance(error, ApplyError) and error.error is not None:
        yield from _said(error.error)
    yield from (part for part in (error.unchanged, error.remedy) if part)
    yield from getattr(error, "__notes__", ())


def headline(error: MigrateError) -> tuple[str, str]:
    """
    Split an error's first line into the place and the message; the place may be ``""``.
    """
    place = place_of(error)
    prefixes = [str(place)] if place else []
    if isinstance(error, ApplyError):
        prefixes.append(error.migration.path)
    for prefix in prefixes:
        if error.happened.startswith(f"{prefix}: "):
            return prefix, error.happened.removeprefix(f"{prefix}: ")
    return (str(place) if place else ""), error.happened


def place_of(error: MigrateError) -> Place | None:
    """
    Find the place an error is about; None if it is about none.
    """
    if isinstance(error, (ApplyError, SourceError)):
        return error.place
    if isinstance(error, PlanError):
        first = error.problems[0]
        if first.path and first.line and first.column:
            return Place(first.path, first.line, first.column)
    return None


def _said(error: DriverError) -> Iterator[str]:
    """
    What the server had to say, each thing under its name.
    """
    told = (
        ("SQLSTATE", error.sqlstate),
        ("constraint", error.constraint),
        ("detail", error.detail),
        ("hint", error.hint),
        ("context", error.context),
    )
    for name, text in told:
        if text:
            yield indent(f"{name}: " + text.strip().replace("\n", "\n  "))
