"""
Progress on a terminal and elsewhere.
"""

from __future__ import annotations

import gc
import io
import os
import pty
import re
import subprocess
import sys
import termios
import threading
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from rich.errors import LiveError

from st44_migrate.events import LockWaited, NoticeReceived
from st44_migrate.observe.progress import ProgressObserver

if TYPE_CHECKING:
    from collections.abc import Iterator

    from st44_migrate.events import Event

CONTROL = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
TOKEN = re.compile(rf"{CONTROL.pattern}|[\r\n]|[^\x1b\r\n]+")
HIDE, SHOW, ERASE, UP = "\x1b[?25l", "\x1b[?25h", "\x1b[2K", "\x1b[1A"


def show(events: list[Event], stream: io.StringIO) -> str:
    with ProgressObserver(stream) as observer:
        for event in events:
            observer(event)
    return stream.getvalue()


def left_on_screen(written: str) -> list[str]:
    """
    The lines that a terminal shows in the end, as far as rich uses one.
    """
    rows, row = [""], 0
    for token in TOKEN.findall(written):
        if token == "\n":
            row += 1
            rows.extend([""] * (row == len(rows)))
        elif token == UP:
            row -= 1
        elif token == ERASE:
            rows[row] = ""
        elif not token.startswith("\x1b") and token != "\r":
            rows[row] += token
    return [line.rstrip() for line in rows if line.strip()]


PLAIN_RUN = [
    "2 migrations to apply to postgresql://app@db/shop, 1 applied before",
    "warning: 015 and 016 are missing. Was a file lost?",
    "notice: backfilled 12 rows",
    "applied 017_add_rewards_table  3 statements  12 ms",
    "applied 018_index_rewards  1 statement  1 min 23 s",
]


def test_plain_lines_elsewhere(good_run: list[Event]) -> None:
    """A pipe or a file gets one line for each file, without any control character."""
    assert show(good_run, io.StringIO()).splitlines() == PLAIN_RUN


def test_a_failed_run_in_plain_lines(failed_run: list[Event]) -> None:
    """What was applied and what failed; the error itself is its receiver's to show."""
    assert show(failed_run, io.StringIO()).splitlines() == [
        "2 migrations to apply to postgresql://app@db/shop, 1 applied before",
        "applied 017_add_rewards_table  3 statements  12 ms",
        "failed 018_index_rewards",
    ]


def test_a_long_wait_is_a_few_plain_lines(waiting_run: list[Event]) -> None:
    """Each line says that twice the time has passed."""
    shown = show(waiting_run, io.StringIO()).splitlines()
    assert [line.split(" so far")[0] for line in shown] == [
        f"waiting for another runner, {seconds} s" for seconds in (0, 2, 4, 8, 16, 32)
    ]


def test_a_second_wait_is_mentioned_again(waiting_run: list[Event]) -> None:
    """What happened in between makes the next wait news."""
    twice = show([*waiting_run, *waiting_run], io.StringIO())
    assert len(twice.splitlines()) == 12


def test_each_line_is_written_at_once(good_run: list[Event]) -> None:
    """A log that is followed shows a file when it is applied, not when a buffer is full."""
    raw = io.BytesIO()
    buffered = io.TextIOWrapper(io.BufferedWriter(raw, 1 << 16), encoding="utf-8")
    observer = ProgressObserver(buffered)
    observer(good_run[0])
    assert raw.getvalue().decode().splitlines() == PLAIN_RUN[:1]


def test_the_lines_stay_and_the_bar_goes(good_run: list[Event], terminal: io.StringIO) -> None:
    """At the end the screen holds what plain lines would, and the cursor is there."""
    written = show(good_run, terminal)
    assert left_on_screen(written) == PLAIN_RUN
    assert written.rfind(SHOW) > written.rfind(HIDE)


def test_the_bar_shows_file_statement_and_time(
    good_run: list[Event], terminal: io.StringIO
) -> None:
    """While a statement runs, one line says which, in which file, of how many, since when."""
    observer = ProgressObserver(terminal)
    with observer:
        for event in good_run[:9]:
            observer(event)
        line = CONTROL.sub("", terminal.getvalue().rpartition(ERASE)[2])
    assert re.fullmatch(
        r"━+╺━+ 1/2 \d:\d\d:\d\d 018_index_rewards  statement 1 of 1: "
        r"CREATE INDEX CONCURRENTLY rew\w*…\s*",
        line,
    ), line
    assert len(line) <= 100


def test_a_wait_moves_the_bar_and_leaves_nothing(
    waiting_run: list[Event], terminal: io.StringIO
) -> None:
    """On a terminal nobody needs a line for each poll."""
    written = show(waiting_run, terminal)
    assert "waiting for another runner, 58 s so far: deploy-7" in written
    assert left_on_screen(written) == []


def test_a_notice_is_dim_and_says_what_it_says(terminal: io.StringIO) -> None:
    """Square brackets are text, and control characters do not reach the terminal."""
    written = show([NoticeReceived(None, "NOTICE", "[red]x[/red]\x1b[2J")], terminal)
    assert written == "\x1b[2mnotice: [red]x[/red]\\x1b[2J\x1b[0m\n"


def test_no_color_is_respected(
    good_run: list[Event],
    failed_run: list[Event],
    terminal: io.StringIO,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """With NO_COLOR set, no colour is written, in the lines or in the bar."""
    monkeypatch.setenv("NO_COLOR", "1")
    written = show([*good_run, *failed_run], terminal)
    styles = {
        code for codes in re.findall(r"\x1b\[([0-9;]*)m", written) for code in codes.split(";")
    }
    assert styles <= {"0", "1", "2"}, "only bold and dim"


def test_a_name_with_brackets_is_text(terminal: io.StringIO) -> None:
    """The bar shows what a file or a statement says, not what rich would make of it."""
    written = show([LockWaited("[red]pid 1[/red]", 0.0, 1.0)], terminal)
    assert "[red]pid 1[/red]" in written


def test_the_programs_own_streams_are_left_alone(
    good_run: list[Event], terminal: io.StringIO
) -> None:
    """While the bar is there, sys.stdout and sys.stderr are what they were."""
    before = (sys.stdout, sys.stderr)
    with ProgressObserver(terminal) as observer:
        for event in good_run[:4]:
            observer(event)
        assert (sys.stdout, sys.stderr) == before


def test_a_forgotten_observer_stops_drawing(good_run: list[Event], terminal: io.StringIO) -> None:
    """Where nobody closes it, the bar goes with the observer."""
    before = set(threading.enumerate())
    observer = ProgressObserver(terminal)
    observer(good_run[0])
    assert set(threading.enumerate()) - before
    del observer
    gc.collect()
    expect_only(before)
    assert left_on_screen(terminal.getvalue()) == PLAIN_RUN[:1]


def test_what_a_stream_cannot_encode_is_escaped() -> None:
    """A log in ASCII gets the line all the same."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding="ascii")
    ProgressObserver(stream)(NoticeReceived(None, "NOTICE", "Grüße"))
    assert raw.getvalue() == b"notice: Gr\\xfc\\xdfe\n"


@contextmanager
def interrupted() -> Iterator[None]:
    with pytest.raises(KeyboardInterrupt):
        yield


def expect_only(before: set[threading.Thread]) -> None:
    for thread in set(threading.enumerate()) - before:
        thread.join(timeout=10)
        assert not thread.is_alive()


@pytest.mark.parametrize("count", range(1, 8))
def test_closing_gives_the_terminal_back(
    failed_run: list[Event], terminal: io.StringIO, count: int
) -> None:
    """Wherever a run is left, as by Ctrl-C, no bar, no thread and no hidden cursor stays."""
    before = set(threading.enumerate())
    with interrupted(), ProgressObserver(terminal) as observer:
        for event in failed_run[:count]:
            observer(event)
        raise KeyboardInterrupt
    written = terminal.getvalue()
    expect_only(before)
    assert written.rfind(SHOW) >= written.rfind(HIDE)
    assert not any("━" in line for line in left_on_screen(written))
    observer.close()
    assert terminal.getvalue() == written


def test_the_end_of_a_run_takes_the_bar_away(
    failed_run: list[Event], terminal: io.StringIO
) -> None:
    """Nobody has to close what has ended; the same observer can show another run."""
    observer = ProgressObserver(terminal)
    before = set(threading.enumerate())
    for _ in range(2):
        for event in failed_run:
            observer(event)
        expect_only(before)
    assert left_on_screen(terminal.getvalue()).count("failed 018_index_rewards") == 2


def test_the_cursor_is_never_hidden_for_long(good_run: list[Event], terminal: io.StringIO) -> None:
    """A process that is killed cannot show the cursor again, so it is shown all along."""
    with ProgressObserver(terminal) as observer:
        for event in good_run[:4]:
            observer(event)
        assert terminal.getvalue().rfind(SHOW) > terminal.getvalue().rfind(HIDE)


@pytest.mark.parametrize("term", ["dumb", "unknown"])
def test_a_dumb_terminal_gets_plain_lines(
    good_run: list[Event], terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch, term: str
) -> None:
    """An editor's shell window cannot move a cursor."""
    monkeypatch.setenv("TERM", term)
    assert show(good_run, terminal).splitlines() == PLAIN_RUN


def test_without_rich_there_are_plain_lines(
    good_run: list[Event], terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The core needs the standard library only."""
    monkeypatch.delitem(sys.modules, "st44_migrate.observe.bar", raising=False)
    monkeypatch.setitem(sys.modules, "rich.console", None)
    assert show(good_run, terminal).splitlines() == PLAIN_RUN


def test_a_display_that_fails_becomes_plain_lines(
    good_run: list[Event], terminal: io.StringIO, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two bars on one console are more than rich allows; the lines still come."""
    observer = ProgressObserver(terminal)
    observer(good_run[0])

    def refuse(*_: object, **__: object) -> None:
        raise LiveError("only one")

    monkeypatch.setattr("rich.progress.Progress.update", refuse)
    for event in good_run[1:]:
        observer(event)
    assert left_on_screen(terminal.getvalue())[-1] == PLAIN_RUN[-1]


def test_standard_error_is_looked_up_late(
    good_run: list[Event], capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a stream it is the sys.stderr of now, not of the import."""
    ProgressObserver()(good_run[0])
    captured = capsys.readouterr()
    assert (captured.out, captured.err.splitlines()) == ("", PLAIN_RUN[:1])


def test_rich_is_not_loaded_for_plain_lines() -> None:
    """200 ms are spent on a terminal only."""
    code = (
        "import sys; from st44_migrate.observe.progress import ProgressObserver; "
        "from st44_migrate.events import RunStarted; "
        "ProgressObserver()(RunStarted('db', 1, 0)); print('rich' in sys.modules)"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout == "False\n"
    assert done.stderr == "1 migration to apply to db, 0 applied before\n"


ABANDON = """
import os, signal
from st44_migrate.events import LockWaited, RunStarted
from st44_migrate.observe.progress import ProgressObserver
observer = ProgressObserver()
observer(RunStarted("db", 1, 0))
observer(LockWaited("pid 1", 1.0, 1.0))
END
"""


@pytest.mark.parametrize(
    "end",
    ["raise KeyboardInterrupt", "raise SystemExit(3)", "os.kill(os.getpid(), signal.SIGKILL)"],
)
def test_a_real_terminal_is_never_left_broken(end: str) -> None:
    """Without close, after Ctrl-C, an exit or SIGKILL: the cursor is there and echo is on."""
    ours, theirs = pty.openpty()
    before = termios.tcgetattr(ours)
    command = [sys.executable, "-c", ABANDON.replace("END", end)]
    with subprocess.Popen(command, stdin=theirs, stdout=theirs, stderr=theirs):
        os.close(theirs)
        written = b"".join(iter(lambda: read_terminal(ours), b"")).decode()
    assert termios.tcgetattr(ours) == before
    os.close(ours)
    assert "waiting for another runner" in written
    assert written.rfind(SHOW) > written.rfind(HIDE) >= 0
    assert "\x1b[?1049h" not in written


def read_terminal(terminal: int) -> bytes:
    try:
        return os.read(terminal, 65536)
    except OSError:  # Linux's way to say that nobody has the other end open
        return b""
