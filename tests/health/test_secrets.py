"""
No secret is in any document, whatever the ledger holds and however a look fails.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from typing import Any, NoReturn

import pytest
from hypothesis import given
from hypothesis import strategies as st

from health.probing import NOW
from st44_migrate import HealthReport, Memory, build_health
from st44_migrate.errors import (
    ConfigError,
    DatabaseUnavailable,
    DriverError,
    LedgerError,
    SourceError,
)
from st44_migrate.health import (
    READINESS,
    AsyncHealthProbe,
    Finding,
    HealthProbe,
    Observation,
    TableHealth,
    health_document,
    health_json_document,
    plain_text,
    status_document,
)
from st44_migrate.model import (
    Fault,
    History,
    JournalEntry,
    JournalState,
    LedgerEntry,
    read_version,
)
from st44_migrate.plan import Reader, make_plan

MARK = "S3CR3T"

pytestmark = pytest.mark.property

around = st.text(max_size=8) | st.sampled_from(["postgresql://app:", "@db:5432/shop", "\n", "'"])
secrets = st.builds(lambda a, b: f"{a}{MARK}{b}", around, around)
maybe = st.none() | secrets


def bodies(report: HealthReport) -> str:
    """
    Give every body that can be made of a report.
    """
    documents = (
        report.to_dict(),
        health_document(report, further=False),
        health_json_document(report, release="1.2.3"),
        status_document(report),
    )
    return "\n".join((*map(json.dumps, documents), plain_text(report)))


# --- whatever ledger, journal and folder hold ---------------------------------


@st.composite
def journals(draw: st.DrawFn, version: int) -> JournalEntry:
    """
    Give a row of the journal whose every text is a secret.
    """
    return JournalEntry(
        version,
        draw(st.sampled_from(JournalState)),
        checksum=draw(maybe),
        raw_checksum=draw(maybe),
        total=draw(st.none() | st.integers(0, 3)),
        done=draw(st.none() | st.integers(0, 3)),
        done_checksum=draw(maybe),
        in_doubt=draw(st.booleans()),
        reason=draw(maybe),
        error=draw(maybe),
        backend_start=draw(maybe),
    )


@st.composite
def histories(draw: st.DrawFn) -> History:
    """
    Give a ledger in which people wrote what they liked.
    """
    entries: list[LedgerEntry] = []
    for number in sorted(draw(st.sets(st.integers(1, 6), max_size=5))):
        journal = draw(st.none() | journals(number))
        entries.append(LedgerEntry(number, str(number), draw(secrets), NOW, journal))
    for tail in draw(st.lists(secrets, max_size=2, unique=True)):
        label = draw(st.sampled_from(["", "2", "7", "1.5"])) + tail.strip()
        version = read_version(label)
        if version is not None:
            entries.append(LedgerEntry(version, label, draw(secrets), NOW))
    held = {entry.version for entry in entries}
    left = draw(st.sets(st.integers(1, 4).filter(lambda number: number not in held), max_size=2))
    return History(
        entries=tuple(sorted(entries, key=lambda entry: entry.version)),
        leftovers=tuple(draw(journals(number)) for number in sorted(left)),
        foreign=tuple(draw(st.lists(secrets, max_size=1))),
        width=draw(st.none() | st.integers(1, 3)),
        numeric=draw(st.booleans()),
    )


FILES = {
    "001_a.sql": f"INSERT INTO accounts VALUES ('{MARK}')",
    "002_b.sql": f"-- {MARK}\nVACUUM accounts; SELECT '{MARK}'",
    "004_c.sql": f"SELECT '{MARK}",
    "0013_d.sql": f"SELECT '{MARK}'",
}
LONG = {f"20240101_{name}/migration.sql": f"SELECT '{MARK}'" for name in "ab"}
FOLDERS = (Memory(FILES), Memory(LONG, layout="prisma"))


@given(histories(), st.sampled_from(FOLDERS), st.sampled_from([None, *Fault]))
def test_what_the_ledger_holds_stays_there(
    history: History, folder: Memory, fault: Fault | None
) -> None:
    """Names, reasons, errors, SQL, odd versions: the documents have none of it."""
    files = folder.load()
    plan = make_plan(files, history, read=Reader("postgresql"))
    seen = Observation(
        checked_at=NOW,
        connected=True,
        fault=fault,
        response_ms=7,
        plan=plan,
        expected=len(files),
        tables=(TableHealth("users", exists=False),),
    )
    for policy in (READINESS, READINESS.but({"behind": "degraded"})):
        report = build_health(seen, now=NOW, policy=policy)
        assert report.status != "healthy"
        assert MARK not in bodies(report)


@given(secrets)
def test_what_a_broken_rule_says_stays_there(secret: str) -> None:
    """An application's own rule may fail with anything."""

    def broken(seen: Observation) -> list[Finding]:
        raise ValueError(secret)

    report = build_health(Observation(checked_at=NOW), now=NOW, rules=(broken,))
    assert MARK not in bodies(report)
    assert report.status == "unhealthy"


# --- however a look fails -----------------------------------------------------


class Failing:
    """
    A driver of either colour that fails to connect, or whose sessions do.
    """

    dialect = "postgresql"
    borrowed = False
    backend_pid = 7

    def __init__(self, fail: Callable[[], NoReturn], *, late: bool) -> None:
        self._fail = fail
        self._late = late

    def describe(self) -> str:
        return MARK

    def connect(self, **_: object) -> Any:
        if not self._late:
            self._fail()
        return self

    def fetch(self, *_: object, **__: object) -> Any:
        self._fail()

    def close(self) -> None:
        pass


class AsyncFailing(Failing):
    """
    The same, async.
    """

    async def connect(self, **_: object) -> Any:
        return super().connect()

    async def fetch(self, *_: object, **__: object) -> Any:
        self._fail()

    async def close(self) -> None:  # type: ignore[override]
        pass


STATES = ("42501", "42P01", "55P03", "57014", "57P01", "28P01", "XX000", "SQLITE_BUSY", None)


@st.composite
def failures(draw: st.DrawFn) -> Exception:
    """
    Give what drivers, ledgers and the world may raise.
    """
    said = DriverError(
        draw(secrets),
        sqlstate=draw(st.sampled_from(STATES)),
        detail=draw(maybe),
        hint=draw(maybe),
        context=draw(maybe),
        lost=draw(st.booleans()),
    )
    kinds = (ConfigError, LedgerError, SourceError, DatabaseUnavailable)
    kind = draw(st.sampled_from(kinds))
    more: dict[str, Any] = {"transient": True} if kind is DatabaseUnavailable else {}
    ours = kind(draw(secrets), unchanged=draw(secrets), remedy=draw(secrets), **more)
    ours.__cause__ = draw(st.none() | st.just(said))
    others = (OSError, ValueError, UnicodeError, MemoryError, RecursionError)
    other: Exception = draw(st.sampled_from(others))(draw(secrets))
    found: Exception = draw(st.sampled_from([said, ours, other]))
    return found


@given(failures(), st.booleans())
def test_what_a_failure_says_stays_there(failure: Exception, late: bool) -> None:
    """The documents have a phrase of the vocabulary, and the answer is never healthy."""

    def fail() -> NoReturn:
        raise failure

    folder = Memory({"001_a.sql": "SELECT 1"})
    blocking: Any = Failing(fail, late=late)
    with HealthProbe(blocking, folder, ttl=0, deadline=60) as probe:
        reports = [probe.check(), probe.latest()]

    async def ask() -> HealthReport:
        driver: Any = AsyncFailing(fail, late=late)
        async with AsyncHealthProbe(driver, folder, ttl=0, deadline=60) as probe:
            return await probe.check()

    for report in (*reports, asyncio.run(ask())):
        assert (report.status, report.http_status) == ("unhealthy", 503)
        assert report.error in set(Fault)
        assert MARK not in bodies(report)
