"""
Several observers at once, and what every observer owes the run.
"""

from __future__ import annotations

import io
import logging
import typing
from typing import TYPE_CHECKING, NoReturn

import pytest

from st44_migrate.events import Event
from st44_migrate.observe import tee
from st44_migrate.observe.github import GitHubObserver
from st44_migrate.observe.log import LogObserver
from st44_migrate.observe.progress import ProgressObserver
from st44_migrate.observe.wording import tell

if TYPE_CHECKING:
    from collections.abc import Callable

    from st44_migrate.protocols import Observer


class Broken(io.StringIO):
    """
    A stream whose reader went away.
    """

    def write(self, text: str, /) -> int:
        raise BrokenPipeError

    def isatty(self) -> bool:
        return True


def closed() -> io.StringIO:
    stream = io.StringIO()
    stream.close()
    return stream


def ascii_only() -> io.TextIOWrapper:
    return io.TextIOWrapper(io.BytesIO(), encoding="ascii")


def fail(_: Event) -> NoReturn:
    raise RuntimeError("out of paper")


def test_the_samples_are_complete(every_event: list[Event]) -> None:
    """The tests of this folder see every type of event there is."""
    assert {type(event) for event in every_event} == set(typing.get_args(Event))


def test_everybody_is_told_everything(good_run: list[Event]) -> None:
    """Each observer gets each event, in order."""
    first: list[Event] = []
    second: list[Event] = []
    observer = tee(first.append, second.append)
    for event in good_run:
        observer(event)
    assert first == good_run
    assert second == good_run


def test_one_that_raises_stops_nobody(
    good_run: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    """The others are told all the same; the failure is logged once, with its traceback."""
    seen: list[Event] = []
    observer = tee(fail, seen.append)
    for event in good_run:
        observer(event)
    assert seen == good_run
    (record,) = caplog.records
    assert (record.name, record.levelname) == ("st44_migrate", "WARNING")
    assert record.exc_info is not None
    assert str(record.exc_info[1]) == "out of paper"


def test_an_interrupt_is_not_held_back(good_run: list[Event]) -> None:
    """Ctrl-C that arrives in an observer ends the run as anywhere else."""

    def interrupted(_: Event) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        tee(interrupted)(good_run[0])


@pytest.mark.parametrize(
    "make",
    [
        LogObserver,
        lambda: GitHubObserver(io.StringIO()),
        lambda: GitHubObserver(Broken()),
        lambda: GitHubObserver(closed()),
        lambda: GitHubObserver(ascii_only()),
        lambda: ProgressObserver(io.StringIO()),
        lambda: ProgressObserver(ascii_only()),
        lambda: ProgressObserver(Broken()),
    ],
    ids=[
        *("log", "github", "github broken", "github closed", "github ascii"),
        *("plain", "plain ascii", "terminal broken"),
    ],
)
def test_no_observer_raises(
    make: Callable[[], Observer], every_event: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    """Every event can be shown anywhere, whatever text it carries and whatever the stream does."""
    caplog.set_level(logging.DEBUG)
    observer = make()
    for event in every_event:
        observer(event)


def test_a_terminal_takes_every_event(every_event: list[Event], terminal: io.StringIO) -> None:
    """The bar shows every event without falling back to plain lines."""
    with ProgressObserver(terminal) as observer:
        for event in every_event:
            observer(event)
            assert type(observer._display).__name__ == "TerminalBar"


def test_every_event_is_one_printable_line(every_event: list[Event]) -> None:
    """No event breaks a line, moves a cursor or cannot be encoded."""
    for event in every_event:
        assert tell(event).isprintable()
        assert tell(event)
        tell(event).encode("utf-8")
