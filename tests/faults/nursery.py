"""
Forks runners that are there to be killed: a new one costs milliseconds.

``python -m faults.nursery`` reads one order from each line of stdin, the JSON of
`Order`, and forks as many runners as it asks for; all of them begin when the last
one is there.  On stdout each says what it does, behind its process id: "event"
and a name, then "report" and what it applied, or "failed".  When all have ended
the nursery says "0 over".
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from runs.wrapped import Hook, Window
from st44_migrate import MigrateError
from st44_migrate.events import Event
from targets import SQLITE, Target

Line = tuple[int, str, str]
"""A process id, a word, and what belongs to it."""


@dataclass(frozen=True)
class Order:
    """
    Args:
        kinds: One driver for each runner.

        moment: "before" or "after" the exchange in which a runner kills itself.

        exchange: Which one, from 1; 0 lets it live.
    """

    url: str
    folder: str
    kinds: tuple[str, ...] = SQLITE[:1]
    moment: str = "before"
    exchange: int = 0


@dataclass(frozen=True)
class Nursery:
    process: subprocess.Popen[str]

    def begin(self, order: Order) -> Iterator[Line]:
        """
        Give the order, and list what the runners say until all have ended.
        """
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(json.dumps(asdict(order)) + "\n")
        self.process.stdin.flush()
        for line in self.process.stdout:
            pid, word, rest = line.rstrip("\n").split(" ", 2)
            if word == "over":
                return
            yield int(pid), word, rest
        raise AssertionError("the nursery is gone")


@contextmanager
def nursery() -> Iterator[Nursery]:
    """
    Start a nursery; at the end it is gone.
    """
    with subprocess.Popen(
        [sys.executable, "-m", "faults.nursery"],
        env={**os.environ, "PYTHONPATH": str(Path(__file__).parents[1])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield Nursery(process)
        finally:
            process.kill()


# --- inside -------------------------------------------------------------------


def main() -> None:
    ended: list[int] = []
    for line in sys.stdin:
        for runner in ended:
            os.waitpid(runner, 0)
        order = Order(**json.loads(line))
        gate, opener = os.pipe()
        runners = [os.fork() or grow(order, kind, gate, opener) for kind in order.kinds]
        os.close(gate)
        os.close(opener)
        for runner in runners:
            # It stays a zombie, so that who kills it late kills nobody else.
            os.waitid(os.P_PID, runner, os.WEXITED | os.WNOWAIT)
        os.write(1, b"0 over \n")
        ended = runners


def grow(order: Order, kind: str, gate: int, opener: int) -> int:
    """
    Be the runner: wait until the nursery opens the gate, and never return.
    """
    os.close(opener)
    os.read(gate, 1)
    try:
        say("report", run(order, Target(kind, order.url)))
    except MigrateError as error:
        say("failed", str(error).replace("\n", " / "))
    finally:
        os._exit(0)


def run(order: Order, target: Target) -> str:
    hook = suicide(order.exchange)
    window = Window(before=hook) if order.moment == "before" else Window(after=hook)
    report = target.apply(order.folder, database=window.on(target), observer=told)
    return json.dumps([done.label for done in report.applied])


def suicide(exchange: int) -> Hook:
    calls = 0

    def hook(text: str) -> None:
        nonlocal calls
        calls += 1
        if calls == exchange:
            os.kill(os.getpid(), signal.SIGKILL)

    return hook


def told(event: Event) -> None:
    say("event", type(event).__name__)


def say(word: str, rest: str) -> None:
    os.write(1, f"{os.getpid()} {word} {rest}\n".encode())


if __name__ == "__main__":
    main()
