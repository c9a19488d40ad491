"""
A TCP proxy that counts round trips, and can make each of them longer.

A round trip is over when the server speaks after the client has; a farewell, which
nobody answers, is none.
"""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from urllib.parse import parse_qs, urlsplit

__all__ = ["Proxy", "proxy"]

_CHUNK = 1 << 16


class Proxy:
    """
    A proxy that runs.  *trips* may be set back to 0 between two runs.
    """

    def __init__(self, target: str, delay: float) -> None:
        self.trips = 0
        self.port = 0
        self._target = target
        self._one_way = delay / 2
        self._ends: list[asyncio.StreamWriter] = []

    def url(self, target: str) -> str:
        """
        Give the URL of *target*, a database of the same server, through the proxy.
        """
        parts = urlsplit(target)
        user = f"{parts.username or 'postgres'}:{parts.password or ''}@"
        return f"postgresql://{user}127.0.0.1:{self.port}{parts.path}"

    async def serve(self, ready: threading.Event) -> None:
        """
        Serve until `stop` is called.
        """
        self._loop, self._stopped = asyncio.get_running_loop(), asyncio.Event()
        server = await asyncio.start_server(self._meet, "127.0.0.1", 0)
        self.port = server.sockets[0].getsockname()[1]
        ready.set()
        async with server:
            await self._stopped.wait()
            # What is still on its way is nobody's any more.
            for end in self._ends:
                end.close()
            closed = (end.wait_closed() for end in self._ends)
            await asyncio.gather(*closed, return_exceptions=True)

    def stop(self) -> None:
        """
        End what `serve` does, from another thread.
        """
        self._loop.call_soon_threadsafe(self._stopped.set)

    async def _meet(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        answers, questions = await self._open()
        self._ends += (writer, questions)
        speaker = [""]
        await asyncio.gather(
            self._carry("client", reader, questions, speaker),
            self._carry("server", answers, writer, speaker),
        )

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        parts = urlsplit(self._target)
        host = parse_qs(parts.query).get("host", [parts.hostname or "127.0.0.1"])[0]
        port = parts.port or 5432
        if host.startswith("/"):
            return await asyncio.open_unix_connection(f"{host}/.s.PGSQL.{port}")
        return await asyncio.open_connection(host, port)

    async def _carry(
        self,
        who: str,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        speaker: list[str],
    ) -> None:
        loop = asyncio.get_running_loop()
        try:
            while chunk := await reader.read(_CHUNK):
                if who == "server" and speaker[0] == "client":
                    self.trips += 1
                speaker[0] = who
                if self._one_way:
                    # On the way beside each other, as on a long line.
                    loop.call_later(self._one_way, writer.write, chunk)
                else:
                    writer.write(chunk)
        except ConnectionError:
            pass
        finally:
            loop.call_later(self._one_way + 0.01, writer.close)


@contextmanager
def proxy(target: str, delay: float = 0.0) -> Iterator[Proxy]:
    """
    Run a proxy in front of the server of *target*, in a thread, for the time of the
    block; *delay* is what it adds to each round trip, in seconds.
    """
    made, ready = Proxy(target, delay), threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(made.serve(ready)), name="proxy")
    thread.start()
    ready.wait()
    try:
        yield made
    finally:
        made.stop()
        thread.join()
