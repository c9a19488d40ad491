"""
Let every type checker that people have read what they write against this library.

    python tests/typing/check.py

In a folder of their own, with nobody's settings, each at its strictest that is
not a matter of taste: ``right.py`` has nothing to be flagged, and in ``wrong.py``
each flags the lines that end in ``# wrong``, and none else.
"""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).parent
RIGHT, WRONG = "right.py", "wrong.py"

CHECKERS = {
    "mypy": ("mypy", "--strict", "--cache-dir=cache", "--no-error-summary"),
    "pyright": ("pyright", "--pythonpath", sys.executable),
    "ty": ("ty", "check", "--python", sys.executable, "--output-format=concise"),
    "pyrefly": (
        *("pyrefly", "check", "--preset=strict", "--output-format=min-text", "--summary=none"),
        *("--python-interpreter-path", sys.executable),
    ),
}


def flagged(checker: str, file: str, room: Path) -> dict[int, str]:
    """
    Say what *checker* says of *file*, by line.
    """
    command = [str(Path(sys.executable).with_name(CHECKERS[checker][0])), *CHECKERS[checker][1:]]
    done = subprocess.run([*command, file], check=False, cwd=room, capture_output=True, text=True)
    found = re.findall(rf"^(.*\b{re.escape(file)}:(\d+)\b.*)$", done.stdout, re.MULTILINE)
    lines = {int(line): text.strip() for text, line in found if ": note:" not in text}
    # Something is found, or nothing: a checker that broke down has found nothing too.
    if done.returncode != bool(lines):
        raise SystemExit(f"{checker} ended with {done.returncode}:\n{done.stdout}{done.stderr}")
    return lines


def marked(text: str) -> set[int]:
    """
    Number the lines that are wrong.
    """
    return {at for at, line in enumerate(text.splitlines(), 1) if line.endswith("  # wrong")}


def compare(checker: str, file: str, room: Path) -> list[str]:
    """
    List the lines of *file* that *checker* sees otherwise than they are meant.
    """
    expected, found = marked((room / file).read_text("utf-8")), flagged(checker, file, room)
    unseen = [f"{file}:{line}: not flagged" for line in sorted(expected - found.keys())]
    return [*unseen, *(found[line] for line in sorted(found.keys() - expected))]


def main() -> None:
    failed = False
    with tempfile.TemporaryDirectory() as name:
        room = Path(name)
        for file in (RIGHT, WRONG):
            shutil.copy(HERE / file, room)
        # What is a warning by default is no matter of taste there.
        (room / "pyrightconfig.json").write_text('{"typeCheckingMode": "strict"}', "utf-8")
        for checker in CHECKERS:
            differences = [line for file in (RIGHT, WRONG) for line in compare(checker, file, room)]
            failed = failed or bool(differences)
            print(f"{checker}: {'as meant' if not differences else 'otherwise than meant'}")
            print(*(f"  {line}\n" for line in differences), sep="", end="")
    sys.exit(failed)


if __name__ == "__main__":
    main()
