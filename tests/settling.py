"""
A folder whose ledger needs settling, and what to look at afterwards.
"""

from __future__ import annotations

from targets import Target

FILES = {
    "007_one.sql": "CREATE TABLE one (id integer);\n",
    "021_two.sql": "CREATE TABLE two (id integer);\n",
    "022_three.sql": "CREATE TABLE three (id integer);\n",
}
EDITED = FILES | {"021_two.sql": "CREATE TABLE two (id bigint);\n"}
WITHOUT = {name: text for name, text in FILES.items() if name != "021_two.sql"}
DUPLICATE = FILES | {"21_other.sql": "CREATE TABLE other (id integer);\n"}


def reasons(target: Target) -> dict[str, str | None]:
    return dict(target.query("SELECT version, reason FROM schema_migrations_journal"))


def nothing_is_there(target: Target) -> bool:
    """
    Whether not even a ledger has appeared.
    """
    if target.is_postgres:
        return target.query("SELECT count(*) FROM pg_tables WHERE schemaname = 'public'") == [(0,)]
    return target.query("SELECT count(*) FROM sqlite_master") == [(0,)]
