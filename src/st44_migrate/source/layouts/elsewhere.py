"""
Where the way back begins in the files of those tools that write both ways into one.

To a layout that reads all of a file, such a line is a remark: under a name that
was chosen wrongly, the file would be undone at once.  So what follows is refused.
"""

from __future__ import annotations

import re

from st44_migrate.model import Marker, Meaning

__all__ = ["ELSEWHERE", "elsewhere"]

# The beginning of the way back, in the notation of each tool, or nearly.
_BACK = {
    "goose": r"[ \t]*--[ \t]*\+[ \t]*goose[ \t]+down\b",
    "sql-migrate": r"[ \t]*--[ \t]*\+[ \t]*migrate[ \t]+down\b",
    "dbmate": r"[ \t]*--[ \t]*migrate[ \t]*:[ \t]*down\b",
    "tern": r"[ \t]*--[ \t-]*create[ \t]+above[ \t]*/[ \t]*drop[ \t]+below\b",
    "node-pg-migrate": r"[ \t]*--[ \t-]*down[ \t]+migration[ \t-]*$",
}

ELSEWHERE = tuple(
    Marker(re.compile(pattern, re.IGNORECASE | re.MULTILINE), Meaning.ELSEWHERE, tool=tool)
    for tool, pattern in _BACK.items()
)
"""All of them, for a layout without such a marker of its own."""


def elsewhere(tool: str) -> tuple[Marker, ...]:
    """
    List those of the other tools, for the layout of *tool*.
    """
    return tuple(marker for marker in ELSEWHERE if marker.tool != tool)
