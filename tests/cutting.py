"""
A proxy before PostgreSQL's socket that cuts a connection at a chosen moment.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import parse_qs, urlsplit

READY = b"Z\x00\x00\x00\x05"
"""How the server's ReadyForQuery begins: it has finished what was sent."""


@dataclass
class Proxy:
    """
    Args:
        marker: The message that contains these bytes is the fatal one.

        deliver: Whether it still reaches the server, which then answers in
            vain; else it is lost on the way.

        times: How many connections are to be cut.
    """

    server: str
    url: str
    marker: bytes
    deliver: bool
    times: int = 1
    cuts: int = 0
    refuse: bool = False
    _threads: list[threading.Thread] = field(default_factory=list)

    def serve(self, listener: socket.socket) -> None:
        """
        Accept connections until the listener is closed.
        """
        while True:
            try:
                client, _ = listener.accept()
            except OSError:
                return
            if self.refuse:
                client.close()
                continue
            thread = threading.Thread(target=self._carry, args=(client,), daemon=True)
            self._threads.append(thread)
            thread.start()

    def _carry(self, client: socket.socket) -> None:
        with client, socket.socket(socket.AF_UNIX) as server:
            server.connect(self.server)
            back = threading.Thread(target=_pump, args=(server, client), daemon=True)
            back.start()
            while data := _receive(client):
                if self.marker in data and self.cuts < self.times:
                    self.cuts += 1
                    if self.deliver:
                        self._deliver_in_vain(client, server, data)
                    break
                server.sendall(data)
            for end in (client, server):
                with suppress(OSError):
                    end.shutdown(socket.SHUT_RDWR)
            back.join(5)

    def _deliver_in_vain(self, client: socket.socket, server: socket.socket, data: bytes) -> None:
        """
        Cut the client off first; let the server finish, as one that died would.
        """
        with suppress(OSError):
            client.shutdown(socket.SHUT_RDWR)
        server.sendall(data)


def _pump(source: socket.socket, sink: socket.socket) -> None:
    while data := _receive(source):
        try:
            sink.sendall(data)
        except OSError:
            continue
    # Whoever says farewell may wait until the server has hung up.
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


def _receive(end: socket.socket) -> bytes:
    try:
        return end.recv(1 << 16)
    except OSError:
        return b""


@contextmanager
def cutting(url: str, marker: bytes, *, deliver: bool, times: int = 1) -> Iterator[Proxy]:
    """
    Put a proxy before the server of *url*, and give it with a URL that uses it.
    """
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    port = parts.port or 5432
    with TemporaryDirectory(prefix="st44-") as folder, socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(Path(folder) / ".s.PGSQL.5432"))
        listener.listen(16)
        through = parts._replace(
            netloc=f"{parts.username or 'postgres'}:@", query=f"host={folder}&sslmode=disable"
        ).geturl()
        proxy = Proxy(f"{host}/.s.PGSQL.{port}", through, marker, deliver, times)
        thread = threading.Thread(target=proxy.serve, args=(listener,), daemon=True)
        thread.start()
        try:
            yield proxy
        finally:
            with suppress(OSError):
                listener.shutdown(socket.SHUT_RDWR)
            listener.close()
            thread.join(5)
