"""
An ordinary role is enough, and whatever role a session has, it keeps.
"""

from __future__ import annotations

from pathlib import Path

import pytest
from psycopg.conninfo import conninfo_to_dict

from runs.conftest import Login
from st44_migrate import ApplyError
from targets import Target, applied, write

FILES = {
    "001_t.sql": "CREATE TABLE t (id int);",
    "002_steps.sql": "CREATE INDEX CONCURRENTLY one ON t (id);\nCREATE TABLE u (id int);",
    "003_last.sql": "SET search_path = pg_catalog;\nCREATE TABLE public.v (id int);",
}
OWNERS = "SELECT DISTINCT tableowner FROM pg_tables WHERE schemaname = 'public'"


def role_in(conninfo: str) -> str:
    return str(conninfo_to_dict(conninfo)["user"])


def test_an_ordinary_role_is_enough(pg: Target, folder: Path, login: Login) -> None:
    """A role that may create in its schema and nothing else applies files of every kind."""
    conninfo = login()
    role = role_in(conninfo)
    pg.execute(f"GRANT ALL ON SCHEMA public TO {role}")
    assert applied(pg.apply(write(folder, FILES), database=conninfo)) == ["001", "002", "003"]
    assert pg.query(OWNERS) == [(role,)]
    assert pg.apply(folder, database=conninfo).skipped == 3
    with pytest.raises(ApplyError) as caught:
        pg.apply(write(folder, FILES | {"004_x.sql": "SELECT 1 / 0;"}), database=conninfo)
    assert caught.value.sqlstate == "22012"
    assert pg.journal()["4"] == "failed"


def test_a_login_that_works_as_another_role_stays_that_role(
    pg: Target, folder: Path, login: Login
) -> None:
    """ALTER ROLE login SET role = owner: all tables, ledger and journal among them, are the owner's."""
    conninfo, owner = login(), role_in(login(name="owner"))
    role = role_in(conninfo)
    pg.execute(
        f"GRANT {owner} TO {role}",
        f"ALTER ROLE {role} SET role = {owner}",
        f"GRANT ALL ON SCHEMA public TO {owner}",
    )
    files = FILES | {"004_who.sql": "CREATE TABLE who AS SELECT current_user::text AS name;"}
    assert len(pg.apply(write(folder, files), database=conninfo).applied) == 4
    assert pg.query(OWNERS) == [(owner,)]
    assert pg.query("SELECT name FROM who") == [(owner,)]


def test_a_role_that_a_file_takes_ends_with_it(pg: Target, folder: Path, login: Login) -> None:
    """A member may SET ROLE in a file; record, failure note and the next file are the member's."""
    conninfo, other = login(), role_in(login(name="other"))
    role = role_in(conninfo)
    pg.execute(f"GRANT {other} TO {role}", f"GRANT ALL ON SCHEMA public TO {role}, {other}")
    files = {
        "001_other.sql": f"SET ROLE {other};\nCREATE TABLE theirs (id int);",
        "002_mine.sql": "CREATE TABLE mine (id int);",
        "003_fail.sql": f"SET ROLE {other};\nSELECT 1 / 0;",
    }
    with pytest.raises(ApplyError):
        pg.apply(write(folder, files), database=conninfo)
    assert dict(
        pg.query("SELECT tablename, tableowner FROM pg_tables WHERE schemaname = 'public'")
    ) == {
        "theirs": other,
        "mine": role,
        "schema_migrations": role,
        "schema_migrations_journal": role,
    }
    assert pg.journal() == {"1": "applied", "2": "applied", "3": "failed"}
