"""
Peers: installed into a folder of their own, from PyPI and npm, and found on PATH.

What cannot be had is left out, and the table says so.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from .contestants import Contestant, Job
from .peers_python import PACKAGES, python_peers
from .workloads import Files

__all__ = ["Peers", "install"]

_NPM = ("dbmate", "node-pg-migrate", "pg")


class Peers:
    """
    Those that were found, and why others were not.
    """

    def __init__(self, home: Path, missing: dict[str, str]) -> None:
        self._home = home
        self.missing = missing

    def postgres(self) -> list[Contestant]:
        """
        Those that speak to PostgreSQL.
        """
        node = self._home / "js" / "node_modules" / ".bin"
        found = [*self._python(sqlite=False), *self._everywhere(node)]
        if (node / "node-pg-migrate").exists():
            found.append(Contestant("node-pg-migrate", lambda _: _node(node), _up, _env))
        return found

    def lite(self) -> list[Contestant]:
        """
        Those that speak to SQLite.
        """
        node = self._home / "js" / "node_modules" / ".bin"
        return [*self._python(sqlite=True), *self._everywhere(node)]

    def _python(self, *, sqlite: bool) -> list[Contestant]:
        bin_ = self._home / "py" / "bin"
        return [] if "PyPI" in self.missing else python_peers(bin_, sqlite=sqlite)

    def _everywhere(self, node: Path) -> list[Contestant]:
        found: list[Contestant] = []
        if (node / "dbmate").exists():
            found.append(Contestant("dbmate", lambda _: _dbmate(node), _migrate_up, _dbmate_env))
        if "sql-migrate" not in self.missing:
            found.append(Contestant("sql-migrate", _sql_migrate, _plus_migrate, _go_env))
        return found


def install(home: Path) -> Peers:
    """
    Install what is not there yet, with the registries' ordinary clients.
    """
    missing: dict[str, str] = {}
    home.mkdir(parents=True, exist_ok=True)
    if not (home / "py" / "bin" / "alembic").exists():
        _try(missing, "PyPI", home, [sys.executable, "-m", "venv", "py"])
        _try(missing, "PyPI", home, ["py/bin/pip", "install", "--quiet", *PACKAGES])
    if not (home / "js" / "node_modules" / ".bin").exists():
        (home / "js").mkdir(exist_ok=True)
        (home / "js" / "package.json").write_text("{}", "utf-8")
        _try(missing, "npm", home / "js", ["npm", "install", "--no-audit", "--no-fund", *_NPM])
    if shutil.which("sql-migrate") is None:
        missing["sql-migrate"] = "not on PATH (Debian: apt-get install sql-migrate)"
    return Peers(home, missing)


def _try(missing: dict[str, str], what: str, folder: Path, command: list[str]) -> None:
    if what in missing:
        return
    try:
        subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True, timeout=600)
    except (OSError, subprocess.SubprocessError) as error:
        missing[what] = f"{command[0]} failed: {getattr(error, 'stderr', None) or error}"[:300]


# --- how each wants it ---------------------------------------------------------


def _node(node: Path) -> list[str]:
    return [
        *(str(node / "node-pg-migrate"), "up", "-m", "migrations"),
        *("--single-transaction=false", "--verbose=false"),
    ]


def _up(folder: Path, files: Files) -> None:
    _wrap(folder, files, "-- Up Migration\n{}")


def _dbmate(node: Path) -> list[str]:
    return [str(node / "dbmate"), "--no-dump-schema", "-d", "migrations", "migrate"]


def _migrate_up(folder: Path, files: Files) -> None:
    _wrap(folder, files, "-- migrate:up\n{}\n-- migrate:down\n")


def _sql_migrate(job: Job) -> list[str]:
    return ["sql-migrate", "up", "-env", "lite" if job.url.startswith("sqlite") else "pg"]


def _plus_migrate(folder: Path, files: Files) -> None:
    # One statement for it: it would cut the bodies of functions.
    wrapped = "-- +migrate Up\n-- +migrate StatementBegin\n{}-- +migrate StatementEnd\n"
    _wrap(folder, files, wrapped)
    (folder / "dbconfig.yml").write_text(
        "pg:\n  dialect: postgres\n  datasource: ${BENCH_DSN}\n  dir: migrations\n"
        "lite:\n  dialect: sqlite3\n  datasource: ${BENCH_DSN}\n  dir: migrations\n",
        "utf-8",
    )


def _wrap(folder: Path, files: Files, text: str) -> None:
    (folder / "migrations").mkdir()
    for name, sql in files.items():
        (folder / "migrations" / name).write_text(text.replace("{}", sql), "utf-8")


def _env(url: str) -> dict[str, str]:
    return {"DATABASE_URL": url}


def _dbmate_env(url: str) -> dict[str, str]:
    if url.startswith("sqlite"):
        return {"DATABASE_URL": url.replace("sqlite:///", "sqlite:", 1)}
    parts = urlsplit(url)
    query = f"{parts.query}&sslmode=disable".lstrip("&")
    return {"DATABASE_URL": parts._replace(scheme="postgres", query=query).geturl()}


def _go_env(url: str) -> dict[str, str]:
    if url.startswith("sqlite"):
        return {"BENCH_DSN": url.removeprefix("sqlite:///")}
    parts = urlsplit(url)
    host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
    dsn = f"host={host} user={parts.username} dbname={parts.path[1:]} sslmode=disable"
    if parts.port:
        dsn += f" port={parts.port}"
    return {"BENCH_DSN": dsn}
