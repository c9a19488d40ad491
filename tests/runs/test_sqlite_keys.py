"""
Foreign keys in SQLite (R10): a table rebuilt loses no row of its children, and
leaves no new violation behind.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from lending import Lent, lend
from st44_migrate import ApplyError
from targets import SQLITE, applied, write

SCHEMA = (
    "CREATE TABLE parent (id integer PRIMARY KEY, name text);\n"
    "CREATE TABLE child (id integer PRIMARY KEY,\n"
    "  parent_id integer NOT NULL REFERENCES parent (id) ON DELETE CASCADE);\n"
    "CREATE TABLE other (id integer PRIMARY KEY, parent_id integer REFERENCES parent (id));\n"
    "INSERT INTO parent VALUES (1, 'a'), (2, 'b'), (3, 'c');\n"
    "INSERT INTO child VALUES (10, 1), (20, 2), (30, 3);\n"
)
COPY = (
    "CREATE TABLE parent_new (id integer PRIMARY KEY, name text NOT NULL);\n"
    "INSERT INTO parent_new SELECT id, name FROM parent;\n"
    "DROP TABLE parent;\nALTER TABLE parent_new RENAME TO parent;\n"
)
REBUILDS = {
    "around the transaction": (
        f"PRAGMA foreign_keys = OFF;\nBEGIN;\n{COPY}COMMIT;\nPRAGMA foreign_keys = ON;\n"
    ),
    "inside the transaction": (
        f"BEGIN;\nPRAGMA foreign_keys=0;\n{COPY}PRAGMA foreign_keys(1);\nCOMMIT;\n"
    ),
    "without a transaction": f"PRAGMA main.Foreign_Keys=no;\n{COPY}",
    "with a check of its own": (
        f"PRAGMA foreign_keys=OFF;\nBEGIN;\n{COPY}PRAGMA foreign_key_check;\nCOMMIT;\n"
    ),
}


@pytest.fixture(params=SQLITE)
def kind(request: pytest.FixtureRequest) -> str:
    """
    Name each colour in turn.
    """
    return str(request.param)


@pytest.fixture(params=["on", "off"])
def lent(kind: str, request: pytest.FixtureRequest, sqlite_path: Path) -> Iterator[Lent]:
    """
    Lend a connection that enforces foreign keys, and one that does not.
    """
    with lend(kind, sqlite_path) as lent:
        lent.execute(f"PRAGMA foreign_keys = {request.param}")
        yield lent


@pytest.mark.parametrize("rebuild", REBUILDS.values(), ids=list(REBUILDS))
def test_a_rebuilt_table_loses_no_child(lent: Lent, folder: Path, rebuild: str) -> None:
    """
    Enforcement is off while the file runs, and then as the caller had it.
    """
    before = lent.state()
    write(folder, {"001_schema.sql": SCHEMA, "002_rebuild.sql": rebuild})
    assert applied(lent.apply(folder)) == ["001", "002"]
    assert lent.execute("SELECT * FROM child") == [(10, 1), (20, 2), (30, 3)]
    assert lent.execute("SELECT * FROM parent") == [(1, "a"), (2, "b"), (3, "c")]
    assert lent.execute("PRAGMA foreign_key_check") == []
    assert lent.state() == before


def test_a_file_after_a_rebuild_has_the_callers_enforcement(lent: Lent, folder: Path) -> None:
    """
    What one file sets does not reach the next.
    """
    (enforced,) = lent.execute("PRAGMA foreign_keys")[0]
    orphan = "INSERT INTO child VALUES (40, 4);\n"
    rebuild = REBUILDS["without a transaction"]
    write(folder, {"001_a.sql": SCHEMA, "002_b.sql": rebuild, "003_c.sql": orphan})
    if not enforced:
        assert applied(lent.apply(folder)) == ["001", "002", "003"]
        return
    with pytest.raises(ApplyError) as caught:
        lent.apply(folder)
    assert caught.value.sqlstate == "SQLITE_CONSTRAINT_FOREIGNKEY"
    assert caught.value.place is not None
    assert caught.value.place.line == 1


def test_old_violations_do_not_stop_a_rebuild(lent: Lent, folder: Path) -> None:
    """
    They were there before, and the file has nothing to do with them.
    """
    lent.apply(write(folder, {"001_schema.sql": SCHEMA}))
    spoil(lent)
    rebuild = REBUILDS["around the transaction"]
    write(folder, {"001_schema.sql": SCHEMA, "002_rebuild.sql": rebuild})
    assert applied(lent.apply(folder)) == ["002"]
    assert lent.execute("SELECT count(*) FROM child") == [(4,)]


def test_a_new_violation_is_refused_with_both_tables_and_the_count(
    lent: Lent, folder: Path
) -> None:
    """
    The copy forgets two parents: nothing of the file stays.  Corrected, it applies.
    """
    before = lent.state()
    forgetful = REBUILDS["around the transaction"].replace(
        "FROM parent;", "FROM parent WHERE id < 2;"
    )
    write(folder, {"001_schema.sql": SCHEMA, "002_rebuild.sql": forgetful})
    with pytest.raises(ApplyError) as caught:
        lent.apply(folder)
    error = caught.value
    assert "2 row(s) of child refer to a missing row of parent" in error.happened
    assert "rolled back whole" in error.unchanged
    assert applied(error.report) == ["001"]
    assert lent.state() == before
    assert lent.execute("SELECT count(*) FROM parent") == [(3,)]
    assert lent.execute("SELECT name FROM sqlite_master WHERE name LIKE '%new%'") == []
    fixed = REBUILDS["around the transaction"]
    write(folder, {"001_schema.sql": SCHEMA, "002_rebuild.sql": fixed})
    assert applied(lent.apply(folder)) == ["002"]
    assert lent.execute("SELECT count(*) FROM child") == [(3,)]


def test_an_old_violation_is_not_blamed_for_a_new_one(lent: Lent, folder: Path) -> None:
    """
    Only what the file did is in its error.
    """
    lent.apply(write(folder, {"001_schema.sql": SCHEMA}))
    spoil(lent)
    bad = "PRAGMA foreign_keys=OFF;\nINSERT INTO other VALUES (1, 77), (2, 78);\n"
    write(folder, {"001_schema.sql": SCHEMA, "002_bad.sql": bad})
    with pytest.raises(ApplyError) as caught:
        lent.apply(folder)
    assert "2 row(s) of other refer to a missing row of parent" in caught.value.happened
    assert "child" not in caught.value.happened


def test_a_reference_that_can_never_hold_does_not_stop_a_rebuild(lent: Lent, folder: Path) -> None:
    """
    A key that refers to columns that are not unique makes SQLite's check fail
    as a whole; that was so before, too.
    """
    lent.apply(write(folder, {"001_schema.sql": SCHEMA}))
    lent.execute("CREATE TABLE odd (id integer, name text REFERENCES parent (name))")
    lent.execute("PRAGMA foreign_keys = OFF")
    lent.execute("INSERT INTO odd VALUES (1, 'a')")
    commit(lent)
    rebuild = REBUILDS["around the transaction"]
    write(folder, {"001_schema.sql": SCHEMA, "002_rebuild.sql": rebuild})
    assert applied(lent.apply(folder)) == ["002"]
    assert lent.execute("SELECT count(*) FROM child") == [(3,)]


def test_a_deferred_key_fails_at_commit_and_leaves_nothing(kind: str, folder: Path) -> None:
    """
    The moment is said; the connection is out of its transaction and in use again.
    """
    bad = (
        "CREATE TABLE late (id integer REFERENCES parent (id) DEFERRABLE INITIALLY DEFERRED);\n"
        "INSERT INTO late VALUES (99);\n"
    )
    write(folder, {"001_schema.sql": SCHEMA, "002_late.sql": bad})
    with lend(kind, ":memory:") as lent:
        lent.execute("PRAGMA foreign_keys = ON")
        before = lent.state()
        with pytest.raises(ApplyError, match="at commit: ") as caught:
            lent.apply(folder)
        assert caught.value.place is None
        assert caught.value.sqlstate == "SQLITE_CONSTRAINT_FOREIGNKEY"
        assert lent.state() == before
        assert lent.execute("SELECT name FROM sqlite_master WHERE name = 'late'") == []


def spoil(lent: Lent) -> None:
    """
    Leave a child without its parent, as a program without enforcement does.
    """
    ((enforced,),) = lent.execute("PRAGMA foreign_keys")
    lent.execute("PRAGMA foreign_keys = OFF")
    lent.execute("INSERT INTO child VALUES (90, 9)")
    commit(lent)
    lent.execute(f"PRAGMA foreign_keys = {enforced}")


def commit(lent: Lent) -> None:
    if lent.loop is None:
        lent.conn.commit()
    else:
        lent.loop.run(lent.conn.commit())
