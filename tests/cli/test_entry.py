"""
The command as such: help, usage errors, exit codes, streams, imports.
"""

from __future__ import annotations

import json
import os
import pty
import subprocess
import sys

import pytest

from cli.harness import Project
from st44_migrate import __version__

COMMANDS = (
    *("up", "status", "plan", "check", "show", "health", "lint", "new", "detect"),
    *("squash", "wait", "adopt", "baseline", "mark", "repair", "demo"),
)

TELL_MODULES = """
import sys
from st44_migrate.cli import main
code = main(sys.argv[1:])
print(*sorted(sys.modules), file=sys.stderr)
sys.exit(code)
"""


def loaded_by(project: Project, *args: str) -> set[str]:
    done = subprocess.run(
        [sys.executable, "-c", TELL_MODULES, *args],
        cwd=project.root,
        capture_output=True,
        text=True,
        check=True,
    )
    return set(done.stderr.splitlines()[-1].split())


def test_the_version(project: Project) -> None:
    """
    As text and as a document.
    """
    assert project.spawn("--version").out == f"st44-migrate {__version__}\n"
    assert project.run("--version", "--json").document == {"version": __version__}
    assert project.run("--json", "--version").document == {"version": __version__}


def test_the_help_lists_every_command_and_no_alias(project: Project) -> None:
    """
    One line each, in the order in which people meet them.
    """
    for option in ("-h", "--help"):
        outcome = project.run(option)
        listed = [
            line.split()[0] for line in outcome.out.partition("Commands:")[2].splitlines()[1:]
        ]
        assert (outcome.code, listed) == (0, list(COMMANDS))
        assert "..." not in outcome.out.partition("Commands:")[2]


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_that_fits_a_screen(project: Project, command: str) -> None:
    """
    Short, and with no line that was broken by hand.
    """
    outcome = project.run(command, "-h")
    assert outcome.code == 0
    assert outcome.out.startswith(f"Usage: st44-migrate {command} ")
    assert len(outcome.out.splitlines()) <= 34


@pytest.mark.parametrize("command", ["up", "check"])
def test_exit_codes_are_in_the_help(project: Project, command: str) -> None:
    """
    Deploys branch on them.
    """
    assert "\n  Exit codes:\n    0  " in project.run(command, "-h").out


@pytest.mark.parametrize(
    ("args", "first"),
    [
        ((), "error: Missing command."),
        (("stat",), "error: No such command 'stat'."),
        (("up", "--nope"), "error: No such option"),
        (("up", "--wait", "soon"), "error: Invalid value for '--wait'"),
        (("up", "--wait", "-1"), "error: Invalid value for '--wait'"),
        (("up", "a", "b"), "error: Got unexpected extra argument"),
        (("mark", "003"), "error: Missing option '--reason'."),
        (("show",), "error: Missing argument 'VERSION'."),
    ],
)
def test_usage_errors(project: Project, args: tuple[str, ...], first: str) -> None:
    """
    Exit 2, one line that says it, then where to read on; a document if wanted.
    """
    outcome = project.run(*args)
    assert outcome.code == 2
    assert outcome.err.startswith(first)
    assert "Usage: st44-migrate" in outcome.err
    assert outcome.out == ""
    documented = project.run(*args, "--json")
    assert documented.code == 2
    assert documented.document["error"]["code"] == "usage"


def test_an_option_before_the_command(project: Project) -> None:
    """
    The way to say it is told.
    """
    outcome = project.run("--url", "sqlite:///app.db", "up")
    assert outcome.code == 2
    first, second = outcome.err.splitlines()
    assert first.startswith("error: No such option")
    assert second == "It comes after the command: st44-migrate up --url ..."


def test_json_may_stand_before_the_command(empty: Project) -> None:
    """
    It is about the output, not about the command.
    """
    assert empty.run("--json", "check", "--url", empty.url).document["status"] == "pending"


@pytest.mark.parametrize("command", ["status", "plan", "check", "up", "wait"])
def test_every_error_is_one_document(project: Project, command: str) -> None:
    """
    stdout holds one document whatever happens; the words are on stderr.
    """
    outcome = project.run(command, "--json")
    assert outcome.code == 2
    assert outcome.document["error"]["code"] == "config"
    assert outcome.document["error"]["message"] == "no database is named"
    assert outcome.err.startswith("error: no database is named\n")


WITHOUT_CLICK = """
import sys
sys.modules["click"] = None
from st44_migrate.cli import main
sys.exit(main(sys.argv[1:]))
"""


def test_without_click_it_says_what_to_install() -> None:
    """
    The library works without the extra, the command says what it needs, in JSON too.
    """
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_CLICK, "up", "--json"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 2
    assert done.stderr == (
        "error: the command needs click, which is not installed\n"
        "Install it: pip install 'st44-migrate[cli]'\n"
    )
    assert json.loads(done.stdout)["error"]["code"] == "config"


def test_the_version_needs_no_engine(project: Project) -> None:
    """
    Only what it prints with is loaded.
    """
    loaded = loaded_by(project, "--version")
    assert loaded & {"rich", "asyncio", "importlib.metadata", "json", "tomllib"} == set()
    assert loaded & {"st44_migrate.runner", "st44_migrate.sqltext", "sqlite3"} == set()


def test_the_status_loads_only_what_it_uses(applied: Project) -> None:
    """
    No terminal, no rich; no event loop; no other driver.
    """
    loaded = loaded_by(applied, "status", "--url", applied.url)
    assert loaded & {"rich", "asyncio", "importlib.metadata", "json", "tomllib", "difflib"} == set()
    assert loaded & {"psycopg", "aiosqlite"} == set()


def test_completion_is_clicks(project: Project) -> None:
    """
    The shell asks, and gets the commands' names.
    """
    outcome = project.spawn(
        _ST44_MIGRATE_COMPLETE="bash_complete", COMP_WORDS="st44-migrate sta", COMP_CWORD="1"
    )
    assert outcome.out == "plain,status\n"


def test_a_reader_that_leaves_early(applied: Project) -> None:
    """
    ``st44-migrate status | head -1`` shows no traceback, and exits as others do.
    """
    reading, writing = os.pipe()
    os.close(reading)
    done = subprocess.run(
        [sys.executable, "-m", "st44_migrate", "status", "--url", applied.url],
        cwd=applied.root,
        stdout=writing,
        stderr=subprocess.PIPE,
        text=True,
        check=False,
    )
    os.close(writing)
    assert (done.returncode, done.stderr) == (141, "")


def test_a_console_without_the_letters(applied: Project) -> None:
    """
    A comment that the console cannot write is escaped, not an error.
    """
    applied.write("004_letters.sql", "-- på norsk\nSELECT 1;\n")
    applied.on("up", "-q")
    outcome = applied.spawn("show", "4", "--url", applied.url, PYTHONIOENCODING="ascii")
    assert outcome.code == 0
    assert "-- p\\xe5 norsk" in outcome.out


def on_a_terminal(project: Project, *args: str, **environ: str) -> tuple[int, str]:
    """
    Run the command with a terminal for its three streams; return what it shows.
    """
    parent, child = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "st44_migrate", *args],
        cwd=project.root,
        env={**os.environ, "TERM": "xterm", **environ},
        stdin=child,
        stdout=child,
        stderr=child,
    ) as process:
        os.close(child)
        shown = b""
        while True:
            try:
                chunk = os.read(parent, 65536)
            except OSError:
                break
            if not chunk:
                break
            shown += chunk
    os.close(parent)
    return process.returncode, shown.decode().replace("\r\n", "\n")


def test_red_on_a_terminal_only(project: Project) -> None:
    """
    The word error is red; with NO_COLOR, or on a dumb terminal, it is not.
    """
    code, shown = on_a_terminal(project, "up")
    assert code == 2
    assert shown.startswith("\x1b[31m\x1b[1merror:\x1b[0m no database is named\n")
    assert "\x1b" not in on_a_terminal(project, "up", NO_COLOR="1")[1]
    assert "\x1b" not in on_a_terminal(project, "up", TERM="dumb")[1]
    assert "\x1b" not in project.spawn("up").err
