"""
Whose folder is it?  Every layout is tried, and each says what speaks for it and against.

Names alone are a weak sign, since many tools share them; the tool's own comments
in the files, files that come with it, and names that nobody else uses are strong.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from st44_migrate.errors import SourceError
from st44_migrate.model import Meaning

from .layouts import BUILT_IN, builtin

if TYPE_CHECKING:
    import re
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from st44_migrate.protocols import Tree

    from .layout import FileLayout
    from .naming import Names

__all__ = ["Finding", "examine", "recognise"]

_DEEP = 2
"""So many levels of sub-folders are looked into: it may be the wrong folder, and a large one."""

_READ = 200
"""So many files are looked into: one with a marker is proof enough."""

_BOTH_WAYS = {Meaning.UP, Meaning.UP_ALONE, Meaning.DOWN}


@dataclass(frozen=True, slots=True)
class Finding:
    """
    What one layout makes of a folder.

    Args:
        layout: Its name.

        fits: How many migrations it sees.

        signs: What speaks for it, strong signs only.

        doubts: What speaks against it: with one of these it is out of the question.
    """

    layout: str
    fits: int
    signs: tuple[str, ...] = ()
    doubts: tuple[str, ...] = ()

    @property
    def possible(self) -> bool:
        """
        Whether the folder can be read so.
        """
        return bool(self.fits) and not self.doubts


def recognise(tree: Callable[[int], Tree]) -> str:
    """
    Name the layout of a folder.

    Raises:
        SourceError: it could be several, or none.
    """
    findings = examine(tree)
    best = [f for f in findings if f.possible and len(f.signs) == len(findings[0].signs)]
    if len(best) == 1 or (best and best[0].layout == "plain"):
        return best[0].layout
    where = tree(0).where
    if not best:
        raise SourceError(
            f"{where} is not a folder of any tool that is known.",
            remedy="st44-migrate detect says what speaks against each.",
        )
    names = " or ".join(finding.layout for finding in best)
    raise SourceError(
        f"{where} may be a folder of {names}.",
        remedy=f"Say whose it is: --layout {best[0].layout}. st44-migrate detect says more.",
    )


def examine(tree: Callable[[int], Tree]) -> tuple[Finding, ...]:
    """
    Try every built-in layout on a folder; the most likely first.

    Args:
        tree: Lists the folder, down to so many levels of sub-folders.
    """
    trees = {depth: tree(depth) for depth in range(_DEEP + 1)}
    findings = [_find(builtin(name), trees) for name in BUILT_IN]
    order = list(BUILT_IN)
    return tuple(
        sorted(
            findings,
            key=lambda f: (not f.possible, -len(f.signs), len(f.doubts), order.index(f.layout)),
        )
    )


def _find(layout: FileLayout, trees: Mapping[int, Tree]) -> Finding:
    tree = trees[min(layout.depth, _DEEP)]
    names = layout.names(tree.files, {})
    doubts = list(_misfits(names))
    if not names.migrations:
        return Finding(layout.name, 0, (), tuple(doubts) or ("no file is called as its own are",))
    texts = {
        name.file: tree.read(name.file).decode("utf-8", "replace")
        for name in names.migrations[-_READ:]
    }
    written = _first(_own_patterns(layout), texts)
    signs = [f"{tree.path(written[0])} has '{written[1]}'"] if written else []
    signs += [tree.path(file) for file in tree.files if layout.signs.fullmatch(file)][:1]
    if layout.telling:
        signs.append(f"names like {names.migrations[0].file}")
    notation = layout.notation
    if notation is not None and notation.sections and not written:
        doubts.append(f"no file has '{notation.opening}' in it")
    others = _first(_patterns_of_others(layout), texts)
    if others:
        doubts.append(f"{tree.path(others[0])} has '{others[1]}', which means nothing to it")
    return Finding(layout.name, len(names.migrations), tuple(signs), tuple(doubts))


def _misfits(names: Names) -> Iterator[str]:
    if names.wrong:
        first = names.wrong[0]
        more = f", and {len(names.wrong) - 1} more" if len(names.wrong) > 1 else ""
        yield (
            f"{first.file} {first.reason or 'is not called as its own are.'}".removesuffix(".")
            + more
        )


def _own_patterns(layout: FileLayout) -> list[re.Pattern[str]]:
    markers = layout.notation.markers if layout.notation else ()
    return [layout.trace, *(m.pattern for m in markers if m.means is not Meaning.ELSEWHERE)]


def _patterns_of_others(layout: FileLayout) -> list[re.Pattern[str]]:
    """
    List with what other tools part the way there from the way back.
    """
    own = layout.notation.tool if layout.notation else layout.name
    notations = [builtin(name).notation for name in BUILT_IN]
    return [
        marker.pattern
        for notation in notations
        if notation is not None and notation.tool != own
        for marker in notation.markers
        if marker.means in _BOTH_WAYS
    ]


def _first(patterns: Sequence[re.Pattern[str]], texts: Mapping[str, str]) -> tuple[str, str] | None:
    """
    Find the first file that has one of *patterns* at the beginning of a line.
    """
    for file, text in texts.items():
        for pattern in patterns:
            for found in pattern.finditer(text):
                line = text.rfind("\n", 0, found.start()) + 1
                if not text[line : found.start()].strip():
                    return file, found[0].strip()
    return None
