"""
A web server of its own process, started as a user would start it.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import httpx

from targets import until

EXAMPLES = Path(__file__).parents[1] / "examples"

UVICORN = ("uvicorn", "--factory", "--app-dir", str(EXAMPLES), "fastapi_app:create_app")
FLASK = ("flask", "--app", str(EXAMPLES / "flask_app.py"), "run")
GUNICORN = ("gunicorn", "--chdir", str(EXAMPLES), "flask_app:create_app()")

_ANY_PORT = {"gunicorn": ("--bind", "127.0.0.1:0")}
_ADDRESS = re.compile(r"(?:[Rr]unning on|Listening at:) (http://[\d.]+:\d+)")


@dataclass
class Served:
    """
    A server that runs: where, and what it has written.
    """

    process: subprocess.Popen[str]
    lines: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        """
        Its address, once it has said it.
        """
        found = until(lambda: self._address() or self._ended(), within=60)
        assert found is not True, f"it has ended:\n{self.log}"
        return str(found)

    def _address(self) -> str | None:
        found = _ADDRESS.search(self.log)
        return found[1] if found else None

    def _ended(self) -> bool:
        return self.process.poll() is not None

    @property
    def log(self) -> str:
        return "".join(self.lines)

    def get(self, path: str, accept: str = "*/*") -> httpx.Response:
        """
        Ask from outside, on a connection of one's own.
        """
        return httpx.get(f"{self.url}{path}", headers={"Accept": accept}, timeout=30)

    def status(self, path: str = "/health/ready") -> int:
        """
        Give the status of a path, 0 where nobody answers yet.
        """
        try:
            return self.get(path).status_code
        except httpx.TransportError:
            return 0


@contextmanager
def serving(command: tuple[str, ...], database: str) -> Iterator[Served]:
    """
    Run *command* on any free port, with *database* for DATABASE_URL.
    """
    environment = {
        **{name: value for name, value in os.environ.items() if not name.startswith("ST44_")},
        "DATABASE_URL": database,
        "PYTHONUNBUFFERED": "1",
    }
    process = subprocess.Popen(
        [sys.executable, "-m", *command, *_ANY_PORT.get(command[0], ("--port", "0"))],
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    served = Served(process)
    reading = threading.Thread(target=_read, args=(served,))
    reading.start()
    try:
        yield served
    finally:
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        reading.join()


def _read(served: Served) -> None:
    assert served.process.stdout is not None
    with served.process.stdout as stream:
        for line in stream:
            served.lines.append(line)
