"""
What a Dockerfile makes of a folder, as far as it can be had without Docker.

Its COPY lines are done, its ENV, WORKDIR, HEALTHCHECK and CMD are read.  Its RUN
lines are not run: here, what they install is what the tests run in.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import IO

from targets import until

__all__ = ["Image", "build", "end", "load"]

NOT_TRIED = {"FROM", "RUN", "USER", "EXPOSE"}


@dataclass(frozen=True)
class Image:
    """
    Where its files are, and how it is started.
    """

    root: str
    workdir: str
    environment: Mapping[str, str]
    command: Sequence[str]
    health: Sequence[str]

    def start(
        self,
        command: Sequence[str],
        environment: Mapping[str, str],
        output: IO[bytes] | int | None = None,
    ) -> subprocess.Popen[bytes]:
        """
        Start *command* in the image, where it sees the network of this machine.
        """
        here = Path(sys.executable).parent
        return subprocess.Popen(
            list(command),
            cwd=f"{self.root}{self.workdir}",
            env={
                "PATH": f"{here}{os.pathsep}/usr/bin{os.pathsep}/bin",
                **{name: os.environ[name] for name in ("PYTHONPATH",) if name in os.environ},
                **self.environment,
                **environment,
                "UVICORN_HOST": "127.0.0.1",
            },
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT if output else None,
            start_new_session=True,
        )

    def run(self, command: Sequence[str], environment: Mapping[str, str]) -> int:
        return self.start(command, environment).wait()


def build(dockerfile: Path, context: Path, root: Path) -> Image:
    """
    Lay out *root* as the last stage of a Dockerfile would.
    """
    text = re.sub(r"^\s*#.*\n", "", dockerfile.read_text("utf-8"), flags=re.MULTILINE)
    workdir, found = "/", {"CMD": "[]", "HEALTHCHECK": "CMD []"}
    environment: dict[str, str] = {}
    for line in re.sub(r"\\\n\s*", "", text).splitlines():
        word, _, rest = line.partition(" ")
        match word:
            case "WORKDIR":
                workdir = rest
                (root / rest.lstrip("/")).mkdir(parents=True)
            case "COPY":
                copy(context, rest.split(), root / workdir.lstrip("/"))
            case "ENV":
                environment |= dict(pair.split("=", 1) for pair in rest.split())
            case "CMD" | "HEALTHCHECK":
                found[word] = rest
            case _:
                assert not word or word in NOT_TRIED, f"{word}: not understood here"
    health = json.loads(found["HEALTHCHECK"].partition("CMD ")[2])
    image = Image(str(root), workdir, environment, json.loads(found["CMD"]), health)
    root.with_suffix(".json").write_text(json.dumps(asdict(image)), "utf-8")
    return image


def copy(context: Path, words: Sequence[str], workdir: Path) -> None:
    source, target = words
    if (context / source).is_dir():
        shutil.copytree(context / source, workdir / target)
    else:
        shutil.copy(context / source, workdir / target)


def load(root: Path) -> Image:
    """
    Find an image that was built before.
    """
    return Image(**json.loads(root.with_suffix(".json").read_text("utf-8")))


def end(pid: Path) -> None:
    """
    End the process whose number is in a file, if there is one, and wait for its end.
    """
    if not pid.exists():
        return
    number = int(pid.read_text("utf-8"))
    pid.unlink()
    with suppress(ProcessLookupError, FileNotFoundError):
        os.kill(number, signal.SIGTERM)
        until(lambda: state(number) == "Z", within=30)


def state(number: int) -> str:
    """
    Read a process's state; nobody may have waited for one that has ended.
    """
    return Path(f"/proc/{number}/stat").read_text("utf-8").rpartition(")")[2].split()[0]
