"""
A folder, read for the linter: also where a run would refuse it.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

from ..errors import ConfigError
from ..lint import Subject, read_subject
from ..lint.squawk import read_squawk
from ..model import Problem
from ..protocols import Layout
from ..source import Folder
from ..source.layout import FileLayout
from ..source.naming import Names

__all__ = ["ask_squawk", "dialect_of", "survey"]


def survey(
    folder: Folder, layout: Layout, values: Mapping[str, str], *, dialect: str, ledger: str
) -> Subject:
    """
    Read a folder, whatever is in it.

    Raises:
        SourceError: it is not there, may not be read, or has no migration in it.
    """
    tree = folder.tree(layout.depth)
    names = Names((), (), ())
    if isinstance(layout, FileLayout):
        names = layout.names(tree.files, values)
    if isinstance(layout, FileLayout) and (names.migrations or names.wrong):
        migrations = layout.made(tree, names, values)
    else:  # says why it is an error if there is nothing
        migrations = layout.migrations(tree, values)
    return read_subject(
        migrations,
        dialect=dialect,
        ledger=ledger,
        misnamed=names.wrong,
        folders=() if layout.depth else sorted(tree.folders),
        prefix=tree.path(""),
        layout=layout.name,
    )


def dialect_of(asked: str | None, url: str | None) -> str:
    """
    Choose how SQL is read: as *asked*, else as the database at *url* does.
    """
    if asked:
        return asked
    scheme = (url or "").strip().lower()
    if scheme.startswith(("mariadb", "mysql")):
        return "mariadb"
    return "sqlite" if scheme.startswith("sqlite") else "postgresql"


def ask_squawk(subject: Subject, environ: Mapping[str, str]) -> Sequence[Problem]:
    """
    Run squawk over the files that can be read.

    Raises:
        ConfigError: it is not installed, does not work, or these are no files for it.
    """
    if subject.dialect != "postgresql":
        raise ConfigError(
            "squawk knows PostgreSQL only", remedy="Leave --squawk out for other databases."
        )
    path = os.pathsep.join([str(Path(sys.executable).parent), environ.get("PATH", "")])
    program = shutil.which("squawk", path=path)
    if program is None:
        raise ConfigError(
            "squawk is not installed", remedy="Install it: pip install 'st44-migrate[lint]'"
        )
    if not subject.files:
        return ()
    with tempfile.TemporaryDirectory(prefix="st44-") as room:
        # Our text: places are those of lines ended by LF, without a byte order mark.
        files = {str(Path(room, f"{at}.sql")): file for at, file in enumerate(subject.files)}
        for name, file in files.items():
            Path(name).write_text(file.script.text, "utf-8", newline="")
        Path(room, "none.toml").touch()
        done = subprocess.run(  # noqa: S603 -- the program of the extra, on files of ours
            [program, "--reporter=json", f"--config={room}/none.toml", *files],
            check=False,
            capture_output=True,
            text=True,
            encoding="utf-8",
        )
        if done.returncode not in {0, 1} or not done.stdout.startswith("["):
            said = (done.stderr or done.stdout).strip()
            raise ConfigError(f"squawk does not work: {said or done.returncode}")
        return read_squawk(done.stdout, files)
