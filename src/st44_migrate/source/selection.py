"""
Which layout reads a source, and what it is told.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from st44_migrate.errors import SourceError

from .layouts import layout_named

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from st44_migrate.model import Migration
    from st44_migrate.protocols import Layout, Tree

__all__ = ["AUTO", "Selection"]

AUTO = "auto"


class Selection:
    """
    A layout, by name or as it is, and values for its placeholders.
    """

    def __init__(self, layout: str | Layout, values: Mapping[str, str] | None) -> None:
        self._layout = layout
        self._values = dict(values or {})

    def __str__(self) -> str:
        # Values may be secrets.
        name = self._layout if isinstance(self._layout, str) else self._layout.name
        return "" if name == "plain" else f", layout={name!r}"

    def load(self, tree: Callable[[int], Tree], *, hint: str = "") -> Sequence[Migration]:
        """
        Read the migrations of *tree*, which is given how deep to list.

        Raises:
            SourceError: see `protocols.Layout.migrations`.

            ConfigError: there is no such layout.
        """
        layout = self._layout
        if layout == AUTO:
            from .recognition import recognise  # few runs need it

            layout = recognise(tree)
        if isinstance(layout, str):
            layout = layout_named(layout)
        try:
            return layout.migrations(tree(layout.depth), self._values, hint=hint)
        except SourceError as error:
            if layout.name == "plain":
                _add_whose(error, tree)
            raise


def _add_whose(error: SourceError, tree: Callable[[int], Tree]) -> None:
    """
    Say whose folder it may be, if there is a sign of it.
    """
    from .recognition import examine

    try:
        finding = examine(tree)[0]
    except SourceError:
        return
    if finding.possible and finding.signs:
        whose = f"It looks like a folder of {finding.layout}: --layout {finding.layout}"
        error.remedy = "\n".join(filter(None, (error.remedy, f"{whose} ({finding.signs[0]}).")))
