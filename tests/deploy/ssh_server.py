"""
A server that takes ssh, on loopback, for one user with one key.

What it is asked to run is run by this machine's ``/bin/sh``, in the folder that is
the user's home, as sshd does.  It is a process of its own: so is sshd.
"""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

import asyncssh

__all__ = ["SshServer", "ssh_server"]

TESTS = Path(__file__).parents[1]


@dataclass(frozen=True)
class SshServer:
    """
    Where it is, and what a client needs.
    """

    port: int
    key: str
    host_key: str

    @property
    def known_host(self) -> str:
        """
        The line for ``known_hosts``.
        """
        return f"[127.0.0.1]:{self.port} {self.host_key}"


@contextmanager
def ssh_server(home: Path, environment: Mapping[str, str]) -> Iterator[SshServer]:
    """
    Run a server for the time of the block; what it runs has *environment*.
    """
    # Its own way to our tests is not that of what it runs.
    start = f"import sys; sys.path.insert(0, {str(TESTS)!r}); from deploy import ssh_server as s"
    with subprocess.Popen(
        [sys.executable, "-c", f"{start}; s.main()"],
        cwd=home,
        env=environment,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        try:
            yield SshServer(**json.loads(process.stdout.readline()))
        finally:
            process.terminate()


async def serve(process: asyncssh.SSHServerProcess[bytes]) -> None:
    """
    Run one command, connected with the client, and say how it ended.
    """
    child = await asyncio.create_subprocess_exec(
        *("/bin/sh", "-c", process.command or "exit 1"),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    await process.redirect(stdin=child.stdin, stdout=child.stdout, stderr=child.stderr)
    code = await child.wait()
    await process.stdout.drain()
    process.exit(code)


async def listen() -> None:
    own, users = (asyncssh.generate_private_key("ssh-ed25519") for _ in range(2))
    listening = await asyncssh.listen(
        "127.0.0.1",
        0,
        server_host_keys=[own],
        authorized_client_keys=asyncssh.import_authorized_keys(users.export_public_key().decode()),
        process_factory=serve,
        encoding=None,
    )
    found = SshServer(
        listening.get_port(),
        users.export_private_key().decode(),
        own.export_public_key().decode().strip(),
    )
    print(json.dumps(asdict(found)), flush=True)
    # What it runs writes to its own pipes, and nothing to ours.
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
    await listening.wait_closed()


def main() -> None:
    asyncio.run(listen())
