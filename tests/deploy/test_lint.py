"""
What the linters of their own worlds say of the kit's files: nothing.

kubeconform, hadolint's kin for Docker's engine, and ``docker compose config`` are not
to be had from a package index.  The manifests are held against the same schemas of
the Kubernetes API, compose.yaml against the Compose Specification's.
"""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

KIT = Path(__file__).parents[2] / "examples/deploy"
HERE = Path(sys.executable).parent

LINTERS = {
    "the workflow, by actionlint": ("actionlint", "github/deploy.yml"),
    "the workflow, by zizmor": (
        *("zizmor", "--offline", "--no-config", "--persona=pedantic", "--quiet"),
        "github/deploy.yml",
    ),
    "the workflow, by GitHub's schema": (
        *("check-jsonschema", "--builtin-schema=vendor.github-workflows"),
        "github/deploy.yml",
    ),
    "compose.yaml, by its schema": (
        *("check-jsonschema", "--builtin-schema=vendor.compose-spec"),
        "compose.yaml",
    ),
    "the Dockerfile, by hadolint": ("hadolint", "Dockerfile"),
    "the manifests, by the schemas of Kubernetes": (
        *("kubernetes-validate", "--strict", "--quiet"),
        *("kubernetes/migrate.yaml", "kubernetes/app.yaml"),
    ),
    "the script, by shellcheck": ("shellcheck", "ssh/deploy.sh"),
}


def lint(program: str, *args: str, folder: Path = KIT) -> subprocess.CompletedProcess[str]:
    """
    Run a linter, where shellcheck is at hand for those that ask it.
    """
    path = f"{HERE}{os.pathsep}{os.environ['PATH']}"
    if shutil.which(program, path=path) is None:
        pytest.skip(f"{program} is not installed: nobody has looked at {args[-1]} with it")
    return subprocess.run(
        [program, *args],
        check=False,
        cwd=folder,
        env={**os.environ, "PATH": path, "NO_COLOR": "1"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.parametrize("command", LINTERS.values(), ids=LINTERS)
def test_there_is_nothing_to_say(command: tuple[str, ...]) -> None:
    done = lint(*command)
    assert done.returncode == 0, done.stdout


# What each is here for, and a line that it has to see.
MISTAKES = {
    "actionlint": ("needs: build", "needs: biuld"),
    "zizmor": ("checkout@08c6903cd8c0fde910a37f88322edcfb5dd907a8", "checkout@v5"),
    "GitHub's": ("timeout-minutes: 30", "timeout_minutes: 30"),
    "compose": ("condition: service_healthy", "condition: healthy"),
    "hadolint": ("pip install --no-cache-dir", "pip install"),
    "Kubernetes": ("backoffLimit: 3", "backofLimit: 3"),
    "shellcheck": ("cd $(printf", "cd $unquoted; $(printf"),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_they_would_say_something(name: str, tmp_path: Path) -> None:
    """Each linter sees a mistake that is put into its file: it has read it."""
    ((_, command),) = [item for item in LINTERS.items() if name in item[0]]
    right, wrong = MISTAKES[name]
    shutil.copytree(KIT, tmp_path / "kit")
    changed = 0
    for file in (word for word in command if (KIT / word).is_file()):
        path = tmp_path / "kit" / file
        text, here = re.subn(re.escape(right), lambda _: wrong, path.read_text("utf-8"))
        path.write_text(text, "utf-8")
        changed += here
    assert changed, "the mistake was not put in"
    done = lint(*command, folder=tmp_path / "kit")
    assert done.returncode != 0, done.stdout
