"""
The tables as bars; needs the dependency group ``bench``.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from .contestants import LIBRARY
from .figures import Section, ratio

__all__ = ["plot"]


def plot(sections: Sequence[Section], folder: Path) -> list[Path]:
    """
    Draw a picture for each section into *folder*.
    """
    import matplotlib as mpl

    mpl.use("Agg")
    from matplotlib import pyplot as plt

    made: list[Path] = []
    for section in sections:
        names = [name for name, costs in section.costs.items() if costs]
        names.sort(key=lambda name: ratio(section.costs, name, section.base), reverse=True)
        values = [ratio(section.costs, name, section.base) for name in names]
        figure, axes = plt.subplots(figsize=(7, 0.4 * len(names) + 1.2))
        colours = ["#c2410c" if name in LIBRARY else "#94a3b8" for name in names]
        axes.bar_label(axes.barh(names, values, color=colours), fmt="%.2f", padding=3)
        axes.axvline(1, color="#0f172a", linewidth=0.8)
        axes.set_title(section.title, loc="left", fontsize=10)
        axes.set_xlabel(f"wall clock / {section.base}", fontsize=8)
        axes.margins(x=0.12)
        axes.spines[["top", "right"]].set_visible(False)
        figure.tight_layout()
        path = folder / f"{re.sub(r'[^a-z0-9]+', '-', section.title.lower()).strip('-')}.png"
        figure.savefig(path, dpi=110)
        plt.close(figure)
        made.append(path)
    return made
