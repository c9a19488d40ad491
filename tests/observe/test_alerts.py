"""
The alert rules of `examples/monitoring` are about metrics that there are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from st44_migrate.observe.health_metrics import health_families
from st44_migrate.observe.metrics import RunMetrics
from web.reports import report

if TYPE_CHECKING:
    from st44_migrate.events import Event

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "examples" / "monitoring"
PAGE = (ROOT / "docs" / "monitoring.md").read_text("utf-8")


def counted(events: list[Event]) -> RunMetrics:
    """
    Count the events of a run.
    """
    runs = RunMetrics()
    for event in events:
        runs(event)
    return runs


def exposed(events: RunMetrics) -> dict[str, set[str]]:
    """
    List every name that can be scraped, with the labels of its samples.
    """
    families = [*health_families(report("behind")), *events]
    return {
        f"{family.name}{sample.suffix}": {name for name, _ in sample.labels}
        for family in families
        for sample in family.samples
    }


@pytest.mark.parametrize("file", ["alerts.yml", "alerts_test.yml"])
def test_every_metric_in_the_rules_is_exposed(file: str, failed_run: list[Event]) -> None:
    """And so is every label that a rule looks at."""
    known = exposed(counted(failed_run))
    text = re.sub(r"#.*", "", (MONITORING / file).read_text("utf-8"))
    used = re.findall(r"\b(st44_\w+)(?:\{([^}]*)\})?", text)
    assert len(used) >= 10
    for name, matchers in used:
        labels = set(re.findall(r"(\w+)=", matchers)) - {"job", "instance"}
        assert labels <= known[name], (name, labels)


def test_every_metric_is_documented(failed_run: list[Event]) -> None:
    """The page has each name that can be scraped, and no other."""
    parts = r"_(?:bucket|count|sum)$"
    known = {re.sub(parts, "", name) for name in exposed(counted(failed_run))}
    assert set(re.findall(r"^\| `(st44_\w+)` \|", PAGE, re.MULTILINE)) == known


def test_every_alert_is_documented() -> None:
    """The page has each alert, in the order of the rules."""
    rules = (MONITORING / "alerts.yml").read_text("utf-8")
    cells = re.findall(r"^\| (`[A-Z].*?) \|", PAGE, re.MULTILINE)
    alerts = re.findall(r"- alert: (\w+)", rules)
    assert len(alerts) >= 8
    assert re.findall(r"`(\w+)`", "".join(cells)) == alerts


@pytest.mark.parametrize(
    "command",
    [
        ["check", "rules", "alerts.yml"],
        ["test", "rules", "alerts_test.yml"],
        ["check", "config", "prometheus.yml"],
    ],
    ids=" ".join,
)
def test_promtool_takes_the_rules(command: list[str]) -> None:
    """Prometheus's own tool reads them, and tries each alert in the situation it is for."""
    promtool = shutil.which("promtool")
    if promtool is None:
        pytest.skip("promtool is not at hand: the Debian package prometheus has it")
    done = subprocess.run(
        [promtool, *command], check=False, cwd=MONITORING, capture_output=True, text=True
    )
    assert done.returncode == 0, f"{done.stdout}{done.stderr}"
