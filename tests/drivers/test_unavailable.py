"""
Why there is no connection, in one line, and whether waiting may help.
"""

from __future__ import annotations

import gc
import socket
import time
from collections.abc import Iterator
from urllib.parse import urlsplit

import psycopg
import pytest

from drivers.attempts import POSTGRES, attempt, refused
from drivers.wire import answering, greeting, refusal
from st44_migrate.testing.servers import PostgresServer

pytestmark = pytest.mark.parametrize("colour", POSTGRES)


def with_user(url: str, user: str, password: str = "") -> str:
    parts = urlsplit(url)
    place = parts.netloc.rpartition("@")[2]
    return parts._replace(netloc=f"{user}:{password}@{place}").geturl()


@pytest.fixture
def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        port: int = listener.getsockname()[1]
    return port


# --- a real server, or none ---------------------------------------------------


def test_refused(colour: str, free_port: int) -> None:
    """Nobody listens: named, and worth waiting for."""
    error = refused(f"postgresql://app:S3CR3T@127.0.0.1:{free_port}/shop", colour)
    assert error.happened == f"connection refused by 127.0.0.1:{free_port}"
    assert error.transient
    assert "S3CR3T" not in f"{error}{error.__cause__}"


def test_no_socket(colour: str, tmp_path: object) -> None:
    """The server has not made its socket yet: worth waiting for."""
    error = refused(f"postgresql:///shop?host={tmp_path}", colour)
    assert error.happened == f"no server listens on the socket {tmp_path}/.s.PGSQL.5432"
    assert error.transient


def test_unknown_host(colour: str) -> None:
    """A name that does not resolve is a typing error, not a server that starts."""
    error = refused("postgresql://app:S3CR3T@nosuch.invalid/shop", colour)
    assert error.happened == "the host name nosuch.invalid cannot be resolved"
    assert not error.transient


def test_one_host_of_several_may_still_start(colour: str, free_port: int) -> None:
    """As long as one of the hosts could be waited for, it is."""
    error = refused(f"postgresql://app@nosuch.invalid,127.0.0.1:{free_port}/shop", colour)
    assert error.transient


def test_unknown_database(colour: str, postgres: PostgresServer) -> None:
    """A migration runs inside a database, it does not create one."""
    url = urlsplit(postgres.url)._replace(path="/st44_nosuch").geturl()
    error = refused(url, colour)
    assert error.happened.startswith('database "st44_nosuch" does not exist at ')
    assert not error.transient


def test_unknown_role(colour: str, postgres: PostgresServer) -> None:
    """Who cannot log in now will not be able to in a minute."""
    error = refused(with_user(postgres.url, "st44_nosuch", "S3CR3T"), colour)
    assert "st44_nosuch" in error.happened
    assert not error.transient


def test_no_connection_left(colour: str, pg_url: str) -> None:
    """The limit of the database is reached: worth waiting for."""
    role = f"st44_limited_{colour}"
    name = urlsplit(pg_url).path[1:]
    with psycopg.connect(pg_url, autocommit=True) as conn:
        conn.execute(f"CREATE ROLE {role} LOGIN PASSWORD 'known'")
        try:
            conn.execute(f"ALTER DATABASE {name} CONNECTION LIMIT 0")
            error = refused(with_user(pg_url, role, "known"), colour)
        finally:
            conn.execute(f"DROP ROLE {role}")
    assert "has no connection left for us: too many connections for database" in error.happened
    assert error.transient


@pytest.fixture
def guarded_url(postgres: PostgresServer) -> Iterator[str]:
    """
    The URL of a role that must give a password, which is not the URL's.
    """
    if postgres.origin == "url":
        pytest.skip("who must give a password on a server that is not ours is not ours to say")
    with psycopg.connect(postgres.url, autocommit=True) as conn:
        conn.execute("DROP ROLE IF EXISTS st44_guarded")
        conn.execute("CREATE ROLE st44_guarded LOGIN PASSWORD 'right'")
        _demand_password(conn)
        yield with_user(postgres.url, "st44_guarded", "S3CR3T")


def _demand_password(conn: psycopg.Connection) -> None:
    rule = "{} all st44_guarded {} scram-sha-256"
    rules = [rule.format("local", ""), rule.format("host", "all")]
    conn.execute(
        "DO $$ DECLARE old text := pg_read_file(current_setting('hba_file')); BEGIN"
        "  IF old NOT LIKE '%st44_guarded%' THEN EXECUTE format("
        f"   'COPY (SELECT unnest(string_to_array(%L, E''\\n''))) TO %L', E'{rules[0]}\\n{rules[1]}\\n'"
        "    || old, current_setting('hba_file'));"
        "  END IF; END $$"
    )
    conn.execute("SELECT pg_reload_conf()")


def test_wrong_password(colour: str, guarded_url: str) -> None:
    """A wrong password fails at once, and is not repeated to anybody."""
    deadline = time.monotonic() + 10
    while time.monotonic() < deadline:
        # The server takes the new rule some time after it was told to reload.
        try:
            attempt(guarded_url, colour)
        except Exception:
            break
    error = refused(guarded_url, colour)
    assert error.happened.startswith("password authentication failed for user st44_guarded at ")
    assert not error.transient
    assert "S3CR3T" not in f"{error}{error.__cause__}"


# --- what a real server cannot be made to say on demand -----------------------


@pytest.mark.parametrize(
    ("code", "message", "transient"),
    [
        ("57P03", "the database system is starting up", True),
        ("57P03", "the database system is shutting down", True),
        ("57P03", "the database system is in recovery mode", True),
        ("57P03", "the database system is not yet accepting connections", True),
        ("53300", "sorry, too many clients already", True),
        ("53300", "remaining connection slots are reserved for roles with SUPERUSER", True),
        ("08P01", "server login has been failing, try again later", True),
        ("28000", 'no pg_hba.conf entry for host "10.0.0.1", user "app", no encryption', False),
        ("28000", 'Peer authentication failed for user "app"', False),
        ("08P01", "no such database: shop", False),
        ("42501", 'permission denied for database "shop"', False),
        ("55000", 'database "shop" is not currently accepting connections', False),
        ("42704", 'unrecognized configuration parameter "nonsense"', False),
        ("57P03", "das Datenbanksystem startet", True),
        ("28P01", "Passwort-Authentifizierung für Benutzer »app« fehlgeschlagen", False),
    ],
)
def test_refusals(colour: str, code: str, message: str, transient: bool) -> None:
    """What the server says is passed on in one line; other languages are understood by ping."""
    with answering(refusal(code, message)) as url:
        error = refused(url, colour)
    assert error.transient is transient
    assert "\n" not in error.happened
    assert "127.0.0.1" in error.happened
    assert "S3CR3T" not in f"{error}{error.__cause__}"


def test_silence(colour: str) -> None:
    """A host that never answers is given up in time."""
    with answering(None) as url:
        start = time.monotonic()
        error = refused(url, colour, timeout=0.5)
    assert error.happened.startswith("no answer from 127.0.0.1:")
    assert error.transient
    assert time.monotonic() - start < 10


def test_an_attempt_that_is_given_up_is_gone(colour: str) -> None:
    """Its connection is closed at once: a server that wakes up finds nobody at its end."""
    gc.collect()
    gc.disable()
    try:
        with socket.create_server(("127.0.0.1", 0)) as listener:
            refused(f"postgresql://127.0.0.1:{listener.getsockname()[1]}/", colour, timeout=0.5)
            listener.settimeout(10)
            client, _ = listener.accept()
            with client:
                client.settimeout(10)
                while client.recv(4096):
                    pass
    finally:
        gc.enable()


def test_not_postgresql(colour: str) -> None:
    """Another program on that port will not turn into PostgreSQL."""
    with answering(b"HTTP/1.1 400 Bad Request\r\n\r\n") as url:
        error = refused(f"{url}?sslmode=disable", colour)
    if colour == "asyncpg":
        # It waits for the rest of a message of that length, and the line is dead.
        assert error.happened.endswith("closed the connection at once")
        return
    assert error.happened.startswith("what answers at 127.0.0.1:")
    assert not error.transient


def test_hanging_up(colour: str) -> None:
    """A server that closes the connection at once may be coming up."""
    with answering(b"") as url:
        error = refused(url, colour)
    assert error.happened.endswith("closed the connection at once")
    assert error.transient


def test_no_encryption(colour: str) -> None:
    """Encryption demanded of a server without it: waiting does not help."""
    with answering(greeting("18.0")) as url:
        error = refused(f"{url}?sslmode=require", colour)
    assert "server does not support SSL" in error.happened
    assert not error.transient


def test_old_server(colour: str) -> None:
    """PostgreSQL 13 is refused in words."""
    with answering(greeting("13.22")) as url:
        error = refused(url, colour)
    assert error.happened.endswith("runs PostgreSQL 13; 14 or later is needed")
    assert not error.transient
