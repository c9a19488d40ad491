"""
Follow a page word for word, as its reader would.

    python tests/follow.py docs/tutorial.md DIST

In an empty directory, and where ``pip install st44-migrate`` finds the wheel that
is in the folder DIST.  Of this environment, the page gets to see nothing that has
our command: what it uses is what it installs.
"""

from __future__ import annotations

import os
import shlex
import subprocess
import sys
import tempfile
from pathlib import Path

from pages import RUN, blocks, exports_of

LANGUAGES = {"console", "sql", "text"}


def follow(page: str, dist: Path, room: Path) -> int:
    """
    Run every block of *page* in *room*, and return how many there were.
    """
    found = {"PATH": path_without_us(), "PIP_FIND_LINKS": str(dist)}
    lines = [f"export {name}={shlex.quote(value)}\n" for name, value in found.items()]
    exports_of(room).write_text("".join(lines), "utf-8")
    steps = blocks(page)
    for block in steps:
        at = f"{page}:{block.line}"
        assert block.language in LANGUAGES, f"{at}: {block.language!r} would run in our environment"
        RUN[block.language](block, room, at)
    return len(steps)


def path_without_us() -> str:
    """
    Give the path without the folders that have our command.
    """
    folders = os.environ["PATH"].split(os.pathsep)
    kept = [folder for folder in folders if not (Path(folder) / "st44-migrate").exists()]
    return os.pathsep.join(kept)


def where_it_came_from(room: Path) -> str:
    """
    Say which file the command was that the page used in the end.
    """
    script = f". {shlex.quote(str(exports_of(room)))} && command -v st44-migrate"
    command = ["bash", "-c", script]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.strip()


def main() -> None:
    page, dist = sys.argv[1], Path(sys.argv[2]).resolve()
    with tempfile.TemporaryDirectory() as name:
        room = Path(name).resolve() / "empty"
        room.mkdir()
        count = follow(page, dist, room)
        used = where_it_came_from(room)
        assert Path(used).is_relative_to(room), f"the page used {used}"
        print(f"{page}: {count} blocks, with {Path(used).relative_to(room)}")


if __name__ == "__main__":
    main()
