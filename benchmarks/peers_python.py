"""
Peers from PyPI: alembic, yoyo, Django.  Each runs the same SQL in its own wrapping.
"""

from __future__ import annotations

import json
from pathlib import Path
from urllib.parse import parse_qs, urlsplit

from st44_migrate.sqltext import split

from .contestants import Contestant, Job
from .workloads import Files

__all__ = ["PACKAGES", "python_peers"]

PACKAGES = ("alembic", "yoyo-migrations", "django>=5.2,<6", "psycopg[binary]", "setuptools<81")

_ENV = """
import os
from alembic import context
from sqlalchemy import create_engine
with create_engine(os.environ["BENCH_URL"]).connect() as connection:
    context.configure(connection=connection, transaction_per_migration=True)
    with context.begin_transaction():
        context.run_migrations()
"""

# Past SQLAlchemy's own reading of the text, which would stumble over ":" and "%".
_REVISION = """
from alembic import op
revision = {own!r}
down_revision = {before!r}
def upgrade():
    cursor = op.get_bind().connection.cursor()
    for sql in {statements!r}:
        cursor.execute(sql)
"""

_DJANGO = """
from django.db import migrations
class Migration(migrations.Migration):
    dependencies = {before!r}
    operations = [migrations.RunSQL({statements!r})]
"""

_SETTINGS = """
import json, os
DATABASES = {"default": json.loads(os.environ["BENCH_DJANGO"])}
INSTALLED_APPS = ["bench"]
USE_TZ = True
"""


def python_peers(bin_: Path, *, sqlite: bool) -> list[Contestant]:
    """
    Give those whose commands are in *bin_*.
    """
    python = str(bin_ / "python")
    return [
        Contestant(
            "alembic",
            lambda _: [str(bin_ / "alembic"), "upgrade", "head"],
            lambda folder, files: _alembic(folder, files, sqlite=sqlite),
            _alchemy,
        ),
        Contestant("yoyo", lambda job: _yoyo(bin_, job), _plainly),
        Contestant(
            "Django",
            lambda _: [python, "-m", "django", "migrate", "-v", "0", "--settings", "settings"],
            lambda folder, files: _django(folder, files, sqlite=sqlite),
            _django_env,
        ),
    ]


def _plainly(folder: Path, files: Files) -> None:
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")


def _alembic(folder: Path, files: Files, *, sqlite: bool) -> None:
    (folder / "alembic.ini").write_text("[alembic]\nscript_location = %(here)s/scripts\n", "utf-8")
    versions = folder / "scripts" / "versions"
    versions.mkdir(parents=True)
    (folder / "scripts" / "env.py").write_text(_ENV, "utf-8")
    before = None
    for name, text in files.items():
        own = f"r{name.partition('_')[0]}"
        # Python's sqlite3 takes one statement at a time.
        parts = [part.text for part in split(text, "sqlite")] if sqlite else [text]
        written = _REVISION.format(own=own, before=before, statements=parts)
        (versions / f"{own}.py").write_text(written, "utf-8")
        before = own


def _alchemy(url: str) -> dict[str, str]:
    return {"BENCH_URL": url.replace("postgresql://", "postgresql+psycopg://", 1)}


def _yoyo(bin_: Path, job: Job) -> list[str]:
    url = job.url.replace("postgresql://", "postgresql+psycopg://", 1)
    return [str(bin_ / "yoyo"), "apply", "--batch", "--no-config-file", "-d", url, "."]


def _django(folder: Path, files: Files, *, sqlite: bool) -> None:
    migrations = folder / "bench" / "migrations"
    migrations.mkdir(parents=True)
    for package in (folder / "bench", migrations):
        (package / "__init__.py").write_text("", "utf-8")
    (folder / "settings.py").write_text(_SETTINGS, "utf-8")
    before: list[tuple[str, str]] = []
    for name, text in files.items():
        own = f"m{name.partition('_')[0]}"
        # On SQLite it splits the text itself; on PostgreSQL the server does.
        statements = text if sqlite else [text]
        written = _DJANGO.format(before=before, statements=statements)
        (migrations / f"{own}.py").write_text(written, "utf-8")
        before = [("bench", own)]


def _django_env(url: str) -> dict[str, str]:
    parts = urlsplit(url)
    if parts.scheme == "sqlite":
        chosen = {"ENGINE": "django.db.backends.sqlite3", "NAME": url.removeprefix("sqlite:///")}
    else:
        host = parse_qs(parts.query).get("host", [parts.hostname or ""])[0]
        chosen = {
            "ENGINE": "django.db.backends.postgresql",
            "NAME": parts.path.removeprefix("/"),
            "USER": parts.username or "",
            "PASSWORD": parts.password or "",
            "HOST": host,
            "PORT": str(parts.port or ""),
        }
    return {"BENCH_DJANGO": json.dumps(chosen)}
