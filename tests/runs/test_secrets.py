"""
No password reaches an event, an error or a traceback of a run (R17).
"""

from __future__ import annotations

import socket
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from st44_migrate import MigrateError, Migrator, Settings
from st44_migrate.events import Event, WaitingForDatabase
from targets import write

BAD: dict[str, str | bytes] = {"001_bad.sql": "SELECT nothing;\n"}
GOOD: dict[str, str | bytes] = {"001_good.sql": "SELECT 1;\n"}

MARK = "S3CR3T"
AROUND = st.text(st.sampled_from("@:/?#%&=+[] \\'\"ab1,.\u00fc"), max_size=8)
PASSWORDS = st.builds(lambda before, after: f"{before}{MARK}{after}", AROUND, AROUND)


@pytest.fixture
def silent_port() -> Iterator[int]:
    """
    Give a port that nobody else can take, and nobody answers at.
    """
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))
        yield held.getsockname()[1]


def told(url: str, folder: Path, call: Callable[[Any], Any], **choices: Any) -> str:
    """
    Everything that may reach a log: events, the error, and its whole traceback.
    """
    events: list[Event] = []
    try:
        call(Migrator(url, folder, observer=events.append, **choices))
    except MigrateError as error:
        said = f"{error} {error!r} {vars(error)} " + "".join(traceback.format_exception(error))
        return f"{said} {events}"
    return f"{events}"


def test_no_password_is_told_by_a_run(pg_url: str, folder: Path) -> None:
    """
    Whether it succeeds or fails; the server here asks for none, and takes any.
    """
    write(folder, BAD)

    @settings(max_examples=10)
    @given(PASSWORDS)
    @example(f"it's {MARK} \\ %41@")
    def hidden(password: str) -> None:
        url = make_conninfo(pg_url, password=password)
        said = told(url, folder, lambda m: m.apply())
        assert "nothing" in said
        assert MARK not in said

    hidden()


def test_no_password_is_told_of_a_server_that_is_not_there(folder: Path, silent_port: int) -> None:
    """
    However it is written, escaped or not, and while it is waited for.
    """
    write(folder, GOOD)

    @settings(max_examples=25)
    @given(PASSWORDS)
    @example(f"{MARK}@db/x")
    def hidden(password: str) -> None:
        for written in (password, quote(password, safe="")):
            url = f"postgresql://app:{written}@127.0.0.1:{silent_port}/shop"
            assert MARK not in told(url, folder, lambda m: m.apply())

    hidden()
    events: list[Event] = []
    url = f"postgresql://app:{MARK}@127.0.0.1:{silent_port}/shop"
    migrator = Migrator(url, folder, settings=Settings(wait=0.2), observer=events.append)
    with pytest.raises(MigrateError):
        migrator.apply()
    waited = [event for event in events if isinstance(event, WaitingForDatabase)]
    assert waited
    assert MARK not in f"{events}{migrator!r}{vars(migrator)}"
