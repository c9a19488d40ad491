"""
The folder of what stands in for Docker, and the program that is called so.
"""

from __future__ import annotations

import os
import re
import sys
from pathlib import Path

from deploy.images import Image, end, load

__all__ = ["EngineRoom"]

TESTS = Path(__file__).parents[1]


class EngineRoom:
    """
    Args:
        folder: Where the stand-in keeps what it knows.

        programs: A folder for the path, in which ``docker`` is.
    """

    def __init__(self, folder: Path, programs: Path) -> None:
        self.folder = folder
        folder.mkdir()
        programs.mkdir(exist_ok=True)
        docker = programs / "docker"
        path = os.pathsep.join([str(TESTS), *filter(None, [os.environ.get("PYTHONPATH")])])
        docker.write_text(
            f'#!/bin/sh\nPYTHONPATH="{path}" exec "{sys.executable}" -m deploy.engine "$@"\n'
        )
        docker.chmod(0o755)
        self.environment = {
            "ENGINE": str(folder),
            "PATH": f"{programs}{os.pathsep}/usr/bin{os.pathsep}/bin",
        }

    @property
    def asked(self) -> list[str]:
        """
        What was asked of it, in order.
        """
        return (self.folder / "asked").read_text("utf-8").splitlines()

    def log(self, name: str) -> str:
        """
        What a container has said.
        """
        return (self.folder / f"{name}.log").read_text("utf-8")

    def image(self, tag: str) -> Image:
        """
        Find an image that it has built.
        """
        return load(self.folder / re.sub(r"\W", "-", tag))

    def stop(self) -> None:
        """
        End every container.
        """
        for pid in self.folder.glob("*.pid"):
            end(pid)
