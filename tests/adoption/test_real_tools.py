"""
Tools that can be installed here do their own work; then their ledgers are adopted.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import psycopg
import pytest

from runs.conftest import target_of
from st44_migrate import Folder, LedgerError, Terms
from st44_migrate.model import Found
from targets import Target, labels, write

KINDS = ("psycopg", "aiosqlite")


def run(room: Path, *words: str, **environ: str) -> None:
    done = subprocess.run(
        [sys.executable, *words],
        cwd=room,
        env={"PATH": "", "PYTHONPATH": str(room), **environ},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def alchemy_url(target: Target) -> str:
    if not target.is_postgres:
        return target.url
    with psycopg.connect(target.url) as conn:
        info = conn.info
        login = f"{info.user}:{info.password}" if info.password else info.user
        return f"postgresql+psycopg://{login}@/{info.dbname}?host={info.host}&port={info.port}"


@pytest.mark.parametrize("kind", KINDS)
def test_yoyo(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """It applied two files; the third one is ours."""
    target = target_of(kind, request)
    folder = write(
        tmp_path / "files",
        {
            "20240101_01_AbCdE-users.sql": "-- users\n-- depends:\n\nCREATE TABLE users (i integer);",
            "20240102_01_FgHiJ-tasks.sql": "-- depends: 20240101_01_AbCdE-users\nCREATE TABLE tasks (i integer);",
        },
    )
    url = alchemy_url(target)
    run(tmp_path, "-W", "ignore", "-c", YOYO, url, str(folder))
    (folder / "20240103_01_KlMnO-more.sql").write_text(
        "-- depends: 20240102_01_FgHiJ-tasks\nCREATE TABLE more (i integer);"
    )
    source = Folder(folder, layout="yoyo")
    made = target.do(source, lambda m: m.adopt())
    assert (made.tool, made.written) == ("yoyo", True)
    assert [adopted.found for adopted in made.versions] == [Found.APPLIED] * 2
    assert all(adopted.applied_at is not None for adopted in made.versions)
    assert labels(target.plan(source)) == ["20240103_01_KlMnO-more"]
    target.apply(source)
    assert {"users", "tasks", "more"} <= target.tables()
    # The way back: it goes on where it was, once told of the file.
    run(tmp_path, "-W", "ignore", "-c", YOYO_MARK, url, str(folder))
    run(tmp_path, "-W", "ignore", "-c", YOYO, url, str(folder))


YOYO = """
import sys
from yoyo import get_backend, read_migrations
backend = get_backend(sys.argv[1])
migrations = read_migrations(sys.argv[2])
with backend.lock():
    backend.apply_migrations(backend.to_apply(migrations))
"""

YOYO_MARK = """
import sys
from yoyo import get_backend, read_migrations
backend = get_backend(sys.argv[1])
migrations = read_migrations(sys.argv[2])
(left,) = backend.to_apply(migrations)
assert left.id == "20240103_01_KlMnO-more", left
backend.mark_migrations([left])
"""

BASE = {
    "001_base.sql": "CREATE TABLE users (i integer);",
    "002_more.sql": "CREATE TABLE more (i integer);",
}

REVISION = """
revision = "0d7528520070"
down_revision = None
from alembic import op
def upgrade():
    op.execute("CREATE TABLE users (i integer)")
"""

ENV = """
from alembic import context
from sqlalchemy import create_engine
with create_engine(context.config.get_main_option("sqlalchemy.url")).connect() as connection:
    context.configure(connection=connection)
    with context.begin_transaction():
        context.run_migrations()
"""

ALEMBIC = """
import sys
from alembic import command
from alembic.config import Config
config = Config()
config.set_main_option("script_location", "scripts")
config.set_main_option("path_separator", "os")
config.set_main_option("sqlalchemy.url", sys.argv[1])
command.upgrade(config, "head")
"""


def become_a_baseline(target: Target, folder: Path, tool: str, stands_at: str) -> None:
    """
    See that a ledger of programs is refused as it is, and taken as a baseline.
    """
    source = Folder(write(folder, BASE))
    with pytest.raises(LedgerError, match="are no SQL files") as caught:
        target.do(source, lambda m: m.adopt())
    assert "--at VERSION" in caught.value.remedy
    with pytest.raises(LedgerError, match="no file has the version 9"):
        target.do(source, lambda m: m.adopt(Terms(version="9")))
    made = target.do(source, lambda m: m.adopt(Terms(version="1")))
    assert (made.tool, [adopted.label for adopted in made.versions]) == (tool, ["001"])
    record = target.show(source, "001")
    assert record.journal is not None
    assert stands_at in str(record.journal.reason)
    assert [done.label for done in target.apply(source).applied] == ["002"]


@pytest.mark.parametrize("kind", KINDS)
def test_alembic(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """Its revision becomes a baseline, and stays where it is."""
    target = target_of(kind, request)
    (tmp_path / "scripts/versions").mkdir(parents=True)
    (tmp_path / "scripts/env.py").write_text(ENV)
    (tmp_path / "scripts/versions/one.py").write_text(REVISION)
    run(tmp_path, "-W", "ignore", "-c", ALEMBIC, alchemy_url(target))
    become_a_baseline(target, tmp_path / "files", "alembic", "0d7528520070")
    assert target.query("SELECT * FROM alembic_version") == [("0d7528520070",)]
    run(tmp_path, "-W", "ignore", "-c", ALEMBIC, alchemy_url(target))


DJANGO = """
import sys, django
from django.conf import settings
from django.core.management import call_command
engine, name, host, port, user, password = sys.argv[1:]
settings.configure(
    INSTALLED_APPS=["django.contrib.contenttypes"],
    DATABASES={"default": {
        "ENGINE": f"django.db.backends.{engine}",
        "NAME": name, "HOST": host, "PORT": port, "USER": user, "PASSWORD": password,
    }},
)
django.setup()
call_command("migrate", verbosity=0)
"""


@pytest.mark.parametrize("kind", KINDS)
def test_django(kind: str, request: pytest.FixtureRequest, tmp_path: Path) -> None:
    """What its apps have becomes a baseline."""
    target = target_of(kind, request)
    words = ("sqlite3", target.url.removeprefix("sqlite:///"), "", "", "", "")
    if target.is_postgres:
        with psycopg.connect(target.url) as conn:
            at = conn.info
            words = ("postgresql", at.dbname, at.host, str(at.port), at.user, at.password)
    run(tmp_path, "-W", "ignore", "-c", DJANGO, *words)
    before = target.query("SELECT * FROM django_migrations")
    become_a_baseline(
        target, tmp_path / "files", "django", "contenttypes.0002_remove_content_type_name"
    )
    assert target.query("SELECT * FROM django_migrations") == before
