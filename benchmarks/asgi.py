"""
What a cached answer costs through ASGI, without a framework and in one process.

A probe looks once at a database in which a folder of files is applied; from then
on its answer is kept.  Requests are sent to `HealthASGI` one after the other, in
an event loop, as a server would send them; the network is left out.  The table
has answers a second of one core, for folders of several sizes and each form.
The line "bare" is an ASGI application that sends two constants: what the loop
itself takes.

    python benchmarks/asgi.py
    python benchmarks/asgi.py --seconds 5 --files 8 300
"""

from __future__ import annotations

import argparse
import asyncio
import tempfile
from collections.abc import Awaitable, Callable, MutableMapping
from dataclasses import dataclass
from pathlib import Path
from time import process_time
from typing import Any

from st44_migrate import Memory, migrate
from st44_migrate.health import AsyncHealthProbe
from st44_migrate.web.asgi import HealthASGI

FORMS = {
    "alive": ("/health", "*/*"),
    "document": ("/health/database", "*/*"),
    "health+json": ("/health/database", "application/health+json"),
    "text": ("/health/database", "text/plain"),
    "metrics": ("/health/metrics", "application/openmetrics-text"),
    "page": ("/health/database", "text/html"),
}

Message = MutableMapping[str, Any]
Application = Callable[..., Awaitable[None]]


@dataclass(frozen=True)
class Row:
    """
    A line of the table.  *seconds* is CPU time of this process.
    """

    files: int
    form: str
    size: int
    answers: int
    seconds: float


async def bare(scope: Message, receive: object, send: Callable[..., Awaitable[None]]) -> None:
    del scope, receive
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b"{}"})


async def measure(app: Application, files: int, form: str, seconds: float) -> Row:
    """
    Ask for one form again and again, for some seconds of CPU time.
    """
    path, accept = FORMS.get(form, ("/", "*/*"))
    scope = {
        "type": "http",
        "method": "GET",
        "path": path,
        "headers": [(b"host", b"shop"), (b"user-agent", b"probe"), (b"accept", accept.encode())],
    }
    sent: list[Message] = []

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        sent.append(message)

    await app(scope, receive, send)
    assert sent[0]["status"] == 200
    size, answers, began = len(sent[1]["body"]), 0, process_time()
    while process_time() - began < seconds:
        for _ in range(100):
            await app(scope, receive, send)
        answers += 100
        sent.clear()
    return Row(files, form, size, answers, process_time() - began)


async def measure_all(room: Path, files: int, seconds: float) -> list[Row]:
    """
    Apply a folder of so many files, look once, and measure every form.
    """
    folder = Memory(
        {f"{n:04}_create_t{n}.sql": f"CREATE TABLE t{n} (id int);" for n in range(files)}
    )
    url = f"sqlite:///{room / f'{files}.db'}"
    migrate(url, folder)
    async with AsyncHealthProbe(url, folder, tables=["t0", "t1"], ttl=3600) as probe:
        assert (await probe.check()).status == "healthy"
        app = HealthASGI(probe)
        return [await measure(app, files, form, seconds) for form in FORMS]


def table(rows: list[Row]) -> str:
    """
    Write the table.
    """
    lines = [("files", "form", "bytes", "answers/s", "us each")] + [
        (
            str(row.files or "-"),
            row.form,
            str(row.size),
            f"{row.answers / row.seconds:,.0f}",
            f"{row.seconds / row.answers * 1e6:.1f}",
        )
        for row in rows
    ]
    widths = [max(len(line[at]) for line in lines) for at in range(len(lines[0]))]
    return "\n".join(
        "  ".join(
            text.ljust(width) if at == 1 else text.rjust(width)
            for at, (text, width) in enumerate(zip(line, widths, strict=True))
        ).rstrip()
        for line in lines
    )


async def run(files: list[int], seconds: float) -> list[Row]:
    rows = [await measure(bare, 0, "bare", seconds)]
    with tempfile.TemporaryDirectory() as room:
        for number in files:
            rows += await measure_all(Path(room), number, seconds)
    return rows


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.strip().splitlines()[0])
    parser.add_argument("--files", type=int, nargs="+", default=[8, 100], help="sizes of folders")
    parser.add_argument("--seconds", type=float, default=1.0, help="for each line (default: 1)")
    options = parser.parse_args()
    print(table(asyncio.run(run(options.files, options.seconds))))


if __name__ == "__main__":
    main()
