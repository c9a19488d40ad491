"""
From a question to an answer, without a server: what every adapter sends.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from prometheus_client.openmetrics.parser import text_string_to_metric_families

from st44_migrate import ConfigError
from st44_migrate.health import READINESS
from st44_migrate.observe.metrics import RunMetrics
from st44_migrate.web import Site
from st44_migrate.web.answer import METHODS, Answer, Question, answer, looks
from st44_migrate.web.schema import SCHEMAS
from st44_migrate.web.site import Endpoint
from web.reports import NOW, OBSERVATIONS, report

JSON, HEALTH, TEXT, HTML = "application/json", "application/health+json", "text/plain", "text/html"
SITE = Site()

endpoints = st.sampled_from([*Endpoint, None])
names = st.sampled_from(sorted(OBSERVATIONS))
accepts = st.sampled_from(["", "*/*", JSON, HEALTH, TEXT, HTML, "application/openmetrics-text"])


def ask(
    name: str = "healthy",
    *,
    method: str = "GET",
    endpoint: Endpoint | None = Endpoint.DATABASE,
    accept: str = "",
    details: bool = True,
    site: Site = SITE,
) -> Answer:
    question = Question(method, endpoint, accept)
    policy = READINESS if endpoint is Endpoint.READY else None
    found = report(name, *filter(None, [policy])) if looks(question) else None
    return answer(question, found, site=site, details=details, now=NOW)


def headers(found: Answer) -> dict[str, str]:
    assert len({name.lower() for name, _ in found.headers}) == len(found.headers)
    return dict(found.headers)


def body(found: Answer) -> Any:
    return json.loads(found.body)


def test_the_basic_document_is_the_guides() -> None:
    """Two fields, no database."""
    found = ask(endpoint=Endpoint.ALIVE)
    assert found.status == 200
    assert body(found) == {"status": "ok", "timestamp": "2025-12-14T02:30:00.123Z"}


@pytest.mark.parametrize(
    ("name", "status"), [("healthy", 200), ("behind", 200), ("unreachable", 503)]
)
def test_the_status_is_the_reports(name: str, status: int) -> None:
    """Degraded is answered with 200, unhealthy with 503 and when to come back."""
    found = ask(name)
    assert found.status == status
    assert headers(found).get("Retry-After") == ("5" if status == 503 else None)
    assert body(found) == report(name).to_dict()


@pytest.mark.parametrize(
    ("name", "status"),
    [("healthy", 200), ("ahead", 200), ("behind", 503), ("dropped", 503), ("migrating", 503)],
)
def test_readiness_is_stricter(name: str, status: int) -> None:
    """No traffic before the schema is there; and a newer schema is no reason."""
    found = ask(name, endpoint=Endpoint.READY)
    assert found.status == status
    assert ("Retry-After" in headers(found)) == (status == 503)


@pytest.mark.parametrize(
    ("accept", "content_type", "begin"),
    [
        ("*/*", "application/json", '{"status":"degraded"'),
        (HEALTH, "application/health+json", '{"status":"warn"'),
        (TEXT, "text/plain; charset=utf-8", "degraded: Expected 8 migrations, only 2 applied"),
        (HTML, "text/html; charset=utf-8", "<!doctype html>"),
    ],
)
def test_four_forms(accept: str, content_type: str, begin: str) -> None:
    """The same report for a program, a standard's program, a terminal and a browser."""
    found = ask("behind", accept=accept)
    assert headers(found)["Content-Type"] == content_type
    assert found.body.decode().startswith(begin)


@pytest.mark.parametrize("accept", ["*/*", HEALTH, TEXT, HTML])
def test_alive_has_a_form_for_programs_and_terminals(accept: str) -> None:
    """And a browser gets the document: there is nothing to look at."""
    found = ask(endpoint=Endpoint.ALIVE, accept=accept)
    expected = {HEALTH: '{"status":"pass"}', TEXT: "ok\n"}
    assert found.body.decode().startswith(expected.get(accept, '{"status":"ok"'))


def test_the_release_is_told() -> None:
    """Where the draft has a field for it."""
    site = Site(release="shop 7")
    for endpoint in (Endpoint.ALIVE, Endpoint.DATABASE):
        assert body(ask(endpoint=endpoint, accept=HEALTH, site=site))["releaseId"] == "shop 7"


def test_the_page_may_load_nothing() -> None:
    """Its policy allows its own style, by its hash."""
    policy = headers(ask(accept=HTML))["Content-Security-Policy"]
    assert policy.startswith("default-src 'none'; style-src 'sha256-")
    assert "unsafe" not in policy


@pytest.mark.property
@given(names, endpoints, accepts, st.booleans(), st.sampled_from(METHODS))
def test_every_answer_has_the_same_manners(
    name: str, endpoint: Endpoint | None, accept: str, details: bool, method: str
) -> None:
    """Never stored, its length told, never guessed at, whatever it is."""
    found = ask(name, method=method, endpoint=endpoint, accept=accept, details=details)
    told = headers(found)
    assert told["Cache-Control"] == "no-store"
    assert told["Vary"] == "Accept"
    assert told["X-Content-Type-Options"] == "nosniff"
    assert method == "HEAD" or int(told["Content-Length"]) == len(found.body)
    if endpoint is not None and method not in {"GET", "HEAD"}:
        assert (found.status, told["Allow"]) == (405, "GET, HEAD")


@pytest.mark.property
@given(names, endpoints, accepts, st.booleans())
def test_head_is_get_without_a_body(
    name: str, endpoint: Endpoint | None, accept: str, details: bool
) -> None:
    """The same status and the same headers, the length included."""
    get, head = (
        ask(name, method=method, endpoint=endpoint, accept=accept, details=details)
        for method in ("GET", "HEAD")
    )
    assert (head.status, head.headers, head.body) == (get.status, get.headers, b"")


@pytest.mark.property
@given(names, st.sampled_from(list(SCHEMAS)), st.booleans())
def test_every_document_is_what_the_schema_says(
    name: str, endpoint: Endpoint, details: bool
) -> None:
    """So that what OpenAPI promises is true, and no field is missing in it."""
    document = body(ask(name, endpoint=endpoint, details=details))
    Draft202012Validator.check_schema(SCHEMAS[endpoint])
    Draft202012Validator(SCHEMAS[endpoint]).validate(document)


def test_nothing_else_is_there() -> None:
    """404 names what is; a path that is not there is not looked up in the database."""
    found = ask(endpoint=None)
    assert found.status == 404
    assert b"/health/database" in found.body
    assert not looks(Question("GET", None))


@pytest.mark.parametrize("method", METHODS)
def test_only_what_needs_a_look_has_one(method: str) -> None:
    """Liveness never looks, nor does a method that is refused."""
    assert not looks(Question(method, Endpoint.ALIVE))
    for endpoint in (Endpoint.DATABASE, Endpoint.READY, Endpoint.METRICS):
        assert looks(Question(method, endpoint)) == (method in {"GET", "HEAD"})


# --- who may see how much -----------------------------------------------------


@pytest.mark.parametrize("name", OBSERVATIONS)
@pytest.mark.parametrize("accept", ["*/*", HEALTH, TEXT, HTML])
def test_without_details_there_is_the_status_alone(name: str, accept: str) -> None:
    """In every form: no number, no name, no time, no reason."""
    found = ask(name, accept=accept, details=False)
    status = report(name).status.value
    assert found.status == report(name).http_status
    if accept == "*/*":
        assert body(found) == {"status": status}
    elif accept == HEALTH:
        assert body(found) == {
            "status": {"healthy": "pass", "degraded": "warn", "unhealthy": "fail"}[status]
        }
    elif accept == TEXT:
        assert found.body.decode() == f"{status}\n"
    else:
        shown = found.body.decode().partition("</style>")[2]
        assert f"<h1>{status.capitalize()}</h1>" in shown
        for secret in ("users", "001", "migration", "timeout", "42", "2025"):
            assert secret not in shown.lower()


# --- metrics ------------------------------------------------------------------


def metrics(name: str, **more: Any) -> dict[tuple[str, ...], float]:
    found = ask(name, endpoint=Endpoint.METRICS, accept="application/openmetrics-text", **more)
    assert headers(found)["Content-Type"].startswith("application/openmetrics-text")
    assert found.status == 200
    families: Any = text_string_to_metric_families(found.body.decode())  # type: ignore[no-untyped-call]
    return {(s.name, *s.labels.values()): s.value for family in families for s in family.samples}


def test_a_report_in_numbers() -> None:
    """Everything in it that is one."""
    assert metrics("behind") == {
        ("st44_health_status", "healthy"): 0,
        ("st44_health_status", "degraded"): 1,
        ("st44_health_status", "unhealthy"): 0,
        ("st44_database_up",): 1,
        ("st44_migrations_expected",): 8,
        ("st44_migrations_applied",): 2,
        ("st44_migrations_pending",): 6,
        ("st44_migrations_edited",): 0,
        ("st44_migrations_in_doubt",): 0,
        ("st44_schema_info", "001", "behind"): 1,
        ("st44_critical_table_exists", "users"): 1,
        ("st44_critical_table_exists", "households"): 0,
        ("st44_critical_table_exists", "children"): 0,
        ("st44_critical_table_exists", "tasks"): 0,
        ("st44_critical_table_exists", "task_assignments"): 0,
        ("st44_critical_table_exists", "task_completions"): 0,
        ("st44_check_duration_seconds",): 0.042,
        ("st44_check_timestamp_seconds",): (NOW - timedelta(milliseconds=42)).timestamp(),
    }


def test_what_was_not_read_is_not_zero() -> None:
    """A database out of reach has no number of pending migrations; the scrape is answered with 200."""
    found = metrics("unreachable")
    assert found["st44_database_up",] == 0
    assert found["st44_health_status", "unhealthy"] == 1
    assert not [
        name for name, *_ in found if name.startswith(("st44_migrations_p", "st44_critical"))
    ]


def test_the_programs_own_numbers_are_beside() -> None:
    """Runs that this process counted."""
    site = Site(metrics=(RunMetrics(),))
    assert metrics("healthy", site=site)["st44_runs_total", "failed"] == 0


def test_numbers_are_details_too() -> None:
    """Who may see the status alone gets it as a number."""
    assert {name for name, *_ in metrics("behind", details=False)} == {"st44_health_status"}


def test_who_asks_without_words_gets_the_old_format() -> None:
    """As a browser, curl, or an agent that never heard of OpenMetrics."""
    found = ask(endpoint=Endpoint.METRICS)
    assert headers(found)["Content-Type"] == "text/plain; version=0.0.4; charset=utf-8"
    assert b"# EOF" not in found.body


# --- the site -----------------------------------------------------------------


@pytest.mark.parametrize("prefix", ["/health", "", "/internal/health"])
def test_paths_lead_where_they_say(prefix: str) -> None:
    """A slash at the end does not matter; anything more does."""
    site = Site(prefix=prefix)
    for endpoint in Endpoint:
        path = site.path(endpoint)
        assert path.startswith("/")
        assert site.endpoint(path) is endpoint
        assert site.endpoint(f"{path.rstrip('/')}/") is endpoint
        assert site.endpoint(f"{path.rstrip('/')}x") is None


@pytest.mark.parametrize(
    "choice",
    [
        {"prefix": "health"},
        {"prefix": "/health/"},
        {"show_details": "sometimes"},
        {"show_details": True},
    ],
)
def test_a_choice_that_says_nothing_is_refused(choice: dict[str, Any]) -> None:
    """When the application starts, not when somebody asks."""
    with pytest.raises(ConfigError):
        Site(**choice)


@given(
    st.lists(
        st.tuples(
            names, st.sampled_from(Endpoint), st.sampled_from(METHODS[:3]), accepts, st.booleans()
        )
    )
)
def test_what_was_asked_before_changes_no_answer(asked: list[tuple[Any, ...]]) -> None:
    """A site that has given an answer before gives the one that a new site gives."""
    site, policies = Site(), {Endpoint.READY: (READINESS,)}
    reports: dict[Any, Any] = {}
    for name, endpoint, method, accept, details in asked:
        question = Question(method, endpoint, accept)
        policy = policies.get(endpoint, ())
        found = reports.setdefault((name, policy), report(name, *policy))
        found = found if looks(question) else None
        here, afresh = (
            answer(question, found, site=s, details=details, now=NOW) for s in (site, Site())
        )
        assert here == afresh


def test_the_same_report_is_written_once() -> None:
    """A thousand askers, one report: one answer, and another for another report."""
    site, found = Site(), report("healthy")
    question = Question("GET", Endpoint.DATABASE)
    answers = [answer(question, found, site=site, details=True, now=NOW) for _ in range(3)]
    assert answers[0] is answers[1] is answers[2]
    other = answer(question, report("behind"), site=site, details=True, now=NOW)
    assert body(other)["status"] == "degraded"
