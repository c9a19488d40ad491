"""
Statements of a memory database, read strictly, by a table of patterns.

Ours are recognised by their tables, which `MemoryDialect` marks with ``@``: one
that nobody understands is a mistake of this kit, not of a file.  A file's own
statement only has to begin with a verb of SQL; that it ran is all that counts.

>>> read_operation("CREATE INDEX CONCURRENTLY i ON t (c)").index
'i'
>>> read_operation('UPDATE @journal SET done = 1 WHERE version = "7"')
Update(table='journal', key='7', changes=(('done', 1),), of='', needs=(), returning='')
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import TypeAlias

from ..errors import DriverError
from .memory_operations import (
    Advisory,
    Control,
    Count,
    Create,
    Effect,
    Evidence,
    Guard,
    Inspect,
    Leftover,
    Nothing,
    Operation,
    Read,
    Vouch,
)
from .memory_reading import (
    read_insert,
    read_lock_question,
    read_own_record,
    read_pulse,
    read_record,
    read_select,
    read_take,
    read_update,
    read_upsert,
)

__all__ = ["parse", "read_operation"]

_VERBS = re.compile(
    r"(?:ALTER|ANALYZE|CREATE|DELETE|DROP|INSERT|SELECT|UPDATE|VACUUM)\b", re.IGNORECASE
)
_ALONE = re.compile(r"^CREATE DATABASE\b|^VACUUM\b|\bCONCURRENTLY\b", re.IGNORECASE)
_BUILDS = re.compile(
    r"CREATE INDEX CONCURRENTLY (?P<lenient>IF NOT EXISTS )?(?P<index>\w+)", re.IGNORECASE
)
_GIVES_AWAY = re.compile(r"\bpg_advisory_unlock_all\(\)", re.IGNORECASE)


def _index(statement: str) -> str | None:
    builds = _BUILDS.match(statement)
    return builds["index"] if builds else None


_Build: TypeAlias = Callable[[re.Match[str]], Operation]

_RULES: tuple[tuple[str, _Build], ...] = (
    (r"BEGIN|COMMIT|ROLLBACK", lambda m: Control(m[0].lower())),
    (r"RESET ALL|SET .*", lambda m: Nothing(m[0].split()[0])),
    (
        r"INSERT INTO @(?P<table>\w+) AS j \((?P<columns>[\w, ]+)\) VALUES \((?P<values>.*)\)"
        r" ON CONFLICT \(version\) DO (?P<action>NOTHING|UPDATE SET (?P<changes>[\w ,.=]+?))"
        r"(?: WHERE j\.state <> '(?P<spared>\w+)'"
        r"(?P<renews> OR coalesce\(j\.checksum, ''\) <> excluded\.checksum)?)?",
        read_upsert,
    ),
    (
        r"INSERT INTO @(?P<table>\w+) \((?P<columns>[\w, ]+)\) VALUES \((?P<values>.*)\)"
        r"(?: RETURNING \w+)?",
        read_insert,
    ),
    (
        r'UPDATE @(?P<table>\w+) (?P<changes>SET .*) WHERE version = (?P<key>"[^"]+")'
        r"(?: RETURNING (?P<returning>\w+))?",
        read_update,
    ),
    (
        r"INSERT INTO @(?P<table>\w+) \(version, name, applied_at\) SELECT (?P<values>.*)"
        r" WHERE NOT EXISTS \(SELECT 1 FROM @\w+ WHERE version IN \((?P<held>.*)\)\)",
        read_record,
    ),
    (
        r"INSERT INTO (?P<table>schema_migrations) \(version, name\)"
        r" VALUES \('(?P<version>\d+)', '(?P<name>\w+)'\)(?P<nothing> ON CONFLICT DO NOTHING)?",
        read_own_record,
    ),
    (
        r"GUARD (?P<lock>-?\d+) (?:@|\(SELECT version FROM @)(?P<table>\w+)"
        r"(?: WHERE state = '(?P<state>\w+)'\) r)? (?P<keys>\[.*\])",
        lambda m: Guard(m["table"], int(m["lock"]), tuple(json.loads(m["keys"])), m["state"]),
    ),
    (
        r"VOUCH (?P<lock>-?\d+) @(?P<table>\w+) (?P<keys>\[.*\])",
        lambda m: Vouch(m["table"], int(m["lock"]), tuple(json.loads(m["keys"]))),
    ),
    (
        r"SELECT (?P<columns>.*) FROM @(?P<ledger>\w+) l(?: FULL JOIN @(?P<journal>\w+) j)?",
        read_select,
    ),
    (
        r'SELECT (?P<columns>\w+(?:, \w+)*) FROM @(?P<table>\w+) WHERE version = (?P<key>"[^"]+")',
        lambda m: Read(
            tuple(f"j.{column}" for column in m["columns"].split(", ")),
            None,
            m["table"],
            json.loads(m["key"]),
        ),
    ),
    (
        r"SELECT count\(\*\) FROM @(?P<table>\w+) WHERE state = '(?P<state>\w+)'",
        lambda m: Count(m["table"], m["state"]),
    ),
    (
        r"INSPECT @(?P<ledger>\w+) @(?P<journal>\w+)",
        lambda m: Inspect(m["ledger"], m["journal"]),
    ),
    (r"PULSE @(?P<ledger>\w+) @(?P<journal>\w+) (?P<known>\[.*\])", read_pulse),
    (r"LEFTOVER OF (.*)", lambda m: Leftover(_index(m[1]))),
    (r"DISCARD (\w+)", lambda m: Leftover(m[1], drops=True)),
    (r"EVIDENCE OF (.*)", lambda m: Evidence(_index(m[1]))),
    (r"CREATE TABLE @(?P<table>\w+) \(.*\)", lambda m: Create(m["table"])),
    (r"SELECT (?:CASE .*)?pg_catalog\.pg_try_advisory_lock\((?P<lock>-?\d+)\).*", read_take),
    (
        r"SELECT pg_catalog\.pg_advisory_unlock\((-?\d+)\)",
        lambda m: Advisory("give", int(m[1])),
    ),
    (
        r"SELECT (?P<what>1|a\.pid.*?) FROM pg_catalog\.pg_locks .* AND l\.classid = (?P<high>\d+)"
        r" AND l\.objid = (?P<low>\d+) .*?(?P<mine>pg_backend_pid\(\))?",
        read_lock_question,
    ),
    (r"SELECT 1", lambda _: Nothing("SELECT 1")),
)

_PATTERNS = tuple((re.compile(pattern + r"\Z", re.DOTALL), build) for pattern, build in _RULES)


@lru_cache(maxsize=4096)
def read_operation(sql: str) -> Operation:
    """
    Say what a statement asks for.

    Raises:
        DriverError: a file's statement that no database would understand.

        AssertionError: a statement of ours that this kit does not understand.
    """
    for pattern, build in _PATTERNS:
        if found := pattern.match(sql):
            return build(found)
    if "@" in sql or "pg_catalog" in sql:
        raise AssertionError(f"the memory database does not understand {sql!r}")
    if not _VERBS.match(sql):
        raise DriverError(
            f'syntax error at or near "{sql.split(maxsplit=1)[0]}"', sqlstate="42601", offset=0
        )
    builds = _BUILDS.match(sql)
    return Effect(
        sql,
        alone=_ALONE.search(sql) is not None,
        unlocks=_GIVES_AWAY.search(sql) is not None,
        index=builds["index"] if builds else None,
        lenient=builds is not None and builds["lenient"] is not None,
    )


def parse(statements: Sequence[str]) -> None:
    """
    Find the first statement that no database would understand.

    Raises:
        DriverError: its *index* says which one it is.
    """
    for index, sql in enumerate(statements):
        try:
            read_operation(sql)
        except DriverError as error:
            error.index = index
            raise
