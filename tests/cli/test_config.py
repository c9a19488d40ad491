"""
Which database, folder and ledger is meant, and in whose name.
"""

from __future__ import annotations

from urllib.parse import unquote, urlsplit

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate import ConfigError, LedgerName
from st44_migrate.cli.config import (
    Chosen,
    Project,
    choose_database,
    choose_folder,
    choose_ledger,
)

PARTS = {
    "DB_HOST": "db",
    "DB_PORT": "5433",
    "DB_NAME": "st44",
    "DB_USER": "postgres",
    "DB_PASSWORD": "secret",
}
ALL = {**PARTS, "DATABASE_URL": "postgresql:///second", "ST44_DATABASE_URL": "postgresql:///first"}


def test_each_place_gives_way_to_the_one_before_it() -> None:
    """
    --url, ST44_DATABASE_URL, DATABASE_URL, DB_*: the first that is set decides.
    """
    environ = dict(ALL)
    assert choose_database("sqlite:///x.db", environ) == Chosen("sqlite:///x.db", "--url")
    assert choose_database(None, environ) == Chosen("postgresql:///first", "ST44_DATABASE_URL")
    del environ["ST44_DATABASE_URL"]
    assert choose_database(None, environ) == Chosen("postgresql:///second", "DATABASE_URL")
    del environ["DATABASE_URL"]
    assert choose_database(None, environ) == Chosen(
        "postgresql://postgres:secret@db:5433/st44", "DB_HOST, DB_PORT, DB_NAME"
    )


def test_nothing_set_lists_every_way_to_set_it() -> None:
    """
    A deploy that forgot its URL fails, and reads what it forgot.
    """
    with pytest.raises(ConfigError, match="no database is named") as caught:
        choose_database(None, {"DB_USER": "postgres", "DB_PASSWORD": "x"})
    for name in ("--url", "ST44_DATABASE_URL", "DATABASE_URL", *PARTS):
        assert name in caught.value.remedy


@pytest.mark.parametrize("empty", ["", "  "])
@pytest.mark.parametrize("place", ["--url", "ST44_DATABASE_URL", "DATABASE_URL"])
def test_an_empty_place_is_refused_and_not_passed_over(place: str, empty: str) -> None:
    """
    A secret that is missing must not send a deploy to the next database in line.
    """
    environ = dict(PARTS)
    option = None
    if place == "--url":
        option = empty
    else:
        environ[place] = empty
    with pytest.raises(ConfigError, match="is set, but empty") as caught:
        choose_database(option, environ)
    assert caught.value.happened.startswith(place)


@pytest.mark.parametrize(
    ("environ", "url"),
    [
        ({"DB_NAME": "st44"}, "postgresql://localhost:5432/st44"),
        ({"DB_NAME": "st44", "DB_USER": "app"}, "postgresql://app@localhost:5432/st44"),
        ({"DB_HOST": "::1", "DB_NAME": "st44"}, "postgresql://[::1]:5432/st44"),
        (
            {"DB_HOST": "/run/postgresql", "DB_NAME": "st44"},
            "postgresql://%2Frun%2Fpostgresql:5432/st44",
        ),
        ({**PARTS, "DB_PASSWORD": ""}, "postgresql://postgres@db:5433/st44"),
    ],
)
def test_parts_that_are_left_out(environ: dict[str, str], url: str) -> None:
    """
    The port is 5432, the host is this machine, user and password may be missing.
    """
    assert choose_database(None, environ).value == url


def test_parts_never_guess_the_database() -> None:
    """
    Without DB_NAME libpq would take the user's name for the database's.
    """
    with pytest.raises(ConfigError, match="DB_NAME"):
        choose_database(None, {"DB_HOST": "db", "DB_USER": "postgres"})


def test_a_password_belongs_to_somebody() -> None:
    """
    A URL cannot hold a password without a user.
    """
    with pytest.raises(ConfigError, match="DB_USER") as caught:
        choose_database(None, {"DB_HOST": "db", "DB_NAME": "st44", "DB_PASSWORD": "hunter2"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.property
@given(user=st.text(min_size=1), password=st.text(min_size=1), name=st.text(min_size=1))
def test_any_user_password_and_name_survive_the_url(user: str, password: str, name: str) -> None:
    """
    Whatever is in them, the URL gives them back.
    """
    parts = {"DB_NAME": name, "DB_USER": user, "DB_PASSWORD": password}
    split = urlsplit(choose_database(None, parts).value)
    assert (user, password, name) == (
        unquote(split.username or ""),
        unquote(split.password or ""),
        unquote(split.path[1:]),
    )


def test_the_folder_is_found_in_order() -> None:
    """
    Argument, ST44_MIGRATIONS, pyproject.toml, ``migrations``.
    """
    environ = {"ST44_MIGRATIONS": "from/environment"}
    project = Project("pyproject.toml", "from/project")
    assert choose_folder("given", environ, project) == Chosen("given", "the argument FOLDER")
    assert choose_folder(None, environ, project) == Chosen("from/environment", "ST44_MIGRATIONS")
    assert choose_folder(None, {}, project) == Chosen("from/project", "pyproject.toml")
    assert choose_folder(None, {}, Project("pyproject.toml")) == Chosen("migrations", "the default")
    assert choose_folder(None, {}, None) == Chosen("migrations", "the default")


@pytest.mark.parametrize(("argument", "environ"), [("", {}), (None, {"ST44_MIGRATIONS": ""})])
def test_an_empty_folder_name_is_refused(argument: str | None, environ: dict[str, str]) -> None:
    """
    An empty name is a mistake of whoever gave it, not the current folder.
    """
    with pytest.raises(ConfigError, match="is set, but empty"):
        choose_folder(argument, environ, None)


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("migrations", LedgerName("migrations")),
        ("app.schema_migrations", LedgerName("schema_migrations", "app")),
        ("My App.Ledger", LedgerName("Ledger", "My App")),
    ],
)
def test_a_ledger_is_a_table_in_a_schema_or_not(text: str, name: LedgerName) -> None:
    """
    Names are taken as written: they are quoted wherever they are used.
    """
    assert choose_ledger(text, Project("pyproject.toml", ledger="other")) == name
    assert choose_ledger(None, Project("pyproject.toml", ledger=text)) == name


def test_the_ledger_nobody_names() -> None:
    """
    It is schema_migrations, wherever the search_path finds it.
    """
    assert choose_ledger(None, None) == LedgerName()
    assert choose_ledger(None, Project("pyproject.toml", "migrations")) == LedgerName()


@pytest.mark.parametrize("text", ["", ".", "a.", ".b", "a.b.c", '"a"."b"'])
def test_what_is_no_name_of_a_table(text: str) -> None:
    """
    The message shows the text and where it came from.
    """
    with pytest.raises(ConfigError, match="--ledger") as caught:
        choose_ledger(text, None)
    assert repr(text) in caught.value.happened
