"""
Do what is documented of an extra, where nothing but this extra is installed.

    python tests/extras.py [EXTRA]

In an empty directory.  The thing that the extra is for works; and of every extra
that is not there, the thing says which line installs it.  A new extra needs a
line in `THINGS`.
"""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from importlib import import_module
from importlib.metadata import Distribution, PackageNotFoundError, version
from pathlib import Path
from typing import Any
from unittest.mock import patch

from st44_migrate import DatabaseUnavailable, Memory, Report, migrate, migrate_async

FILES = {
    "001_create_notes.sql": "CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);",
    "002_add_done.sql": "ALTER TABLE notes ADD COLUMN done INTEGER NOT NULL DEFAULT 0;",
}
URL = "sqlite:///notes.db"


OURS = Distribution.from_name("st44-migrate")


class Missing(Exception):
    """
    The thing cannot be done; the message is what a person reads.
    """


# --- the things ---------------------------------------------------------------


def nothing() -> None:
    """Without any extra: `migrate` on SQLite."""
    report(migrate(URL, Memory(FILES)))


def cli() -> None:
    """The command, from a folder to a table of what is there."""
    folder()
    command("up", "--url", URL)
    assert "002" in command("status", "--url", URL)


def psycopg() -> None:
    """The driver, as far as a server that is not there."""
    said = ""
    try:
        migrate("postgresql://localhost:1/notes", Memory(FILES))
    except DatabaseUnavailable as error:
        said = str(error)
    assert "refused" in said


def asyncpg() -> None:
    """The driver of a URL that names it, where psycopg is not, on no server."""
    said = ""
    with patch.dict(sys.modules, {"psycopg": None}):
        try:
            asyncio.run(migrate_async("postgresql+asyncpg://localhost:1/notes", Memory(FILES)))
        except DatabaseUnavailable as error:
            said = str(error)
    assert "refused" in said


def aiosqlite() -> None:
    """`migrate_async` on SQLite."""
    report(asyncio.run(migrate_async(URL, Memory(FILES))))


def embedded() -> None:
    """A PostgreSQL server for tests, and a migration on it."""
    from st44_migrate.testing import postgres_server

    with postgres_server() as server, server.database() as url:
        report(migrate(url, Memory(FILES)))
        report(asyncio.run(migrate_async(url, Memory({**FILES, **MORE}))), "003")


MORE = {"003_create_tags.sql": "CREATE TABLE tags (name TEXT PRIMARY KEY);"}


def lint() -> None:
    """The rules of squawk, beside ours."""
    folder("ALTER TABLE notes ADD COLUMN note_id INTEGER REFERENCES notes (id);")
    found = json.loads(command("lint", "--squawk", "--json", code=7))
    assert any(item["code"] == "squawk/adding-foreign-key-constraint" for item in problems(found))


def sqlalchemy() -> None:
    """`migrate` on an engine."""
    engine = import_("sqlalchemy").create_engine(URL)
    report(migrate(engine, Memory(FILES)))
    engine.dispose()


def flask() -> None:
    """The endpoints of health in a Flask application."""
    adapter = import_("st44_migrate.web.flask")
    app = import_("flask").Flask("notes")
    app.register_blueprint(adapter.health_blueprint(probe()))
    answer = app.test_client().get("/health/database")
    healthy(answer.status_code, answer.get_data())


def fastapi() -> None:
    """The endpoints of health in a FastAPI application."""
    adapter = import_("st44_migrate.web.fastapi")
    app = import_("fastapi").FastAPI()
    app.include_router(adapter.health_router(probe()))
    assert "/health/database" in app.openapi()["paths"]
    healthy(*asyncio.run(asked(app, "/health/database")))


def django() -> None:
    """The endpoints of health in a Django project."""
    adapter = import_("st44_migrate.web.django")
    project = import_("types").ModuleType("project_urls")
    project.urlpatterns = adapter.health_urls(probe())
    sys.modules["project_urls"] = project
    import_("django.conf").settings.configure(ROOT_URLCONF="project_urls", ALLOWED_HOSTS=["*"])
    import_("django").setup()
    answer = import_("django.test").Client().get("/health/database")
    healthy(answer.status_code, answer.content)


def prometheus() -> None:
    """The numbers of a run, among the program's own."""
    adapter = import_("st44_migrate.observe.prometheus")
    runs = import_("st44_migrate.observe.metrics").RunMetrics()
    client = import_("prometheus_client")
    registry = client.CollectorRegistry()
    registry.register(adapter.MigrationCollector(runs))
    report(migrate(URL, Memory(FILES), observer=runs))
    assert 'st44_runs_total{outcome="applied"} 1.0' in client.generate_latest(registry).decode()


def otel() -> None:
    """A run as a span; without an exporter nobody sees it."""
    import_("st44_migrate.observe.opentelemetry_health")
    observer = import_("st44_migrate.observe.opentelemetry").OpenTelemetryObserver()
    report(migrate(URL, Memory(FILES), observer=observer))
    observer.close()


THINGS: dict[str, Callable[[], None]] = {
    "": nothing,
    "cli": cli,
    "psycopg": psycopg,
    "asyncpg": asyncpg,
    "aiosqlite": aiosqlite,
    "embedded": embedded,
    "lint": lint,
    "sqlalchemy": sqlalchemy,
    "flask": flask,
    "fastapi": fastapi,
    "django": django,
    "prometheus": prometheus,
    "otel": otel,
}

# The command is missed first, where it is missing too.
MISSED_FIRST = {"lint": "cli"}

# What is not loaded by a name of ours is asked for by a URL or an object of it.
ASKED_OTHERWISE: dict[str, Callable[[], object]] = {
    "sqlalchemy": lambda: migrate("mysql://localhost/notes", Memory(FILES)),
}


# --- what they are made of ----------------------------------------------------


def report(done: Report, latest: str = "002") -> None:
    assert done.latest == latest


def folder(*more: str) -> None:
    """
    Write the files, and *more* of them.
    """
    Path("migrations").mkdir()
    for name, text in FILES.items():
        Path("migrations", name).write_text(text + "\n", "utf-8")
    for number, text in enumerate(more, len(FILES) + 1):
        Path("migrations", f"{number:03}_more.sql").write_text(text + "\n", "utf-8")


def command(*args: str, code: int = 0) -> str:
    """
    Run the command that is installed, and return what it prints.
    """
    program = Path(sys.executable).with_name("st44-migrate")
    done = subprocess.run([str(program), *args], check=False, capture_output=True, text=True)
    if done.returncode == 2:
        raise Missing(done.stderr)
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def problems(document: Any) -> list[dict[str, Any]]:
    """
    List every dictionary with a code in *document*, however deep.
    """
    if isinstance(document, list):
        return [found for item in document for found in problems(item)]
    if isinstance(document, dict):
        return [*([document] if "code" in document else []), *problems(list(document.values()))]
    return []


def probe() -> Any:
    """
    Bring a database up and make what looks at it.
    """
    migrate(URL, Memory(FILES))
    return import_("st44_migrate").HealthProbe(URL, Memory(FILES))


def healthy(status: int, body: bytes) -> None:
    assert (status, json.loads(body)["status"]) == (200, "healthy")


async def asked(app: Any, path: str) -> tuple[int, bytes]:
    """
    Ask an ASGI application, as a server would.
    """
    sent: list[Any] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b"", "more_body": False}

    async def send(message: dict[str, Any]) -> None:
        sent.append(message)

    scope: dict[str, Any] = {
        "type": "http",
        "asgi": {"version": "3.0"},
        "http_version": "1.1",
        "scheme": "http",
        "method": "GET",
        "path": path,
        "raw_path": path.encode(),
        "root_path": "",
        "query_string": b"",
        "headers": [],
        "server": ("localhost", 80),
    }
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(message.get("body", b"") for message in sent[1:])


def import_(name: str) -> Any:
    """
    Import what may not be there, which no type checker has to know.
    """
    return import_module(name)


# --- one extra, and all others ------------------------------------------------


@contextmanager
def empty_directory() -> Iterator[None]:
    """
    Work where nothing is.
    """
    before = Path.cwd()
    with tempfile.TemporaryDirectory() as room:
        os.chdir(room)
        try:
            yield
        finally:
            os.chdir(before)


def works(extra: str) -> None:
    """
    Do the thing of *extra*, in a directory of its own.
    """
    with empty_directory():
        THINGS[extra]()


def says_how(extra: str) -> None:
    """
    See that the thing of an *extra* that is not there names the line to install it.

    It may work all the same, on what another extra has brought.
    """
    first = MISSED_FIRST.get(extra, extra)
    missed = extra if any(installed(first)) else first
    said = ""
    with empty_directory():
        try:
            ASKED_OTHERWISE.get(extra, THINGS[extra])()
        except Exception as error:
            said = str(error).strip()
        else:
            assert any(installed(extra)), f"{extra} works without any of its packages"
    assert not said or f"pip install 'st44-migrate[{missed}]'" in said, f"without {extra}: {said}"
    print(f"without {extra}: {said or 'it works on what is there'}")


def installed(extra: str) -> list[bool]:
    """
    Tell of each package that *extra* asks for whether it is installed here.
    """
    wanted = [text.partition(";") for text in OURS.requires or ()]
    return [
        exists(name)
        for name, _, marker in wanted
        if f"extra == '{extra}'" in marker.replace('"', "'")
    ]


def exists(requirement: str) -> bool:
    found = re.match(r"[\w.-]+", requirement)
    assert found
    try:
        version(found[0])
    except PackageNotFoundError:
        return False
    return True


def main() -> None:
    here = sys.argv[1] if len(sys.argv) > 1 else ""
    os.environ.pop("ST44_TEST_POSTGRES_URL", None)
    extras = set(OURS.metadata.get_all("Provides-Extra") or ()) - {"all"}
    unknown = extras - THINGS.keys()
    assert not unknown, f"nobody has said what these are for: {sorted(unknown)}"
    works(here)
    print(f"{here or 'no extra'}: works")
    for extra in sorted(extras):
        if not all(installed(extra)):
            says_how(extra)


if __name__ == "__main__":
    main()
