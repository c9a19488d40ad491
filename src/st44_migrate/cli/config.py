"""
Which database, which folder, which ledger: resolved from what the caller has.

Pure: the environment and the project file come in as values, see `project`.
What is found keeps its *origin*, since "connection refused" is only half an
answer when four places may have named the database.  The first place that is
set decides; one that is set but empty is an error and never passed over, for
a deploy whose secret is missing must not go on to another database.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from urllib.parse import quote

from ..errors import ConfigError
from ..model import LedgerName

__all__ = [
    "Chosen",
    "Project",
    "choose_database",
    "choose_folder",
    "choose_layout",
    "choose_ledger",
    "choose_values",
]

OPTION = "--url"
ARGUMENT = "the argument FOLDER"
URL_VARIABLES = ("ST44_DATABASE_URL", "DATABASE_URL")
FOLDER_VARIABLE = "ST44_MIGRATIONS"
LAYOUT_VARIABLE = "ST44_LAYOUT"
DEFAULT_FOLDER = "migrations"
DEFAULT_LAYOUT = "plain"


@dataclass(frozen=True, slots=True)
class Chosen:
    """
    A value and, in words, where it came from: ``"DATABASE_URL"``.
    """

    value: str
    origin: str


@dataclass(frozen=True, slots=True)
class Project:
    """
    What ``[tool.st44-migrate]`` in a pyproject.toml says, paths made absolute or
    relative to the current folder.  *path* is the pyproject.toml's.
    """

    path: str
    migrations: str | None = None
    ledger: str | None = None
    layout: str | None = None
    values: Mapping[str, str] = field(default_factory=dict[str, str])


def choose_database(option: str | None, environ: Mapping[str, str]) -> Chosen:
    """
    Find the database's URL.

    Args:
        option: What ``--url`` said, None if it was not given.

        environ: The environment's variables.

    Raises:
        ConfigError: Nothing is set, or what is set is empty or incomplete.
    """
    if option is not None:
        return _filled(option, OPTION, "Give the database's URL, or leave --url out.")
    for name in URL_VARIABLES:
        if name in environ:
            return _filled(environ[name], name, f"Give {name} a value, or unset it.")
    if environ.get("DB_HOST") or environ.get("DB_NAME"):
        return _from_parts(environ)
    raise ConfigError(
        "no database is named",
        unchanged="Nothing was run.",
        remedy=(
            "Give one of these, the first that is set is used:\n"
            "  --url postgresql://user:password@host:5432/name   (or sqlite:///path/to/file.db)\n"
            "  ST44_DATABASE_URL=postgresql://...\n"
            "  DATABASE_URL=postgresql://...\n"
            "  DB_HOST= DB_PORT= DB_NAME= DB_USER= DB_PASSWORD="
        ),
    )


def _filled(value: str, origin: str, remedy: str) -> Chosen:
    if not value.strip():
        raise ConfigError(
            f"{origin} is set, but empty", unchanged="Nothing was run.", remedy=remedy
        )
    return Chosen(value.strip(), origin)


def _from_parts(environ: Mapping[str, str]) -> Chosen:
    name = environ.get("DB_NAME")
    if not name:
        # libpq would take the user's name for it, and migrate whatever that is.
        raise ConfigError(
            "DB_HOST is set, but DB_NAME does not say which database",
            unchanged="Nothing was run.",
            remedy="Set DB_NAME too, or give the whole URL with --url or DATABASE_URL.",
        )
    user, password = environ.get("DB_USER", ""), environ.get("DB_PASSWORD", "")
    if password and not user:
        raise ConfigError(
            "DB_PASSWORD is set, but DB_USER does not say whose it is",
            unchanged="Nothing was run.",
            remedy="Set DB_USER too, or give the whole URL with --url or DATABASE_URL.",
        )
    login = quote(user, safe="") + (f":{quote(password, safe='')}" if password else "")
    host = environ.get("DB_HOST") or "localhost"
    # An IPv6 address needs brackets; a socket's folder is a host to libpq, if quoted.
    host = f"[{host}]" if ":" in host else quote(host, safe="")
    port = environ.get("DB_PORT") or "5432"
    address = f"{login}@{host}:{port}" if login else f"{host}:{port}"
    return Chosen(
        f"postgresql://{address}/{quote(name, safe='')}",
        ", ".join(part for part in ("DB_HOST", "DB_PORT", "DB_NAME") if environ.get(part)),
    )


def choose_folder(
    argument: str | None, environ: Mapping[str, str], project: Project | None
) -> Chosen:
    """
    Find the folder of migrations; ``migrations`` if nobody says otherwise.
    """
    if argument is not None:
        return _filled(argument, ARGUMENT, "Name the folder, or leave it out.")
    if FOLDER_VARIABLE in environ:
        remedy = f"Give {FOLDER_VARIABLE} a value, or unset it."
        return _filled(environ[FOLDER_VARIABLE], FOLDER_VARIABLE, remedy)
    if project is not None and project.migrations is not None:
        return Chosen(project.migrations, project.path)
    return Chosen(DEFAULT_FOLDER, "the default")


def choose_layout(
    option: str | None, environ: Mapping[str, str], project: Project | None
) -> Chosen:
    """
    Find whose folder it is; ours if nobody says otherwise.
    """
    if option is not None:
        return _filled(option, "--layout", "Name the layout, or leave --layout out.")
    if LAYOUT_VARIABLE in environ:
        remedy = f"Give {LAYOUT_VARIABLE} a value, or unset it."
        return _filled(environ[LAYOUT_VARIABLE], LAYOUT_VARIABLE, remedy)
    if project is not None and project.layout is not None:
        return Chosen(project.layout, project.path)
    return Chosen(DEFAULT_LAYOUT, "the default")


def choose_values(options: Mapping[str, str], project: Project | None) -> dict[str, str]:
    """
    Find what placeholders stand for: the command line has the last word.
    """
    return {**(project.values if project else {}), **options}


def choose_ledger(option: str | None, project: Project | None) -> LedgerName:
    """
    Find the ledger's name: ``table`` or ``schema.table``, taken as written.
    """
    if option is not None:
        return _read_ledger(option, "--ledger")
    if project is not None and project.ledger is not None:
        return _read_ledger(project.ledger, project.path)
    return LedgerName()


def _read_ledger(text: str, origin: str) -> LedgerName:
    schema, dot, table = text.strip().rpartition(".")
    if not table or "." in schema or bool(dot) != bool(schema) or '"' in text:
        raise ConfigError(
            f"{text!r} is not the name of a table (from {origin})",
            unchanged="Nothing was run.",
            remedy="Write it as table or schema.table, without quotes; it is taken as written.",
        )
    return LedgerName(table=table, schema=schema or None)
