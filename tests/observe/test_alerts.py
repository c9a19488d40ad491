"""
The alert rules of `examples/monitoring` are about metrics that there are.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from st44_migrate.observe.health_metrics import health_families
from st44_migrate.observe.metrics import RunMetrics
from web.reports import report

MONITORING = Path(__file__).parents[2] / "examples" / "monitoring"


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
def test_every_metric_in_the_rules_is_exposed(file: str, failed_run: list[object]) -> None:
    """And so is every label that a rule looks at."""
    counted = RunMetrics()
    for event in failed_run:
        counted(event)  # type: ignore[arg-type]
    known = exposed(counted)
    text = re.sub(r"#.*", "", (MONITORING / file).read_text("utf-8"))
    used = re.findall(r"\b(st44_\w+)(?:\{([^}]*)\})?", text)
    assert len(used) >= 10
    for name, matchers in used:
        labels = set(re.findall(r"(\w+)=", matchers)) - {"job", "instance"}
        assert labels <= known[name], (name, labels)


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
