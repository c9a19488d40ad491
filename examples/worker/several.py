"""
Several workers at once, each a process of its own.

    DATABASE_URL=postgresql://... python examples/worker/several.py 4

None of them is the one that migrates: each does, and the database lets one at a
time.  So this works as well where nobody starts them together, on four machines.
If one of them ends, for whatever reason, the others are stopped, and this ends with
the code of that one.
"""

from __future__ import annotations

import asyncio
import signal
import sys
from asyncio.subprocess import Process
from pathlib import Path

WORKER = Path(__file__).with_name("worker.py")


async def run(count: int) -> int:
    workers = [
        await asyncio.create_subprocess_exec(sys.executable, str(WORKER)) for _ in range(count)
    ]
    ends = [asyncio.create_task(worker.wait()) for worker in workers]
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop, workers)
    first, _ = await asyncio.wait(ends, return_when=asyncio.FIRST_COMPLETED)
    stop(workers)
    await asyncio.wait(ends)
    return max(end.result() for end in first)


def stop(workers: list[Process]) -> None:
    for worker in workers:
        if worker.returncode is None:
            worker.terminate()


if __name__ == "__main__":
    sys.exit(asyncio.run(run(int(sys.argv[1]) if len(sys.argv) > 1 else 2)))
