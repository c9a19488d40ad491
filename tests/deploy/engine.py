"""
Stands in for Docker where there is none: a program that is called ``docker``.

It knows what the kit in `examples/deploy` asks of it, and refuses all else.  A
container is a process on this machine in the folder of its image; the database's is
the server that the test has started.  What depends on what, which image, command and
environment, is read from compose.yaml.

``ENGINE`` is its folder: the images, who was pushed, a log of what was asked.
"""

from __future__ import annotations

import os
import re
import sys
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from deploy.images import Image, build, end, load

ENGINE = Path(os.environ["ENGINE"])
OURS = re.compile(r"ghcr\.io/")


def main(*words: str) -> int:
    with (ENGINE / "asked").open("a") as log:
        print(*words, file=log)
    match words:
        case ["build", "--file", file, "--tag", tag, context]:
            build(Path(file), Path(context), at(tag))
        case ["run", "--rm", tag, *command]:
            return load(at(tag)).run(command, {})
        case ["login", registry, "--username", _, "--password-stdin"]:
            (ENGINE / "login").write_text(f"{registry} {sys.stdin.read().strip()}")
        case ["push", tag]:
            assert at(tag).is_dir(), f"{tag} was not built"
            at(tag).with_suffix(".pushed").touch()
        case ["compose", *rest]:
            return Project(Path.cwd()).do(rest)
        case _:
            raise SystemExit(f"docker: not known here: {words}")
    return 0


def at(tag: str) -> Path:
    return ENGINE / re.sub(r"\W", "-", tag)


class Project:
    """
    A folder with a compose.yaml, and a .env that it takes words from.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        text = (folder / "compose.yaml").read_text("utf-8")
        self.services: dict[str, Any] = yaml.safe_load(self.filled(text))["services"]

    def filled(self, text: str) -> str:
        words = env_file(self.folder / ".env")
        filled = re.sub(r"\$\{(\w+):\?[^}]*\}", lambda found: words[found[1]], text)
        return filled.replace("$$", "$")

    def do(self, words: Sequence[str]) -> int:
        match words:
            case ["pull"]:
                for service in self.services.values():
                    if OURS.match(tag := service["image"]):
                        assert at(tag).with_suffix(".pushed").exists(), f"{tag} was not pushed"
            case ["run", "--rm", name]:
                return self.run(name)
            case ["up", "--detach", "--wait", name]:
                return self.up(name)
            case _:
                raise SystemExit(f"docker compose: not known here: {words}")
        return 0

    def depends(self, name: str) -> int:
        """
        See to what a service waits for.
        """
        for other, how in self.services[name].get("depends_on", {}).items():
            waits = {"service_completed_successfully": self.run, "service_healthy": self.up}
            if code := waits[how["condition"]](other):
                print(f"service {other!r} didn't complete successfully: exit {code}")
                return code
        return 0

    def run(self, name: str) -> int:
        return self.depends(name) or self.image(name).run(self.command(name), self.environ(name))

    def up(self, name: str) -> int:
        if not OURS.match(self.services[name]["image"]):
            return 0  # the server that is there
        if code := self.depends(name):
            return code
        end(ENGINE / f"{name}.pid")
        image, environ = self.image(name), self.environ(name)
        with (ENGINE / f"{name}.log").open("ab") as log:
            process = image.start(self.command(name), environ, log)
            (ENGINE / f"{name}.pid").write_text(str(process.pid))
            for _ in range(300):
                if process.poll() is not None:
                    return process.returncode or 1
                if image.start(image.health, environ, log).wait() == 0:
                    return 0
                time.sleep(0.2)
        return 1

    def image(self, name: str) -> Image:
        return load(at(self.services[name]["image"]))

    def command(self, name: str) -> Sequence[str]:
        command: Sequence[str] = self.services[name].get("command") or self.image(name).command
        return command

    def environ(self, name: str) -> Mapping[str, str]:
        return env_file(self.folder / self.services[name]["env_file"])


def env_file(path: Path) -> dict[str, str]:
    lines = path.read_text("utf-8").splitlines() if path.exists() else []
    return dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
