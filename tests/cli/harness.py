"""
The command on a project of its own: a folder of migrations and a SQLite database.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from st44_migrate.cli import main

__all__ = ["SETTINGS", "Outcome", "Project"]

SETTINGS = (
    "ST44_DATABASE_URL",
    "ST44_MIGRATIONS",
    "ST44_LAYOUT",
    "DATABASE_URL",
    "DB_",
    "GITHUB_ACTIONS",
    "NO_COLOR",
    "TERM",
    "COLUMNS",
)


@dataclass(frozen=True)
class Outcome:
    """
    What a command left: its exit code and its words.
    """

    code: int
    out: str
    err: str

    @property
    def document(self) -> Any:
        """
        The one document on stdout; an error if there is anything else.
        """
        return json.loads(self.out)


@dataclass(frozen=True)
class Project:
    """
    A folder with ``migrations/`` in it, and a database beside it.
    """

    root: Path
    capsys: pytest.CaptureFixture[str]
    monkeypatch: pytest.MonkeyPatch

    url = "sqlite:///app.db"

    def write(self, name: str, sql: str) -> Path:
        """
        Write a file of the folder.
        """
        path = self.root / "migrations" / name
        path.parent.mkdir(exist_ok=True)
        path.write_text(sql, encoding="utf-8", newline="")
        return path

    def run(self, *args: str, **environ: str) -> Outcome:
        """
        Run the command in this process, without a database but what *args* and
        *environ* name.
        """
        with self.monkeypatch.context() as patch:
            for name, value in environ.items():
                patch.setenv(name, value)
            code = main(args)
        out, err = self.capsys.readouterr()
        return Outcome(code, out, err)

    def on(self, *args: str) -> Outcome:
        """
        Run the command on the project's database.
        """
        return self.run(*args, "--url", self.url)

    def spawn(self, *args: str, **environ: str) -> Outcome:
        """
        Run the command as a process of its own, warnings being errors.
        """
        done = subprocess.run(
            [sys.executable, "-W", "error", "-m", "st44_migrate", *args],
            cwd=self.root,
            env={**os.environ, **environ},
            capture_output=True,
            text=True,
            encoding="utf-8",
            check=False,
        )
        return Outcome(done.returncode, done.stdout, done.stderr)

    @contextmanager
    def start(self, *args: str) -> Iterator[subprocess.Popen[str]]:
        """
        Start the command and leave it running; it is gone at the end.
        """
        with subprocess.Popen(
            [sys.executable, "-m", "st44_migrate", *args],
            cwd=self.root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process:
            try:
                yield process
            finally:
                process.kill()
