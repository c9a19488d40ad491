"""
The other side of a webhook: a real HTTP server on this machine that answers as told.
"""

from __future__ import annotations

import json
import threading
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

HANG_UP = "hang up"
NO_HTTP = "no HTTP"


@dataclass
class Receiver:
    """
    Takes requests and keeps them.  *answers* come first, then 200 for ever; an
    answer is a status, a status with headers, `HANG_UP` or `NO_HTTP`.

    While *gate* is closed nothing is answered.
    """

    url: str = ""
    answers: list[Any] = field(default_factory=list)
    requests: list[tuple[str, str, dict[str, str], bytes]] = field(default_factory=list)
    gate: threading.Event = field(default_factory=threading.Event)

    @property
    def bodies(self) -> list[Any]:
        return [json.loads(body) for _, _, _, body in self.requests]

    def next(self) -> tuple[Any, dict[str, str]]:
        answer = self.answers.pop(0) if self.answers else 200
        return answer if isinstance(answer, tuple) else (answer, {})


@contextmanager
def receiver(*answers: Any) -> Generator[Receiver]:
    """
    Run a server that gives *answers*, one to each request.
    """
    kept = Receiver(answers=list(answers))
    kept.gate.set()

    class Handler(BaseHTTPRequestHandler):
        def answer(self) -> None:
            body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
            kept.requests.append((self.command, self.path, dict(self.headers), body))
            kept.gate.wait(30)
            status, headers = kept.next()
            if status == NO_HTTP:
                self.wfile.write(b"SSH-2.0-OpenSSH_9.2\r\n")
            elif status != HANG_UP:
                self.send_response(status)
                for name, value in headers.items():
                    self.send_header(name, value)
                self.end_headers()
            self.close_connection = True

        do_GET = do_POST = answer  # noqa: N815 - the names are http.server's

        def log_message(self, *args: Any) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    kept.url = f"http://127.0.0.1:{server.server_address[1]}/services/T0/S3CR3T-TOKEN"
    serving = threading.Thread(target=server.serve_forever, args=(0.01,))
    serving.start()
    try:
        yield kept
    finally:
        kept.gate.set()
        server.shutdown()
        serving.join()
        server.server_close()
