"""
A thousand requests at once, through ASGI, to a server that does not answer.
"""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import pytest

from faults.own_server import OwnServer, own_server
from health.frozen import frozen
from health.probing import TABLES, household
from health.test_probe import gone, sessions
from runs.wrapped import AsyncWindowed, Window
from st44_migrate import AsyncHealthProbe
from st44_migrate.drivers.url import async_driver_for
from st44_migrate.web.asgi import HealthASGI
from targets import Target, until

CROWD = 1000


class Counted(AsyncWindowed):
    """
    A driver that counts how many sessions are being opened at the same time.
    """

    now = most = 0

    async def connect(self, **options: Any) -> Any:
        self.now += 1
        self.most = max(self.most, self.now)
        try:
            return await super().connect(**options)
        finally:
            self.now -= 1


@contextmanager
def stopped(server: OwnServer) -> Iterator[None]:
    """
    Stop *server* until the end of the block.
    """
    server.stop("immediate")
    try:
        yield
    finally:
        server.start()


@contextmanager
def there(server: OwnServer) -> Iterator[None]:
    """
    Leave *server* alone.
    """
    del server
    yield


Hinder = Callable[[OwnServer], AbstractContextManager[None]]
HINDRANCES: dict[str, tuple[Hinder, str | None]] = {
    "paused": (frozen, "Connection timeout"),
    "stopped": (stopped, "Connection refused"),
    "there": (there, None),
}


@pytest.fixture(scope="module")
def server() -> Iterator[OwnServer]:
    """
    Give a server of our own, with the household applied.
    """
    with own_server() as made:
        Target("psycopg", made.url).apply(household())
        yield made


async def ask(app: HealthASGI) -> tuple[int, bytes | None, bytes]:
    """
    Send one request; give status, Retry-After and body.
    """
    sent: list[Any] = []
    scope = {"type": "http", "method": "GET", "path": "/health/database", "headers": []}

    async def receive() -> Any:
        return {"type": "http.request"}

    async def send(message: Any) -> None:
        sent.append(message)

    await app(scope, receive, send)
    start, body = sent
    return start["status"], dict(start["headers"]).get(b"retry-after"), body["body"]


@pytest.mark.parametrize("hindrance", HINDRANCES)
@pytest.mark.parametrize("warm", [False, True], ids=["cold", "warm"])
def test_a_thousand_ask_at_once(hindrance: str, warm: bool, server: OwnServer) -> None:
    """
    Each is answered while the server cannot be, as the deadline wants it; at most
    one session is being opened, one is there at most, and afterwards none.
    """
    hinder, error = HINDRANCES[hindrance]
    target = Target("psycopg", server.url)
    driver = Counted(async_driver_for(server.url), Window())

    async def crowd(app: HealthASGI) -> list[tuple[int, bytes | None, bytes]]:
        return await asyncio.gather(*(ask(app) for _ in range(CROWD)))

    with asyncio.Runner() as loop:
        probe = AsyncHealthProbe(driver, household(), tables=TABLES, deadline=1 if error else 60)
        app = HealthASGI(probe)
        try:
            if warm:
                assert loop.run(probe.check()).connected
                # What was seen a moment ago must not answer for now: a second is enough.
                age = probe.latest().age_ms
                until(lambda: probe.latest().age_ms > age + 1100)
            with hinder(server):
                answers = loop.run(crowd(app))
            assert Counter((status, after) for status, after, _ in answers) == {
                (503, b"5") if error else (200, None): CROWD
            }
            bodies = [json.loads(body) for _, _, body in answers]
            errors = {body["database"].get("error") for body in bodies}
            # Who came so late that nothing was known yet at the deadline says so.
            assert errors - {"Connection timeout"} == {error} - {"Connection timeout"}
            assert error or errors == {None}
            assert driver.most == 1
            until(lambda: loop.run(ask(app))[0] == 200, within=60)
            # A server that was paused notices late that somebody has gone.
            until(lambda: len(sessions(target)) == 1, within=60)
        finally:
            loop.run(probe.close())
    until(lambda: gone(target), within=60)
