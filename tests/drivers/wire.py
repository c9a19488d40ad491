"""
A server that says one thing: for what a real PostgreSQL cannot be made to say.

It speaks the first words of the wire protocol: it declines encryption, reads
the startup packet, sends its answer and hangs up.  It is a process of its own,
since libpq's ping keeps this interpreter from running while it waits.
"""

from __future__ import annotations

import socket
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

ENCRYPTION_REQUESTS = {80877103, 80877104}


def refusal(code: str, message: str) -> bytes:
    """
    Make the ErrorResponse of a server that refuses a session.
    """
    fields = [b"SFATAL", b"VFATAL", b"C" + code.encode(), b"M" + message.encode(), b""]
    return _packet(b"E", b"\0".join(fields) + b"\0")


def greeting(version: str) -> bytes:
    """
    Make the greeting of a server of that version, ready for a query.
    """
    return (
        _packet(b"R", struct.pack("!i", 0))
        + _packet(b"S", b"server_version\0" + version.encode() + b"\0")
        + _packet(b"S", b"client_encoding\0UTF8\0")
        + _packet(b"K", struct.pack("!ii", 4711, 42))
        + _packet(b"Z", b"I")
    )


def _packet(kind: bytes, body: bytes) -> bytes:
    return kind + struct.pack("!i", len(body) + 4) + body


@contextmanager
def answering(answer: bytes | None) -> Iterator[str]:
    """
    Serve *answer* to everybody, or silence for None; give the URL.
    """
    what = "silence" if answer is None else answer.hex()
    command = [sys.executable, "-I", "-S", __file__, what]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        try:
            yield f"postgresql://app:S3CR3T@127.0.0.1:{int(server.stdout.readline())}/shop"
        finally:
            server.kill()


def _serve(listener: socket.socket, answer: bytes | None) -> None:
    silenced = []
    while True:
        client, _ = listener.accept()
        if answer is None:
            silenced.append(client)
            continue
        with client, suppress(OSError):
            while (code := _startup(client)) in ENCRYPTION_REQUESTS:
                client.sendall(b"N")
            if code:
                client.sendall(answer)
                client.shutdown(socket.SHUT_WR)
                client.recv(1)


def _startup(client: socket.socket) -> int:
    head = client.recv(8, socket.MSG_WAITALL)
    if len(head) < 8:
        return 0
    size, code = struct.unpack("!ii", head)
    client.recv(size - 8, socket.MSG_WAITALL)
    return int(code)


if __name__ == "__main__":
    said = None if sys.argv[1] == "silence" else bytes.fromhex(sys.argv[1])
    with socket.create_server(("127.0.0.1", 0)) as bound:
        print(bound.getsockname()[1], flush=True)
        _serve(bound, said)
