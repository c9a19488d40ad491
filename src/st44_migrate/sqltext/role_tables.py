"""
The statements that matter to a transaction, one table for each database.

A row is: the first words it is for; a pattern for what follows the first word;
the role; what to call the statement, if not by its first word.  The pattern is
matched against a `phrase`, in which words are in lower case, tokens are one
blank apart, and ``?`` stands for what is quoted: no string, comment or quoted
name can look like a keyword.  The first row that matches decides.
"""

from __future__ import annotations

from typing import TypeAlias

from .roles import Role

__all__ = ["GENERIC", "MARIADB", "POSTGRESQL", "SQLITE", "Row"]

Row: TypeAlias = tuple[str, str, Role, str]

_WORK = r"(?: work| transaction)?"

_POSTGRESQL_TRANSACTIONS: tuple[Row, ...] = (
    ("begin", rf"{_WORK}(?P<options>(?: .*)?)$", Role.BEGIN, ""),
    ("start", r" transaction(?P<options>(?: .*)?)$", Role.BEGIN, "START TRANSACTION"),
    ("commit end", rf"{_WORK}(?: and no chain)?$", Role.COMMIT, ""),
    ("commit end rollback abort", rf"{_WORK} and chain$", Role.REFUSED, "AND CHAIN"),
    ("commit rollback", r" prepared ", Role.ALONE, "COMMIT or ROLLBACK PREPARED"),
    ("rollback", rf"{_WORK} to ", Role.SAVEPOINT, "ROLLBACK TO"),
    ("rollback abort", rf"{_WORK}(?: and no chain)?$", Role.REFUSED, "ROLLBACK"),
    ("savepoint release", r" ", Role.SAVEPOINT, ""),
    ("prepare", r" transaction ", Role.REFUSED, "PREPARE TRANSACTION"),
    ("start commit end rollback abort", r"", Role.REFUSED, ""),
    ("set", r"(?: local| session)? transaction(?P<options> .*)$", Role.OPTIONS, "SET TRANSACTION"),
    ("set", r" session characteristics ", Role.REFUSED, "SET SESSION CHARACTERISTICS"),
    # SET LOCAL and SET CONSTRAINTS do nothing outside a transaction.
    ("set", r" (?!local |constraints )", Role.SETTING, ""),
    ("reset", r" ", Role.SETTING, ""),
    # As pg_dump writes it.
    ("select", r"(?: pg_catalog \.)? set_config \( \? , \? , false \)$", Role.SETTING, "SET"),
)

# What PreventInTransactionBlock() guards in the server.  Text does not show all
# of it: CLUSTER and REINDEX of a partitioned table look like those of any other.
_POSTGRESQL_ALONE: tuple[Row, ...] = (
    ("create", r"(?: unique)? index concurrently\b", Role.ALONE, "CREATE INDEX CONCURRENTLY"),
    ("drop", r" index concurrently\b", Role.ALONE, "DROP INDEX CONCURRENTLY"),
    ("create", r" database\b", Role.ALONE, "CREATE DATABASE"),
    ("drop", r" database\b", Role.ALONE, "DROP DATABASE"),
    ("create", r" tablespace\b", Role.ALONE, "CREATE TABLESPACE"),
    ("drop", r" tablespace\b", Role.ALONE, "DROP TABLESPACE"),
    ("alter", r" database \S+ set tablespace\b", Role.ALONE, "ALTER DATABASE ... SET TABLESPACE"),
    ("alter", r" system\b", Role.ALONE, "ALTER SYSTEM"),
    (
        "alter",
        r" table .*?detach partition \S+ (?:\. \S+ )*concurrently\b",
        Role.ALONE,
        "DETACH PARTITION ... CONCURRENTLY",
    ),
    (
        "create",
        r" subscription\b(?!.*\b(?:create_slot|connect) = (?:false|off|0)\b)",
        Role.ALONE,
        "CREATE SUBSCRIPTION",
    ),
    (
        "alter",
        r" subscription \S+ (?:refresh|(?:add|drop|set) publication)\b"
        r"(?!.*\brefresh = (?:false|off|0)\b)",
        Role.ALONE,
        "ALTER SUBSCRIPTION",
    ),
    (
        "alter",
        r" subscription \S+ set \(.*\b(?:failover|two_phase)\b",
        Role.ALONE,
        "ALTER SUBSCRIPTION",
    ),
    ("drop", r" subscription\b", Role.ALONE, "DROP SUBSCRIPTION"),
    ("reindex", r"(?: \( [^)]*\))? (?:database|schema|system)\b", Role.ALONE, ""),
    ("reindex", r"(?: \( [^)]*\))? (?:index|table) concurrently\b", Role.ALONE, ""),
    ("reindex", r" \( [^)]*\bconcurrently\b(?! (?:false|off|0)\b)", Role.ALONE, ""),
    ("cluster", r"(?: verbose| \( [^)]*\))?$", Role.ALONE, "CLUSTER"),
    ("vacuum", r"", Role.ALONE, ""),
    ("discard", r" all$", Role.ALONE, "DISCARD ALL"),
)

POSTGRESQL = (*_POSTGRESQL_TRANSACTIONS, *_POSTGRESQL_ALONE)

_NAMED = r"(?: transaction(?: \S+)?)?"

SQLITE: tuple[Row, ...] = (
    ("begin", rf"(?: deferred| immediate| exclusive)?{_NAMED}$", Role.BEGIN, ""),
    ("commit end", rf"{_NAMED}$", Role.COMMIT, ""),
    ("rollback", rf"{_NAMED} to ", Role.SAVEPOINT, "ROLLBACK TO"),
    ("rollback", rf"{_NAMED}$", Role.REFUSED, ""),
    ("savepoint release", r" ", Role.SAVEPOINT, ""),
    ("begin commit end rollback", r"", Role.REFUSED, ""),
    ("vacuum attach detach", r"", Role.ALONE, ""),
    ("pragma", r"", Role.PRAGMA, ""),
)

GENERIC: tuple[Row, ...] = (
    ("begin", rf"{_WORK}$", Role.BEGIN, ""),
    ("start", r" transaction$", Role.BEGIN, "START TRANSACTION"),
    ("commit end", rf"{_WORK}$", Role.COMMIT, ""),
    ("rollback", rf"{_WORK} to ", Role.SAVEPOINT, "ROLLBACK TO"),
    ("rollback", rf"{_WORK}$", Role.REFUSED, ""),
    ("savepoint release", r" ", Role.SAVEPOINT, ""),
    ("begin start commit end rollback", r"", Role.REFUSED, ""),
)

# What is not listed here commits by itself, and with it whatever came before.
MARIADB: tuple[Row, ...] = (
    ("insert update delete replace select with table values", r"", Role.PLAIN, ""),
    ("do show explain", r"", Role.PLAIN, ""),
    ("create drop", r" temporary table\b", Role.PLAIN, ""),
    ("begin", rf"{_WORK}$", Role.BEGIN, ""),
    ("start", r" transaction(?P<options>(?: read write)?)$", Role.BEGIN, "START TRANSACTION"),
    ("commit", rf"{_WORK}(?: and no chain)?(?: no release)?$", Role.COMMIT, ""),
    ("commit rollback", rf"{_WORK} and chain", Role.REFUSED, "AND CHAIN"),
    ("rollback", rf"{_WORK} to ", Role.SAVEPOINT, "ROLLBACK TO"),
    ("rollback", rf"{_WORK}$", Role.REFUSED, "ROLLBACK"),
    ("savepoint release", r" ", Role.SAVEPOINT, ""),
    ("begin start commit rollback xa", r"", Role.REFUSED, ""),
    ("set", r" (?:.* )?autocommit\b", Role.REFUSED, "SET autocommit"),
    ("set", r" (?:password|role|default role|global|transaction|@ @ global)\b", Role.ALONE, ""),
    ("set use", r" ", Role.SETTING, ""),
    ("create drop alter truncate rename grant revoke call", r"", Role.ALONE, ""),
)
