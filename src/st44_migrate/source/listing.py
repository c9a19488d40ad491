"""
What is common to all sources: how names are shown, and what is said of wrong ones.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from st44_migrate.errors import SourceError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from st44_migrate.protocols import Tree

    from .naming import Misnamed

__all__ = ["did_you_mean", "misnamed", "nothing", "printable"]

_SHOWN = 5


def printable(text: str) -> str:
    r"""
    Escape what cannot be shown in one line, and the bytes that are not UTF-8.

    >>> printable("caf\udce9")
    'caf\\xe9'
    """
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() else _escape(ord(c)) for c in text)


def did_you_mean(name: str, candidates: Iterable[str]) -> str | None:
    """
    Find the candidate that *name* was most likely meant to be.
    """
    import difflib  # costs 11 ms, and only an error needs it

    matches = difflib.get_close_matches(name, sorted(candidates), n=1, cutoff=0.5)
    return matches[0] if matches else None


def _escape(code: int) -> str:
    if 0xDC80 <= code <= 0xDCFF:  # how Python keeps a byte that is not UTF-8
        return f"\\x{code - 0xDC00:02x}"
    return chr(code).encode("unicode_escape").decode("ascii")


def misnamed(tree: Tree, wrong: Sequence[Misnamed], rule: str, hint: str = "") -> SourceError:
    """
    Say which files are not called as they should be, and how they should.

    Args:
        tree: Where they are.

        wrong: One at least.

        rule: How a migration is called, in a sentence without its end.

        hint: What else may be the matter.
    """
    first, *others = (_describe(tree, file) for file in wrong)
    remedy = (wrong[0].remedy or rule, hint, *(f"also: {other}" for other in others))
    return SourceError(first, remedy="\n".join(filter(None, remedy)))


def nothing(tree: Tree, ignored: Sequence[str], rule: str, hint: str) -> SourceError:
    """
    Say that there is no migration, and what there is instead.
    """
    visible = [
        f"{printable(folder)}/"
        for folder in sorted(tree.folders)
        if not folder.startswith((".", "__"))
    ]
    held: list[str] = []
    if ignored:
        shown = _some([printable(file) for file in ignored])
        held.append(f"{len(ignored)} other file{'s' * (len(ignored) > 1)} ({shown})")
    if visible:
        held.append(f"the sub-folder{'s' * (len(visible) > 1)} {_some(visible)}")
    found = f"it holds {' and '.join(held)}" if held else "it is empty"
    meant = did_you_mean("migrations/", visible)
    remedy = (
        rule,
        f"Did you mean {tree.path(meant[:-1])}?" if meant else "",
        hint,
    )
    return SourceError(
        f"{tree.where} has no migration in it: {found}.", remedy="\n".join(filter(None, remedy))
    )


def _describe(tree: Tree, file: Misnamed) -> str:
    path = tree.path(file.file)
    if file.reason:
        return f"{path} {file.reason}"
    if file.correct is None:
        return f"{path} looks like a rollback, which is never run: move it into a sub-folder."
    return f"{path} is not a migration's name: call it {file.correct}."


def _some(names: Sequence[str]) -> str:
    more = len(names) - _SHOWN
    return ", ".join(names[:_SHOWN]) + (f" and {more} more" if more > 0 else "")
