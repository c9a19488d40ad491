"""
Workflow commands, read back the way the runner of GitHub Actions reads them.
"""

from __future__ import annotations

import io
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from st44_migrate.errors import PlanError, SourceError
from st44_migrate.events import (
    MigrationFailed,
    MigrationStarted,
    NoticeReceived,
    ProblemFound,
    RunFailed,
)
from st44_migrate.model import Migration, Place, Problem, Severity
from st44_migrate.observe.github import GitHubObserver

if TYPE_CHECKING:
    from st44_migrate.events import Event

COMMANDS = {"group", "endgroup", "error", "warning", "notice", "debug", "add-mask", "stop-commands"}


class Command(NamedTuple):
    name: str
    properties: dict[str, str]
    message: str


def parse(line: str) -> Command | None:
    """
    Read a line as the runner does: ``::name key=value,key=value::message``.
    """
    text = line.lstrip()
    if text.startswith("::") and "::" in text[2:]:
        head, _, message = text[2:].partition("::")
        name, _, listed = head.partition(" ")
        if name in COMMANDS:
            pairs = (pair.split("=", 1) for pair in listed.strip().split(",") if pair)
            return Command(name, {k: unescape(v, ":,") for k, v in pairs}, unescape(message, ""))
    assert "##[" not in line, "an old command, wherever it stands"
    return None


def unescape(text: str, more: str) -> str:
    for character in f"\r\n{more}%":
        text = text.replace(f"%{ord(character):02X}", character)
    return text


def lines(events: list[Event]) -> list[str]:
    stream = io.StringIO()
    observer = GitHubObserver(stream)
    for event in events:
        observer(event)
    return stream.getvalue().splitlines()


def commands(events: list[Event]) -> list[Command]:
    return [command for line in lines(events) if (command := parse(line)) is not None]


def test_a_good_run(good_run: list[Event]) -> None:
    """A group for each file with what happened in it, and the result below it."""
    assert lines(good_run) == [
        "2 migrations to apply to postgresql://app@db/shop, 1 applied before",
        "::warning file=db/migrations/017_add_rewards_table.sql,title=gap"
        "::015 and 016 are missing.%0AWas a file lost?",
        "::group::applying 017_add_rewards_table (1 of 2), 3 statements",
        "notice: backfilled 12 rows",
        "017_add_rewards_table, statement 1 of 3, done: CREATE TABLE",
        "::endgroup::",
        "applied 017_add_rewards_table  3 statements  12 ms",
        "::group::applying 018_index_rewards (2 of 2), 1 statement, no transaction",
        "018_index_rewards, statement 1 of 1, line 5: "
        "CREATE INDEX CONCURRENTLY rewards_by_child ON rewards (ch...",
        "018_index_rewards, statement 1 of 1, done: CREATE INDEX",
        "::endgroup::",
        "applied 018_index_rewards  1 statement  1 min 23 s",
    ]


def test_a_failure_is_annotated_once_and_outside_the_group(failed_run: list[Event]) -> None:
    """The group is closed before the error, and the end of the run does not repeat it."""
    found = commands(failed_run)
    assert [command.name for command in found] == [
        "group",
        "endgroup",
        "group",
        "endgroup",
        "error",
    ]
    assert found[-1].properties == {
        "file": "db/migrations/018_index_rewards.sql",
        "line": "5",
        "col": "38",
        "title": "018_index_rewards failed",
    }
    (error,) = {str(event.error) for event in failed_run if isinstance(event, MigrationFailed)}
    assert found[-1].message == error


def test_a_plan_error_is_one_annotation_a_problem() -> None:
    """Each problem is shown at its own file."""
    problems = (
        Problem(
            "edited", Severity.ERROR, "017 was edited.", "Undo it.", "017", "m/017_a.sql", 3, 1
        ),
        Problem("gap", Severity.WARNING, "016 is missing."),
        Problem("ahead", Severity.NOTE, "018 is ahead."),
    )
    assert commands([RunFailed(PlanError(problems), None)]) == [
        Command(
            "error",
            {"file": "m/017_a.sql", "line": "3", "col": "1", "title": "edited"},
            "017 was edited.\nUndo it.",
        ),
        Command("warning", {"title": "gap"}, "016 is missing."),
        Command("notice", {"title": "ahead"}, "018 is ahead."),
    ]


def test_a_source_error_shows_its_place() -> None:
    """A file that cannot be read as SQL is annotated where it breaks."""
    error = SourceError("m/017_a.sql:2:7: unterminated quote", place=Place("m/017_a.sql", 2, 7))
    (command,) = commands([RunFailed(error, None)])
    assert command.properties == {
        "file": "m/017_a.sql",
        "line": "2",
        "col": "7",
        "title": "the migrations failed",
    }
    assert command.message == "m/017_a.sql:2:7: unterminated quote\nNothing was run."


def test_a_group_is_closed_when_the_run_ends_in_it(failed_run: list[Event]) -> None:
    """Also where the file itself was not told to have failed."""
    started, ended = failed_run[3], failed_run[-1]
    names = [command.name for command in commands([started, ended])]
    assert names == ["group", "endgroup", "error"]


def test_a_long_wait_is_a_few_lines(waiting_run: list[Event]) -> None:
    """A log that is kept for months is not filled by polling."""
    assert len(lines(waiting_run)) == 6


def test_files_are_named_as_the_repository_does(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A step in a sub-directory, or an absolute path, still annotates the right file."""
    folder = tmp_path / "backend" / "m"
    folder.mkdir(parents=True)
    (folder / "017_a.sql").touch()
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path))
    monkeypatch.chdir(tmp_path / "backend")

    def shown(path: str) -> str:
        (command,) = commands([ProblemFound(Problem("gap", Severity.WARNING, "x", path=path))])
        return command.properties["file"]

    assert shown("m/017_a.sql") == "backend/m/017_a.sql"
    assert shown(str(folder / "017_a.sql")) == "backend/m/017_a.sql"
    assert shown("in/a/package/017_a.sql") == "in/a/package/017_a.sql"
    monkeypatch.setenv("GITHUB_WORKSPACE", str(tmp_path / "elsewhere"))
    assert shown("m/017_a.sql") == "m/017_a.sql"


texts = st.text() | st.lists(
    st.sampled_from(
        ["::", "##[", "error", "]", "\n", "\r", "%", "%25", "0A", ",", ":", "=", " ", "x"]
    )
).map("".join)


@given(texts, texts)
@example("%0A:,", "50%25")
@example("\x1b[2J\x1e", "\x1b[2J\x1e")
def test_what_is_said_is_what_is_read(path: str, message: str) -> None:
    """Escaped and read back, file and message are themselves, save what no screen can show."""
    shown = f"x{path}"
    problem = Problem("gap", Severity.WARNING, f"x{message}", path=shown)
    (line,) = lines([ProblemFound(problem)])
    assert line.replace("\t", " ").isprintable()
    command = parse(line)
    assert command is not None
    assert command.name == "warning"
    if shown.isprintable() and "##[" not in shown:
        assert command.properties["file"] == shown
    if message.isprintable() and "##[" not in message:
        assert command.message == f"x{message}"


@given(texts)
@example("::error::x")
@example("\n::error::x")
@example("##[error]x")
@example("\x1b[2J\u2028")
def test_nobody_else_gives_commands(text: str) -> None:
    """Neither a server's notice nor a file's name can speak to the runner."""
    odd = Migration(1, "001", text, text, b"", "")
    events: list[Event] = [
        MigrationStarted(odd, 1, 1, 1, transactional=True),
        NoticeReceived(odd, "NOTICE", text, text, text),
    ]
    assert [command.name for command in commands(events)] == ["group"]
    shown = lines(events)
    assert len(shown) == 2
    assert all(line.isprintable() for line in shown)
