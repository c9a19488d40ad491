"""
The units: read by systemd itself, and their commands run in the order that they name.

Not tried: systemd as the first process of a machine, and the user that it changes to.
"""

from __future__ import annotations

import configparser
import os
import shlex
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

import pytest

from deploy.conftest import plain_environment
from observe.receiver import receiver

UNITS = ("household-migrate.service", "household.service", "household-alert.service")
PROGRAMS = ("st44-migrate", "uvicorn")


@pytest.fixture
def units(project: Path, tmp_path: Path) -> Path:
    """
    Give the units, for a machine whose ``/srv`` and ``/etc`` are in a folder.
    """
    current, programs = tmp_path / "srv/household/current", tmp_path / "srv/household/venv/bin"
    (tmp_path / "etc").mkdir()
    (tmp_path / "units").mkdir()
    shutil.copytree(project / "household", current / "household")
    shutil.copy(project / "fastapi_app.py", current)
    programs.mkdir(parents=True)
    for name in PROGRAMS:
        (programs / name).symlink_to(Path(sys.executable).with_name(name))
    for name in UNITS:
        text = (project / "deploy/systemd" / name).read_text("utf-8")
        for folder in ("/srv", "/etc"):
            text = text.replace(f"{folder}/household", f"{tmp_path}{folder}/household")
        (tmp_path / "units" / name).write_text(text, "utf-8")
    return tmp_path / "units"


def test_systemd_has_nothing_to_say(units: Path) -> None:
    """Every setting is known, every program is there, each unit finds the others."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("systemd is not installed: the units were not read by it")
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *(str(units / name) for name in UNITS)],
        check=False,
        env={**os.environ, "SYSTEMD_UNIT_PATH": f"{units}:"},
        capture_output=True,
        text=True,
    )
    ours = [line for line in done.stderr.splitlines() if "household" in line]
    assert (ours, done.returncode) == ([], 0), done.stderr


class Unit:
    """
    What one unit says.
    """

    def __init__(self, path: Path) -> None:
        self._parser = configparser.RawConfigParser(strict=False)
        self._parser.optionxform = str  # type: ignore[assignment,method-assign]
        self._parser.read(path)

    def __getitem__(self, name: str) -> str:
        section = next(part for part in self._parser.values() if name in part)
        return section[name]

    def run(self, words: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
        """
        Run its command with the words of its environment file.
        """
        file = Path(self["EnvironmentFile"])
        file.write_text("".join(f"{name}={value}\n" for name, value in words.items()))
        command = [self._filled(word, words) for word in shlex.split(self["ExecStart"])]
        folder = self._parser["Service"].get("WorkingDirectory", "/")
        return subprocess.run(
            command,
            check=False,
            cwd=folder,
            env={**plain_environment(file.parent), **words},
            capture_output=True,
            text=True,
        )

    def _filled(self, word: str, words: Mapping[str, str]) -> str:
        for name, value in words.items():
            word = word.replace(f"${{{name}}}", value)
        return word.replace("%H", "a-host")


def test_the_application_waits_for_the_step_that_migrates(units: Path) -> None:
    """It is required, and comes first; both tell somebody if they fail."""
    step, app, alert = UNITS
    assert (Unit(units / app)["Requires"], Unit(units / app)["After"]) == (step, step)
    assert {Unit(units / name)["OnFailure"] for name in (step, app)} == {alert}
    assert Unit(units / step)["Type"] == "oneshot"


def test_the_step_migrates(units: Path, pg_url: str) -> None:
    """Twice, since it is run at each start: the second time there is nothing to do."""
    step = Unit(units / UNITS[0])
    first, second = (step.run({"DATABASE_URL": pg_url}) for _ in range(2))
    assert (first.returncode, second.returncode) == (0, 0), first.stderr
    assert "applied 8, skipped 0" in first.stdout
    assert "8 applied already" in second.stdout


def test_a_failure_is_told(units: Path) -> None:
    """The message reaches whoever takes it, as Slack does."""
    alert = Unit(units / UNITS[2])
    if not Path(shlex.split(alert["ExecStart"])[0]).exists():
        pytest.skip("curl is not installed: the alert was not tried")
    with receiver() as told:
        done = alert.run({"ALERT_WEBHOOK": f"{told.url}/hook"})
        assert done.returncode == 0, done.stderr
        assert told.bodies == [
            {"text": "household does not start on a-host: journalctl -u household-migrate"}
        ]
