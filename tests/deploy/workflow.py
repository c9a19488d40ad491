"""
Runs the steps of a GitHub Actions workflow here, in order, as a runner would.

Each ``run`` goes to bash with the options that the runner gives it, in a workspace
and a ``RUNNER_TEMP`` of the job's own.  Of actions, only checkout is known.
"""

from __future__ import annotations

import re
import shutil
import subprocess
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

__all__ = ["Runner", "Step"]

SHELLS = {"bash": ("bash", "--noprofile", "--norc", "-eo", "pipefail", "-c")}


@dataclass(frozen=True)
class Step:
    """
    A step that has run: what it said, and the code that it ended with.
    """

    job: str
    name: str
    code: int
    said: str


@dataclass
class Runner:
    """
    Args:
        words: What expressions stand for: ``"secrets.DEPLOY_KEY"``, ``"github.sha"``.

        repository: What checkout gives.

        environment: Of the runner's machine.

        room: Where the jobs work.
    """

    words: Mapping[str, str]
    repository: Path
    environment: Mapping[str, str]
    room: Path
    ran: list[Step] = field(default_factory=list)

    def run(self, workflow: Path) -> Sequence[Step]:
        """
        Run every job whose turn comes, and return the steps that were run.
        """
        document = self.filled(yaml.safe_load(workflow.read_text("utf-8")))
        shell = SHELLS[document["defaults"]["run"]["shell"]]
        ended: dict[str, bool] = {}
        for name, job in document["jobs"].items():
            needs = [job["needs"]] if isinstance(job.get("needs"), str) else job.get("needs", [])
            failed = not all(ended.get(other, False) for other in needs)
            # A job that was left out has not succeeded; nor has it failed.
            broken = any(ended.get(other) is False for other in needs)
            if broken if job.get("if") == "failure()" else not failed:
                ended[name] = self.job(name, job, shell, document.get("env", {}))
        return self.ran

    def filled(self, value: Any) -> Any:
        """
        Put in what expressions stand for, wherever in a document.
        """
        match value:
            case str():
                return re.sub(r"\$\{\{ ([\w.]+) \}\}", lambda found: self.words[found[1]], value)
            case list():
                return [self.filled(item) for item in value]
            case dict():
                return {key: self.filled(item) for key, item in value.items()}
            case _:
                return value

    def job(self, name: str, job: Any, shell: Sequence[str], env: Mapping[str, str]) -> bool:
        temporary = self.room / f"{name}-temp"
        workspace = self.room / f"{name}-work"
        for folder in (temporary, workspace):
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
        for step in job["steps"]:
            if "uses" in step:
                assert step["uses"].startswith("actions/checkout@")
                shutil.copytree(self.repository, workspace, dirs_exist_ok=True)
                continue
            done = subprocess.run(
                [*shell, step["run"]],
                check=False,
                cwd=workspace,
                env={
                    **self.environment,
                    "RUNNER_TEMP": str(temporary),
                    "GITHUB_ACTIONS": "true",
                    **env,
                    **step.get("env", {}),
                },
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                text=True,
            )
            self.ran.append(Step(name, step["name"], done.returncode, done.stdout))
            if done.returncode:
                return False
        return True
