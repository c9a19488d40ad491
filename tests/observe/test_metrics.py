"""
Runs as metrics, read by the parsers of prometheus_client and by its registry.
"""

from __future__ import annotations

import stat
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry
from prometheus_client.openmetrics.exposition import generate_latest
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text

from observe.conftest import INDEX, NOON, REWARDS, report
from st44_migrate import ConfigError, Memory, migrate
from st44_migrate.events import MigrationApplied, MigrationRetried, RunFinished
from st44_migrate.observe.metrics import Family, RunMetrics, Sample
from st44_migrate.observe.openmetrics import OPENMETRICS, PROMETHEUS, expose, write_textfile
from st44_migrate.observe.prometheus import MigrationCollector

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from st44_migrate.events import Event

PARSERS: dict[str, Any] = {OPENMETRICS: read_openmetrics, PROMETHEUS: read_text}


def measured(events: Iterable[Event]) -> RunMetrics:
    metrics = RunMetrics(now=lambda: NOON)
    for event in events:
        metrics(event)
    return metrics


def samples(families: Iterable[Family], content_type: str = OPENMETRICS) -> dict[Any, float]:
    """
    Write *families* and read them again: each sample by its name and label values.
    """
    text = expose(families, content_type)
    return {
        (sample.name, *sample.labels.values()): sample.value
        for family in PARSERS[content_type](text)
        for sample in family.samples
    }


@pytest.mark.parametrize("content_type", PARSERS)
def test_a_run_is_counted(content_type: str, good_run: list[Event]) -> None:
    """The run, the files by how long they took, the last run; 83 s is more than a minute."""
    assert samples(measured(good_run), content_type) == {
        ("st44_runs_total", "applied"): 1,
        ("st44_runs_total", "current"): 0,
        ("st44_runs_total", "failed"): 0,
        ("st44_migration_retries_total",): 0,
        ("st44_migration_duration_seconds_bucket", "0.01"): 0,
        ("st44_migration_duration_seconds_bucket", "0.1"): 1,
        ("st44_migration_duration_seconds_bucket", "1.0"): 1,
        ("st44_migration_duration_seconds_bucket", "10.0"): 1,
        ("st44_migration_duration_seconds_bucket", "60.0"): 1,
        ("st44_migration_duration_seconds_bucket", "600.0"): 2,
        ("st44_migration_duration_seconds_bucket", "3600.0"): 2,
        ("st44_migration_duration_seconds_bucket", "+Inf"): 2,
        ("st44_migration_duration_seconds_count",): 2,
        ("st44_migration_duration_seconds_sum",): 83.012,
        ("st44_last_run_timestamp_seconds",): NOON.timestamp(),
        ("st44_last_run_success",): 1,
        ("st44_last_run_duration_seconds",): 0,
    }


def test_a_failure_is_counted(good_run: list[Event], failed_run: list[Event]) -> None:
    """The file's failure and the run's are one; the last run is the one that failed."""
    found = samples(measured([*good_run, *failed_run]))
    assert found["st44_runs_total", "applied"] == 1
    assert found["st44_runs_total", "failed"] == 1
    assert found["st44_last_run_success",] == 0


def test_nothing_is_claimed_before_the_first_run() -> None:
    """Counters begin with 0; of a last run that there was not, nothing is said."""
    found = samples(RunMetrics())
    assert set(found.values()) == {0}
    assert not [name for name, *_ in found if name.startswith("st44_last")]


def test_retries_and_runs_without_work_are_counted() -> None:
    """A retry is no failure, and a start with nothing to do is a run."""
    found = samples(
        measured([MigrationRetried(INDEX, 1, "lock timeout", 0.5), RunFinished(report())])
    )
    assert found["st44_migration_retries_total",] == 1
    assert found["st44_runs_total", "current"] == 1


def test_every_event_can_be_measured(every_event: list[Event]) -> None:
    """And a failure that never got to a report has no duration."""
    found = samples(measured(every_event))
    assert found["st44_runs_total", "failed"] == 2
    assert ("st44_last_run_duration_seconds",) not in found


def test_real_runs_are_counted(sqlite_path: Path) -> None:
    """As the engine tells them: one that applied, one that had nothing to do."""
    metrics = RunMetrics()
    for _ in range(2):
        migrate(
            f"sqlite:///{sqlite_path}",
            Memory({"001_a.sql": "CREATE TABLE a (id int);"}),
            observer=metrics,
        )
    found = samples(metrics)
    assert found["st44_runs_total", "applied"] == 1
    assert found["st44_runs_total", "current"] == 1
    assert found["st44_migration_duration_seconds_count",] == 1


@pytest.mark.property
@given(st.lists(st.integers(0, 10_000_000)))
def test_each_file_is_in_one_bucket(durations: list[int]) -> None:
    """Buckets add up, and each holds what is not longer than its bound."""
    files = [MigrationApplied(REWARDS, 1, 1, 1, duration) for duration in durations]
    found = samples(measured(files))
    for (name, *labels), value in found.items():
        if name == "st44_migration_duration_seconds_bucket":
            bound = float(labels[0])
            assert value == sum(duration / 1000 <= bound for duration in durations)


names = st.from_regex(r"[a-z][a-z_]{0,20}[a-z]", fullmatch=True)
any_text = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\r"))


@pytest.mark.property
@given(any_text, any_text, st.floats(allow_nan=False) | st.integers(-(2**53), 2**53))
def test_any_text_survives(text: str, label: str, value: float) -> None:
    """Quotation marks, backslashes and line ends in labels and help come back as they were."""
    family = Family("st44_odd", "gauge", text, (Sample(value, (("label", label),)),))
    for content_type, parse in PARSERS.items():
        (read,) = parse(expose([family], content_type))
        assert [(s.labels, s.value) for s in read.samples] == [({"label": label}, value)]
    (read,) = PARSERS[OPENMETRICS](expose([family]))
    # The reader takes blanks at the beginning for a separator.
    assert read.documentation == text.lstrip(" ")


def test_a_registry_shows_them_too(good_run: list[Event]) -> None:
    """Who has prometheus_client registers them beside his own, and finds the same."""
    registry = CollectorRegistry()
    metrics = measured([])
    registry.register(MigrationCollector(metrics))
    for event in good_run:
        metrics(event)
    shown = generate_latest(registry).decode()  # type: ignore[no-untyped-call]
    assert samples(metrics) == {
        (sample.name, *sample.labels.values()): sample.value
        for family in PARSERS[OPENMETRICS](shown)
        for sample in family.samples
    }


def test_a_file_for_the_collector_is_there_at_once(tmp_path: Path, good_run: list[Event]) -> None:
    """It is whole, readable for others, replaces the one before, and leaves nothing beside it."""
    target = tmp_path / "st44.prom"
    write_textfile(target, measured([]))
    write_textfile(target, measured(good_run))
    assert list(tmp_path.iterdir()) == [target]
    assert stat.S_IMODE(target.stat().st_mode) == 0o644
    assert target.read_text("utf-8") == expose(measured(good_run), PROMETHEUS)


def test_a_file_that_cannot_be_written_leaves_the_old(tmp_path: Path) -> None:
    """What fails on the way is an error, and the file of before stays."""

    def broken() -> Iterable[Family]:
        yield Family("st44_fine", "gauge", "Fine.", (Sample(1),))
        raise RuntimeError("out of numbers")

    target = tmp_path / "st44.prom"
    target.write_text("before")
    with pytest.raises(RuntimeError):
        write_textfile(target, broken())
    assert target.read_text() == "before"
    assert list(tmp_path.iterdir()) == [target]
    with pytest.raises(ConfigError, match="would not be read by node_exporter"):
        write_textfile(tmp_path / "st44.txt", measured([]))
    with pytest.raises(OSError, match="No such file"):
        write_textfile(tmp_path / "absent" / "st44.prom", measured([]))


def test_a_missing_package_is_named() -> None:
    """The error has the line to install it, and text needs no package."""
    code = """
import sys
sys.modules["prometheus_client.metrics_core"] = sys.modules["opentelemetry"] = None
import st44_migrate.observe.openmetrics, st44_migrate.observe.metrics
for name in ("prometheus", "opentelemetry"):
    try:
        __import__(f"st44_migrate.observe.{name}")
    except ImportError as error:
        print(error)
"""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], check=True, capture_output=True, text=True
    )
    assert done.stdout.splitlines() == [
        "st44_migrate.observe.prometheus needs the package prometheus_client, which is not"
        " installed: pip install 'st44-migrate[prometheus]'",
        "st44_migrate.observe.opentelemetry needs the package opentelemetry, which is not"
        " installed: pip install 'st44-migrate[otel]'",
    ]
