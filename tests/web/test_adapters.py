"""
Every adapter sends what the pure function answers, and nothing of its own.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any

import django.conf
import flask
import httpx
import pytest
from django.core.asgi import get_asgi_application
from django.core.handlers.wsgi import WSGIHandler
from django.test import override_settings
from fastapi import Depends, FastAPI, HTTPException
from starlette.applications import Starlette
from starlette.responses import Response
from starlette.routing import Mount, Route

from st44_migrate import ConfigError
from st44_migrate.web import Endpoint, Site
from st44_migrate.web.answer import METHODS, Question
from st44_migrate.web.asgi import HealthASGI
from st44_migrate.web.django import health_urls
from st44_migrate.web.fastapi import health_router
from st44_migrate.web.flask import health_blueprint
from st44_migrate.web.respond import respond
from st44_migrate.web.starlette import health_routes
from st44_migrate.web.wsgi import HealthWSGI
from web.reports import AsyncFixed, Fixed

HTML, TEXT, METRICS = "text/html", "text/plain", "application/openmetrics-text"


class Patterns:
    """
    What Django takes for a module of URLs.
    """

    def __init__(self, patterns: list[Any]) -> None:
        self.urlpatterns = patterns


@pytest.fixture(scope="module", autouse=True)
def django_settings() -> None:
    """
    A project with the middleware that most have.
    """
    if not django.conf.settings.configured:
        django.conf.settings.configure(
            ALLOWED_HOSTS=["*"],
            SECRET_KEY="for tests",
            MIDDLEWARE=[
                "django.middleware.security.SecurityMiddleware",
                "django.middleware.common.CommonMiddleware",
                "django.middleware.csrf.CsrfViewMiddleware",
            ],
        )
        django.setup(set_prefix=False)


def by_wsgi(app: Any, requests: list[httpx.Request]) -> list[httpx.Response]:
    with httpx.Client(transport=httpx.WSGITransport(app)) as client:
        return [client.send(request) for request in requests]


def by_asgi(app: Any, requests: list[httpx.Request]) -> list[httpx.Response]:
    async def send() -> list[httpx.Response]:
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app)) as client:
            return [await client.send(request) for request in requests]

    return asyncio.run(send())


def flask_app(checker: Fixed, site: Site) -> flask.Flask:
    app = flask.Flask("shop")
    app.register_blueprint(health_blueprint(checker, site))
    return app


def fastapi_app(checker: Fixed, site: Site) -> FastAPI:
    app = FastAPI()
    app.include_router(health_router(checker, site))
    return app


Send = Callable[[Any, list[httpx.Request]], list[httpx.Response]]
Make = Callable[[Fixed, Site], Any]


def by_django(kind: Callable[[], Any], send: Send) -> Send:
    def ask(urls: Patterns, requests: list[httpx.Request]) -> list[httpx.Response]:
        with override_settings(ROOT_URLCONF=urls):
            return send(kind(), requests)

    return ask


ADAPTERS: dict[str, tuple[type[Fixed], Make, Send]] = {
    "asgi": (AsyncFixed, HealthASGI, by_asgi),
    "asgi, blocking probe": (Fixed, HealthASGI, by_asgi),
    "wsgi": (Fixed, HealthWSGI, by_wsgi),
    "flask": (Fixed, flask_app, by_wsgi),
    "fastapi": (AsyncFixed, fastapi_app, by_asgi),
    "fastapi, blocking probe": (Fixed, fastapi_app, by_asgi),
    "starlette": (AsyncFixed, lambda c, s: Starlette(routes=health_routes(c, s)), by_asgi),
    "django": (
        Fixed,
        lambda c, s: Patterns(health_urls(c, s)),
        by_django(WSGIHandler, by_wsgi),
    ),
    "django, async probe": (
        AsyncFixed,
        lambda c, s: Patterns(health_urls(c, s)),
        by_django(get_asgi_application, by_asgi),
    ),
}
every_adapter = pytest.mark.parametrize("adapter", ADAPTERS)


def ask(
    adapter: str,
    requests: Iterable[tuple[str, str, str]],
    *,
    name: str = "healthy",
    site: Site | None = None,
    app: Any = None,
) -> tuple[list[httpx.Response], Fixed]:
    """
    Send *requests*, each a method, a path and what it accepts, to an adapter.
    """
    kind, make, send = ADAPTERS[adapter]
    checker = kind(name)
    made = make(checker, site or Site()) if app is None else app(checker)
    asked = [
        httpx.Request(
            method,
            f"http://shop.example{path}",
            # httpx says what it is and what it accepts, unless it is told to say nothing.
            headers={"Host": "shop.example", **({"Accept": accept} if accept else {})},
        )
        for method, path, accept in requests
    ]
    return send(made, asked), checker


def shown(response: httpx.Response) -> tuple[int, set[tuple[str, str]], bytes]:
    """
    What a client sees, without the time and what the server itself adds.
    """
    added = {"referrer-policy", "cross-origin-opener-policy", "x-frame-options", "date", "server"}
    headers = {(k.lower(), v) for k, v in response.headers.multi_items() if k.lower() not in added}
    body = response.content
    return response.status_code, headers, b"" if b'"ok"' in body else body


@every_adapter
@pytest.mark.parametrize("name", ["healthy", "behind", "unreachable"])
def test_it_sends_what_is_answered(adapter: str, name: str) -> None:
    """Status, headers and body, for every endpoint, method and form."""
    requests = [
        (method, Site().path(endpoint), accept)
        for endpoint, method, accept in product(
            Endpoint, ["GET", "HEAD", "POST", "OPTIONS"], ["", HTML, TEXT, METRICS]
        )
    ]
    responses, _ = ask(adapter, requests, name=name)
    for (method, path, accept), response in zip(requests, responses, strict=True):
        question = Question(method, Site().endpoint(path), accept)
        expected = respond(Fixed(name), Site(), question, None)
        body = b"" if b'"ok"' in expected.body else expected.body
        headers = {(k.lower(), v) for k, v in expected.headers}
        assert shown(response) == (expected.status, headers, body), (method, path, accept)


@every_adapter
def test_no_method_gets_past_it(adapter: str) -> None:
    """What is not allowed is refused in the same words everywhere, without a look."""
    requests = [(m, "/health/database", "") for m in METHODS if m not in {"GET", "HEAD"}]
    responses, checker = ask(adapter, requests)
    assert {(r.status_code, r.headers["Allow"]) for r in responses} == {(405, "GET, HEAD")}
    assert checker.policies == []


@every_adapter
def test_liveness_never_looks(adapter: str) -> None:
    """Whatever the database does, the process answers."""
    (response,), checker = ask(adapter, [("GET", "/health", "")], name="unreachable")
    assert response.status_code == 200
    assert response.json()["status"] == "ok"
    assert checker.policies == []


@every_adapter
def test_readiness_has_its_own_policy(adapter: str) -> None:
    """The probe judges as it was made to; readiness judges for itself."""
    responses, checker = ask(
        adapter, [("GET", "/health/database", ""), ("GET", "/health/ready", "")], name="behind"
    )
    assert [response.status_code for response in responses] == [200, 503]
    assert checker.policies == [None, Site().readiness]


@every_adapter
def test_details_are_for_whom_the_request_shows(adapter: str) -> None:
    """The function is given the framework's own request."""
    seen: list[str] = []

    def friend(request: Any) -> bool:
        if adapter.startswith("asgi"):
            seen.append(request["path"])
        elif adapter == "wsgi":
            seen.append(request["PATH_INFO"])
        else:
            seen.append(getattr(request, "path", None) or request.url.path)
        return len(seen) == 2

    path = ("GET", "/health/database", "")
    (no, yes), _ = ask(adapter, [path, path], site=Site(show_details=friend))
    assert no.json() == {"status": "healthy"}
    assert yes.json()["migrations"]["count"] == 8
    assert seen == ["/health/database"] * 2


@every_adapter
def test_never_is_never(adapter: str) -> None:
    """Also for a browser."""
    requests = [("GET", "/health/database", ""), ("GET", "/health/database", HTML)]
    (document, page), _ = ask(adapter, requests, site=Site(show_details="never"), name="behind")
    assert document.json() == {"status": "degraded"}
    assert "create_users_table" not in page.text


async def promise(request: Any) -> bool:
    return False


@every_adapter
def test_a_promise_of_an_answer_is_no_answer(adapter: str) -> None:
    """An async show_details is awaited, or refused; it is never taken for yes."""
    site, request = Site(show_details=promise), ("GET", "/health/database", "")
    if ADAPTERS[adapter][2] is by_asgi or "async" in adapter:
        (response,), _ = ask(adapter, [request], site=site)
        assert response.json() == {"status": "healthy"}
        return
    if adapter == "wsgi":
        with pytest.raises(ConfigError, match="async function"):
            ask(adapter, [request], site=site)
        return
    # A framework takes it for what it is: a mistake in the program.
    (response,), _ = ask(adapter, [request], site=site)
    assert response.status_code == 500
    assert b"migrations" not in response.content


@pytest.mark.parametrize("make", [HealthWSGI, health_blueprint])
def test_a_probe_of_the_wrong_colour_is_refused(make: Any) -> None:
    """When the application starts."""
    with pytest.raises(ConfigError, match="cannot await a AsyncFixed\nGive it a HealthProbe"):
        make(AsyncFixed("healthy"))


# --- in front of another application, and below a path ------------------------


def test_asgi_stands_in_front_of_an_application() -> None:
    """Every other path, and the lifespan, are the application's."""
    events: list[str] = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        events.append(f"{scope['type']} {scope.get('path', '')}".strip())
        if scope["type"] == "http":
            await send({"type": "http.response.start", "status": 204, "headers": []})
            await send({"type": "http.response.body"})

    front = HealthASGI(AsyncFixed("healthy"), fallback=app)
    paths = [("GET", "/health", ""), ("GET", "/orders", ""), ("POST", "/healthy", "")]
    responses, _ = ask("asgi", paths, app=lambda _: front)
    assert [response.status_code for response in responses] == [200, 204, 204]
    asyncio.run(front({"type": "lifespan"}, None, None))  # type: ignore[arg-type]
    assert events == ["http /orders", "http /healthy", "lifespan"]


def test_asgi_alone_agrees_to_start_and_stop() -> None:
    """A server that has a lifespan needs an answer; a websocket is refused."""
    told = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return told.pop(0)

    async def send(message: Any) -> None:
        sent.append(message["type"])

    app = HealthASGI(AsyncFixed("healthy"))
    asyncio.run(app({"type": "lifespan"}, receive, send))
    asyncio.run(app({"type": "websocket", "path": "/health"}, receive, send))
    assert sent == ["lifespan.startup.complete", "lifespan.shutdown.complete", "websocket.close"]


def test_wsgi_stands_in_front_of_an_application() -> None:
    """Every other path is the application's."""

    def app(environ: Any, start_response: Any) -> list[bytes]:
        start_response("204 No Content", [])
        return [b""]

    paths = [("GET", "/health", ""), ("GET", "/orders", "")]
    responses, _ = ask("wsgi", paths, app=lambda checker: HealthWSGI(checker, fallback=app))
    assert [response.status_code for response in responses] == [200, 204]


MOUNTED: dict[str, Callable[[Any], Any]] = {
    "asgi": lambda c: Starlette(routes=[Mount("/internal", HealthASGI(c))]),
    "starlette": lambda c: Starlette(routes=[Mount("/internal", routes=health_routes(c))]),
}


@pytest.mark.parametrize("adapter", MOUNTED)
def test_it_can_be_mounted(adapter: str) -> None:
    """Below a path, it finds its own paths again."""
    requests = [
        ("GET", "/internal/health", ""),
        ("HEAD", "/internal/health/database", ""),
        ("PUT", "/internal/health/database", ""),
        ("GET", "/health", ""),
    ]
    responses, _ = ask(adapter, requests, app=MOUNTED[adapter])
    assert [response.status_code for response in responses] == [200, 200, 405, 404]


def test_frameworks_can_move_it() -> None:
    """Flask and FastAPI have prefixes of their own."""

    def in_flask(checker: Fixed) -> flask.Flask:
        app = flask.Flask("shop")
        app.register_blueprint(health_blueprint(checker), url_prefix="/internal")
        return app

    def in_fastapi(checker: Fixed) -> FastAPI:
        app = FastAPI()
        app.include_router(health_router(checker), prefix="/internal")
        return app

    for adapter, app in (("flask", in_flask), ("fastapi", in_fastapi)):
        paths = [("GET", "/internal/health/ready", ""), ("GET", "/health/ready", "")]
        responses, _ = ask(adapter, paths, name="behind", app=app)
        assert [response.status_code for response in responses] == [503, 404]


def test_nothing_of_ours_hides_the_applications_own() -> None:
    """A route after ours is found; a path of ours is ours."""
    routes = [*health_routes(AsyncFixed("healthy")), Route("/orders", Response("fine"))]
    app = Starlette(routes=routes)
    assert app.url_path_for("health-database") == "/health/database"
    (response,), _ = ask("starlette", [("GET", "/orders", "")], app=lambda _: app)
    assert response.text == "fine"


# --- FastAPI ------------------------------------------------------------------


def test_openapi_has_every_endpoint_once() -> None:
    """As GET, with a schema for each answer, and no warning while it is made."""
    app = fastapi_app(Fixed("healthy"), Site())
    (response,), _ = ask("fastapi", [("GET", "/openapi.json", "")], app=lambda _: app)
    paths = response.json()["paths"]
    assert {path: list(methods) for path, methods in paths.items()} == {
        "/health": ["get"],
        "/health/database": ["get"],
        "/health/ready": ["get"],
        "/health/metrics": ["get"],
    }
    answers = paths["/health/database"]["get"]["responses"]
    assert set(answers) == {"200", "503"}
    for answer in answers.values():
        schema = answer["content"]["application/json"]["schema"]
        assert schema["properties"]["status"]["enum"] == ["healthy", "degraded", "unhealthy"]
        assert set(answer["content"]) == {
            "application/json",
            "application/health+json",
            "text/plain",
            "text/html",
        }


def test_dependencies_guard_every_method() -> None:
    """What the application demands for the router, HEAD cannot get around."""

    def refuse() -> None:
        raise HTTPException(401)

    def guarded(checker: Fixed) -> FastAPI:
        app = FastAPI()
        app.include_router(health_router(checker), dependencies=[Depends(refuse)])
        return app

    requests = [(method, "/health/database", "") for method in METHODS]
    responses, checker = ask("fastapi", requests, app=guarded)
    assert {response.status_code for response in responses} == {401}
    assert checker.policies == []


# --- packages -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("module", "package", "extra"),
    [
        ("flask", "flask", "flask"),
        ("fastapi", "fastapi", "fastapi"),
        ("starlette", "starlette", "fastapi"),
        ("django", "django", "django"),
    ],
)
def test_a_missing_package_is_named(module: str, package: str, extra: str) -> None:
    """With the line to install it; ASGI and WSGI need none."""
    code = f"""
import sys
for name in ("flask", "fastapi", "starlette", "django"):
    sys.modules[name] = None
import st44_migrate.web.asgi, st44_migrate.web.wsgi
try:
    import st44_migrate.web.{module}
except ImportError as error:
    print(error)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    expected = (
        f"needs the package {package}, which is not installed: pip install 'st44-migrate[{extra}]'"
    )
    assert expected in done.stdout
