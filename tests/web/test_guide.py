"""
The guide's four documents, through Flask and FastAPI, from a SQLite file.

From a PostgreSQL server, by the examples' own processes, they come in
`test_example_apps`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import flask
import httpx
import pytest
from fastapi import FastAPI

from health.probing import household
from st44_migrate import AsyncHealthProbe, HealthProbe
from st44_migrate.web.fastapi import health_router
from st44_migrate.web.flask import health_blueprint
from targets import Target
from web.guide import TABLES, degraded, document, healthy, unhealthy

Ask = Callable[[], httpx.Response]


@contextmanager
def by_flask(url: str) -> Iterator[Ask]:
    """
    Ask a Flask application.
    """
    app = flask.Flask("household")
    with HealthProbe(url, household(), tables=TABLES, ttl=0, deadline=30) as probe:
        app.register_blueprint(health_blueprint(probe))
        with httpx.Client(transport=httpx.WSGITransport(app), base_url="http://home") as client:
            yield lambda: client.get("/health/database")


@contextmanager
def by_fastapi(url: str) -> Iterator[Ask]:
    """
    Ask a FastAPI application.
    """
    app = FastAPI()
    probe = AsyncHealthProbe(url, household(), tables=TABLES, ttl=0, deadline=30)
    app.include_router(health_router(probe))
    transport = httpx.ASGITransport(app)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://home") as client:
            return await client.get("/health/database")

    with asyncio.Runner() as loop:
        try:
            yield lambda: loop.run(ask())
        finally:
            loop.run(probe.close())


APPS = {"flask": by_flask, "fastapi": by_fastapi}
every_app = pytest.mark.parametrize("app", APPS)


@every_app
def test_the_four_documents(app: str, sqlite_path: Path) -> None:
    """Healthy; degraded by missing migrations, and by a dropped table; unhealthy with 503."""
    target = Target("sqlite3", f"sqlite:///{sqlite_path}")
    with APPS[app](target.url) as ask:
        answer = ask()
        assert (answer.status_code, document(answer)) == (503, unhealthy("Database not found"))
        assert answer.headers["retry-after"] == "5"

        target.apply(household(2))
        answer = ask()
        assert (answer.status_code, document(answer)) == (200, degraded())

        target.apply(household())
        answer = ask()
        assert (answer.status_code, document(answer)) == (200, healthy())

        target.execute("DROP TABLE task_completions")
        answer = ask()
        assert (answer.status_code, document(answer)) == (200, healthy(missing="task_completions"))

        sqlite_path.rename(sqlite_path.with_suffix(".old"))
        assert document(ask()) == unhealthy("Database not found")


def test_they_are_what_the_guide_shows() -> None:
    """Field by field, where the guide's own examples are beside the checkout."""
    examples = Path(__file__).parents[3] / "shared" / "household" / "health.json"
    if not examples.is_file():
        pytest.skip("the guide's examples are not beside this checkout")
    shown = {name: example["body"] for name, example in json.loads(examples.read_text()).items()}
    assert healthy() == shown["healthy"]
    assert unhealthy() == shown["unhealthy"]
    for field, part in shown["degraded"].items():
        ours = degraded()[field]
        # The guide leaves out what it has shown before.
        assert ours == part if field == "status" else ours | part == ours
