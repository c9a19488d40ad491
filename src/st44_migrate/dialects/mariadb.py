"""
MariaDB 10.6 and later, and MySQL 8.

DDL commits by itself here, and what came before it: a file that has any runs
statement by statement, with its progress in the journal.  ``GET_LOCK`` keeps
runners apart; it belongs to the session, and to the whole server, so that its
name tells the database too.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from math import ceil, isinf
from typing import ClassVar

from ..model import Script
from .footing import Footing, Locking, Trouble, Types
from .standard import Standard

__all__ = ["MariaDB"]

_RESTORED = (
    "autocommit",
    "sql_mode",
    "foreign_key_checks",
    "unique_checks",
    "sql_safe_updates",
    "time_zone",
    "character_set_client",
    "character_set_results",
    "collation_connection",
    "innodb_lock_wait_timeout",
    "lock_wait_timeout",
)
"""Settings of a session that a file may change, or that a run does."""

_HOME = "database in use"

_NAME = r"(?:(?:`[^`]+`|[\w$]+)\s*\.\s*)?(?:`[^`]+`|[\w$]+)"
_CREATES = re.compile(
    rf"create\s+table\s+(?P<name>{_NAME})\s*\((?!.*\bselect\b)", re.IGNORECASE | re.DOTALL
)
_DROPS = re.compile(rf"drop\s+table\s+(?P<name>{_NAME})\s*$", re.IGNORECASE)
_REPEATABLE = re.compile(
    r"(?:create\s+or\s+replace|(?:create|drop)\s+[a-z ]+?\bif\s+(?:not\s+)?exists"
    r"|analyze|optimize|flush|lock\s+tables|unlock\s+tables)\b",
    re.IGNORECASE,
)


class MariaDB(Standard):
    """
    The texts and facts of MariaDB and MySQL; see `Dialect`.
    """

    name = "mariadb"
    now = "CURRENT_TIMESTAMP(6)"
    here = "DATABASE()"
    types = Types(
        "timestamp(6) NULL",
        "timestamp(6) NOT NULL DEFAULT CURRENT_TIMESTAMP(6)",
        # Compared to the byte, whatever the collation of somebody else's ledger.
        key="varchar(255) CHARACTER SET utf8mb4 COLLATE utf8mb4_bin",
        text="longtext",
    )
    required = "is_nullable = 'NO' AND column_default IS NULL AND extra = ''"
    locks_sessions = True
    troubles: ClassVar[Mapping[str, Trouble]] = {
        "1242": Trouble.RECORDED,
        **dict.fromkeys(("1146", "1054", "1049"), Trouble.MISSING),
        **dict.fromkeys(("1050", "1062", "1007"), Trouble.EXISTS),
        **dict.fromkeys(("1044", "1142", "1143", "1227", "1370"), Trouble.FORBIDDEN),
        **dict.fromkeys(("1290", "1792", "1836"), Trouble.READONLY),
        **dict.fromkeys(("1205", "1213", "1020", "3572"), Trouble.BUSY),
        **dict.fromkeys(("1317", "1969", "3024"), Trouble.CANCELLED),
    }

    def quote(self, name: str) -> str:
        return "`" + name.replace("`", "``") + "`"

    def literal(self, value: str | float | bool | None) -> str:
        # A backslash means what sql_mode says, a letter what SET NAMES said.
        if isinstance(value, str) and ("\\" in value or not value.isascii()):
            return f"_utf8mb4 x'{value.encode('utf-8', 'surrogatepass').hex()}'"
        return super().literal(value)

    def concat(self, *parts: str) -> str:
        return f"CONCAT({', '.join(parts)})"

    def as_text(self, column: str) -> str:
        return f"CAST({column} AS char(255))"

    def epoch(self, column: str) -> str:
        return f"CAST(UNIX_TIMESTAMP({column}) * 1000000 AS signed)"

    def elapsed(self, since: str) -> str:
        return f"TIMESTAMPDIFF(MICROSECOND, {since}, {self.now}) DIV 1000"

    def insert_unless_there(self, table: str, values: Mapping[str, str]) -> str:
        # Where a row is on its way, this waits, and a NOT EXISTS would not.
        columns = ", ".join(map(self.column, values))
        return f"INSERT IGNORE INTO {table} ({columns}) VALUES ({', '.join(values.values())})"

    # --- the session ---

    def about_session(self) -> Sequence[str]:
        ours = f"SELECT 'session', VERSION(), {self.as_text('CONNECTION_ID()')}, NULL, NULL"
        settings = ((name, self.as_text(f"@@SESSION.{name}")) for name in _RESTORED)
        # A file may say USE, and the ledger need not be in the database of the session.
        home = f"SELECT 'setting', '{_HOME}', DATABASE(), NULL, NULL"
        return (ours, home, *(f"SELECT 'setting', '{n}', {v}, NULL, NULL" for n, v in settings))

    def restore(
        self, footing: Footing, script: Script | None, *, key: int, pooled: bool
    ) -> Sequence[str]:
        settings = (
            f"{name} = {value if value.isdigit() else self.literal(value)}"
            for name, value in footing.session.settings
            if name != _HOME
        )
        home = (f"USE {self.quote(v)}" for n, v in footing.session.settings if n == _HOME and v)
        return (f"SET SESSION {', '.join(settings)}", "UNLOCK TABLES", *home)

    def unlimited(self) -> Sequence[str]:
        return (_waiting("DEFAULT"),)

    def begin(self, options: str, patience: float | None) -> Sequence[str]:
        begin = f"START TRANSACTION {options}".rstrip()
        return (begin,) if patience is None else (_waiting(_seconds(patience)), begin)

    def limit(self, lock_timeout: float) -> Sequence[str]:
        return (_waiting(_seconds(lock_timeout)),)

    # --- the runners' lock ---

    def locking(self, key: int) -> Locking:
        name = _lock(key)
        mine = f"IS_USED_LOCK({name}) = CONNECTION_ID()"
        holders = f"FROM information_schema.processlist p WHERE p.id = IS_USED_LOCK({name})"
        return Locking(
            take=f"SELECT CASE WHEN {mine} THEN 1 ELSE GET_LOCK({name}, 0) END",
            mine=f"SELECT 1 FROM (SELECT 1) one WHERE {mine}",
            anyone=f"SELECT 1 FROM (SELECT 1) one WHERE IS_USED_LOCK({name}) IS NOT NULL",
            holder=f"SELECT CAST(p.id AS char), NULL, p.user, NULL {holders}",
            free=f"SELECT RELEASE_LOCK({name})",
        )

    def worker(self, key: int | None) -> str:
        return "NULL" if key is None else f"IS_USED_LOCK({_lock(key)})"

    # --- statements that commit by themselves ---

    def evidence(self, statement: str) -> str | None:
        # The server does a DDL statement wholly or not at all, also when it crashes.
        if _REPEATABLE.match(statement):
            return "SELECT 0"
        if found := _CREATES.match(statement):
            return f"SELECT {self._has(found['name'])}"
        if found := _DROPS.match(statement):
            return f"SELECT NOT {self._has(found['name'])}"
        return None

    def _has(self, name: str) -> str:
        parts = [part.strip().strip("`") for part in re.findall(r"`[^`]+`|[\w$]+", name)]
        place = self.literal(parts[0]) if len(parts) > 1 else self.here
        return (
            "EXISTS (SELECT 1 FROM information_schema.tables"
            f" WHERE table_schema = {place} AND table_name = {self.literal(parts[-1])})"
        )


def _waiting(seconds: str) -> str:
    """
    Limit how long a statement waits for a lock, of rows or of a whole table.
    """
    return f"SET SESSION innodb_lock_wait_timeout = {seconds}, lock_wait_timeout = {seconds}"


def _seconds(wait: float) -> str:
    return "DEFAULT" if isinf(wait) else str(max(1, ceil(wait)))


def _lock(key: int) -> str:
    return f"'st44-migrate:{key}'"
