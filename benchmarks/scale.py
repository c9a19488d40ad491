"""
Large folders and large files: whether twice as much takes twice the time and memory.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from statistics import median

from .arena import Arena
from .contestants import Contestant
from .figures import Section
from .workloads import Files, mixed, write

__all__ = ["grown"]

_HALF, _WHOLE = "half", "all of it"
_SCRIPT = Path(__file__).parent / "hand" / "read.py"
_STATEMENT = (
    f"INSERT INTO t (a, b) VALUES (1, 'it''s {'long; ' * 20}'); -- a note; it's {'so' * 5}\n"
)


def grown(arena: Arena, files: int, megabytes: float, seen: dict[str, float]) -> list[Section]:
    """
    Read and plan *files* files of 5 kB; then one file of *megabytes* with statements
    of 200 bytes; each time beside half of it.
    """
    half = {name: text * 16 for name, text in mixed(files // 2).items()}
    many = {**half, **{f"9{name}": text for name, text in half.items()}}
    statements = max(2, round(megabytes * 1e6 / len(_STATEMENT)))
    file = {"1_big.sql": _STATEMENT * statements}
    size = sum(map(len, many.values())) / 1e6
    title = f"One file of {megabytes:g} MB, {statements} statements"
    halved = {"1_big.sql": _STATEMENT * (statements // 2)}
    return [
        _grown(arena, f"{files} files, {size:.0f} MB", (half, many), "files", seen),
        _grown(arena, title, (halved, file), "file", seen),
    ]


def _grown(
    arena: Arena, title: str, sizes: tuple[Files, Files], key: str, seen: dict[str, float]
) -> Section:
    reader = Contestant("", lambda _: [sys.executable, str(_SCRIPT), "sql"])
    folders = {name: arena.scratch / name for name in (_HALF, _WHOLE)}
    for folder, files in zip(folders.values(), sizes, strict=True):
        write(folder / "sql", files)
    section = Section(title, _HALF, {_HALF: [], _WHOLE: []}, note="Read and planned.")
    for number in range(min(3, arena.rounds)):
        arena.tell(f"{title}, round {number + 1}")
        for name, folder in folders.items():
            section.costs[name].append(arena.run(reader, folder, ""))
    for folder in folders.values():
        shutil.rmtree(folder)
    rounds = list(zip(section.costs[_WHOLE], section.costs[_HALF], strict=True))
    seen[f"{key} time"] = median(one.cpu / other.cpu for one, other in rounds)
    seen[f"{key} memory"] = median(one.memory / other.memory for one, other in rounds)
    return section
