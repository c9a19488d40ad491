"""
A PostgreSQL database to be copied: the folder applied once, kept on the server.

Its name holds the digest of what is in it, so that every run and every worker
that wants the same finds it, and nobody finds another.  It is built under a
name of the builder's own and renamed when it is complete: whoever is killed
leaves no half of one.  What a dead process left is dropped by the next one; of
the templates themselves, the newest few are kept.

A database for tests is called after the session that made it, ``st44_test_`` and
twelve hex digits, which is also that session's ``application_name``.  While the
session is there, so is its maker.
"""

from __future__ import annotations

import time
from collections.abc import Generator
from contextlib import contextmanager
from urllib.parse import urlsplit

from ..errors import ConfigError, DriverError
from .errand import Errand
from .recipe import Recipe

__all__ = ["MAKER", "drop", "find_or_build", "refused", "sweep_orphans", "url_of"]

MAKER = "st44_test_"
"""How the name of a session begins that makes databases, and so theirs."""

_TEMPLATE = "st44_template_"
_DIGITS = 20
_KEPT = 4
_LOCK = 0x5734_4454_4D50_4C54

_ORPHANS = f"""
SELECT d.datname FROM pg_database d
 WHERE d.datname ~ '^{MAKER}[0-9a-f]{{12}}_' AND pg_has_role(d.datdba, 'USAGE')
   AND NOT EXISTS (SELECT FROM pg_stat_activity a
                    WHERE a.application_name = substr(d.datname, 1, {len(MAKER) + 12}))
"""
_OLD = f"""
SELECT datname FROM pg_database
 WHERE datname ~ '^{_TEMPLATE}[0-9a-f]{{{_DIGITS}}}$' AND pg_has_role(datdba, 'USAGE')
 ORDER BY oid DESC OFFSET {_KEPT}
"""

_REMEDIES = {
    "42501": "Tests make databases: ALTER ROLE ... CREATEDB.",
    "55006": "Leave that database, or give tests a server of their own.",
}


def find_or_build(session: Errand, server: str, recipe: Recipe, *, how: str = "") -> str:
    """
    Return the name of the template on *server* that holds what *recipe* says.

    Args:
        session: On that server.

        server: Its URL.

        recipe: What the template is made of.

        how: Options of CREATE DATABASE.

    Raises:
        MigrateError: a file fails, or the folder cannot be taken as it is.

        DriverError: the server refuses.
    """
    ((owner,),) = session.fetch("SELECT current_user::text")
    name = _TEMPLATE + recipe.digest(owner)[:_DIGITS]
    if not _exists(session, name):
        with _alone(session):
            if not _exists(session, name):
                _build(session, server, recipe, name, how)
                _sweep(session, _OLD)
    return name


def sweep_orphans(session: Errand) -> None:
    """
    Drop the databases whose makers are gone.
    """
    _sweep(session, _ORPHANS)


def _exists(session: Errand, name: str) -> bool:
    return bool(session.fetch(f"SELECT FROM pg_database WHERE datname = '{name}'"))


def _build(session: Errand, server: str, recipe: Recipe, name: str, how: str) -> None:
    draft = f"{session.name}_draft"
    session.run(f"CREATE DATABASE {draft} {how}")
    try:
        recipe.cook(url_of(server, draft))
        # Nobody is to connect any more: a template in use cannot be copied.
        session.run(
            f"ALTER DATABASE {draft} ALLOW_CONNECTIONS false",
            f"ALTER DATABASE {draft} RENAME TO {name}",
        )
    except BaseException:
        session.run(drop(draft))
        raise


def _sweep(session: Errand, which: str) -> None:
    """
    Drop what a query finds.  Others may drop it too, or use it at the moment.
    """
    for (name,) in session.fetch(which):
        try:
            session.run(drop(name))
        except DriverError as error:
            if error.lost:
                raise


@contextmanager
def _alone(session: Errand) -> Generator[None]:
    """
    Keep others from building meanwhile, which would be for nothing.
    """
    while not session.fetch(f"SELECT pg_try_advisory_lock({_LOCK})")[0][0]:
        time.sleep(0.05)
    try:
        yield
    finally:
        session.fetch(f"SELECT pg_advisory_unlock({_LOCK})")


def drop(name: str) -> str:
    """
    Give the statement that drops a database, in use or not.
    """
    return f'DROP DATABASE IF EXISTS "{name}" WITH (FORCE)'


def url_of(server: str, name: str) -> str:
    """
    Give the URL of another database of the server.
    """
    return urlsplit(server)._replace(path=f"/{name}").geturl()


def refused(error: DriverError) -> ConfigError:
    """
    Say that the server makes no databases, and what to do.
    """
    return ConfigError(
        f"the server for tests does not make a database: {error.message}",
        remedy=_REMEDIES.get(error.sqlstate or "", error.hint or ""),
    )
