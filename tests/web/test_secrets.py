"""
No secret is in anything that the web and monitoring tell, whatever goes wrong.

What ledgers hold and how looks fail is made by `health.test_secrets`; here it goes
through every endpoint, form and header, every message, metric, span and log record.
"""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Iterator
from itertools import product
from pathlib import Path
from typing import Any, NoReturn

import psycopg
import pytest
from hypothesis import given
from hypothesis import strategies as st
from opentelemetry.sdk.metrics import MeterProvider
from opentelemetry.sdk.metrics.export import InMemoryMetricReader
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from health.probing import NOW, household
from health.test_secrets import (
    FOLDERS,
    MARK,
    AsyncFailing,
    Failing,
    failures,
    histories,
    secrets,
)
from st44_migrate import AsyncHealthProbe, HealthProbe, HealthReport, Memory, build_health
from st44_migrate.health import (
    Finding,
    HealthStatus,
    Holder,
    LastFailure,
    Observation,
    TableHealth,
)
from st44_migrate.model import Fault, History
from st44_migrate.observe.log import LogObserver
from st44_migrate.observe.messages import FORMS, message_of_change
from st44_migrate.observe.opentelemetry_health import OpenTelemetryHealth
from st44_migrate.observe.watch import StatusChange
from st44_migrate.plan import Reader, make_plan
from st44_migrate.web import Endpoint, Site
from st44_migrate.web.answer import Question, answer
from st44_migrate.web.respond import respond, respond_async
from targets import Target

FORMS_OF_ANSWERS = (
    *("application/json", "application/health+json", "text/plain", "text/html"),
    "application/openmetrics-text",
)
QUESTIONS = [
    Question("POST", Endpoint.DATABASE),
    Question("GET", None),
    *(
        Question("GET", endpoint, accept)
        for endpoint, accept in product(Endpoint, FORMS_OF_ANSWERS)
    ),
]
SITES = (Site(), Site(show_details="never"))


def answered(report: HealthReport) -> Iterator[str]:
    """
    Give everything that HTTP can say of a report.
    """
    for question, details in product(QUESTIONS, (True, False)):
        found = answer(question, report, site=Site(), details=details, now=NOW)
        yield f"{found.headers}{found.body.decode()}"


def monitored(report: HealthReport) -> Iterator[str]:
    """
    Give everything that a chat, a log and a collector are told of a report.
    """
    change = StatusChange(None, report)
    for form in FORMS.values():
        yield json.dumps(form(message_of_change(change), "shop"))
    yield from logged(change)
    spans, metrics = InMemorySpanExporter(), InMemoryMetricReader()
    tracing = TracerProvider(shutdown_on_exit=False)
    tracing.add_span_processor(SimpleSpanProcessor(spans))
    OpenTelemetryHealth(tracing, MeterProvider([metrics], shutdown_on_exit=False))(report)
    yield "".join(span.to_json() for span in spans.get_finished_spans())
    measured = metrics.get_metrics_data()
    yield measured.to_json() if measured else ""


def logged(change: StatusChange) -> Iterator[str]:
    """
    Give every field of the records that a change of status makes.
    """
    records: list[logging.LogRecord] = []

    class Keeping(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            records.append(record)

    logger = logging.Logger("of this test")  # noqa: LOG001 - one that nobody else has
    logger.addHandler(Keeping())
    LogObserver(logger).status_changed(change)
    assert records
    yield from (f"{record.getMessage()}{vars(record)}" for record in records)


def everything(report: HealthReport) -> str:
    return "\n".join((*answered(report), *monitored(report)))


# --- whatever ledger, journal and folder hold ---------------------------------


@pytest.mark.property
@given(histories(), st.sampled_from(FOLDERS), st.sampled_from([None, *Fault]), st.booleans())
def test_what_the_ledger_holds_stays_there(
    history: History, folder: Memory, fault: Fault | None, held: bool
) -> None:
    """Names, reasons, errors, SQL, odd versions: nobody is told any of it."""
    files = folder.load()
    seen = Observation(
        checked_at=NOW,
        connected=True,
        fault=fault,
        response_ms=7,
        plan=make_plan(files, history, read=Reader("postgresql")),
        expected=len(files),
        tables=(TableHealth("users", exists=False),),
        holder=Holder(7, NOW) if held else None,
        last_failure=LastFailure(files[0].label, files[0].name, NOW),
    )
    assert MARK not in everything(build_health(seen, now=NOW))


@pytest.mark.property
@given(secrets)
def test_what_a_broken_rule_says_stays_there(secret: str) -> None:
    """An application's own rule may fail with anything."""

    def broken(seen: Observation) -> list[Finding]:
        raise ValueError(secret)

    report = build_health(Observation(checked_at=NOW), now=NOW, rules=(broken,))
    assert MARK not in everything(report)


# --- however a look fails -----------------------------------------------------


@pytest.mark.property
@given(failures(), st.booleans())
def test_what_a_failure_says_stays_there(failure: Exception, late: bool) -> None:
    """From the driver to the answer, in both colours."""

    def fail() -> NoReturn:
        raise failure

    folder = Memory({"001_a.sql": "SELECT 1"})
    blocking: Any = Failing(fail, late=late)
    with HealthProbe(blocking, folder, ttl=600, deadline=60) as probe:
        assert_nothing_told(probe)

    async def ask() -> str:
        driver: Any = AsyncFailing(fail, late=late)
        async with AsyncHealthProbe(driver, folder, ttl=600, deadline=60) as probe:
            found = [
                await respond_async(probe, site, question, None)
                for site, question in product(SITES, QUESTIONS)
            ]
        return "".join(f"{one.headers}{one.body.decode()}" for one in found)

    assert MARK not in asyncio.run(ask())


def assert_nothing_told(probe: HealthProbe) -> HealthReport:
    """
    Ask *probe* in every way, and find no secret; return its report.
    """
    for site, question in product(SITES, QUESTIONS):
        found = respond(probe, site, question, None)
        assert MARK not in f"{found.headers}{found.body.decode()}"
    report = probe.check()
    assert MARK not in everything(report)
    return report


# --- with real databases ------------------------------------------------------

UNREACHABLE = {
    "refused": (f"postgresql://{MARK}:{MARK}@127.0.0.1:1/{MARK}", Fault.REFUSED),
    "no such host": (f"postgresql://{MARK}:{MARK}@{MARK}.invalid/{MARK}", Fault.HOST),
    "no such socket": (f"postgresql:///{MARK}?host=/nowhere/{MARK}", Fault.REFUSED),
    "no such file": (f"sqlite:////nowhere/{MARK}.db", Fault.ABSENT),
}


@pytest.mark.parametrize("name", UNREACHABLE)
def test_an_address_stays_with_us(name: str) -> None:
    """What libpq says of user, host, port and database is for the log."""
    url, fault = UNREACHABLE[name]
    with HealthProbe(url, household(), deadline=60, ttl=600) as probe:
        report = assert_nothing_told(probe)
    assert (report.status, report.error) == (HealthStatus.UNHEALTHY, fault)


@pytest.mark.parametrize(
    ("change", "fault"),
    [
        ({"user": MARK, "password": MARK}, Fault.AUTHENTICATION),
        ({"dbname": MARK, "password": MARK}, Fault.ABSENT),
    ],
)
def test_what_a_server_refuses_stays_with_us(
    change: dict[str, str], fault: Fault, pg_url: str
) -> None:
    """The server repeats the role's or the database's name; we do not."""
    url = psycopg.conninfo.make_conninfo(pg_url, **change)
    with HealthProbe(url, household(), deadline=60, ttl=600) as probe:
        report = assert_nothing_told(probe)
    assert (report.status, report.error) == (HealthStatus.UNHEALTHY, fault)


def test_what_a_file_holds_stays_there(tmp_path: Path) -> None:
    """Neither a file's name and text, nor the columns of a table that is no ledger of ours."""
    text = tmp_path / f"{MARK}.txt"
    text.write_text(MARK * 1000)
    other = Target("sqlite3", f"sqlite:///{tmp_path / MARK}.db")
    other.execute(f"CREATE TABLE schema_migrations ({MARK} text)")
    for url in (f"sqlite:///{text}", other.url):
        with HealthProbe(url, household(), deadline=60, ttl=600) as probe:
            report = assert_nothing_told(probe)
        assert (report.status, report.error) == (HealthStatus.UNHEALTHY, Fault.LEDGER)
