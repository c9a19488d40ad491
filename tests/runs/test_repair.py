"""
What repair accepts, with its reason: an edit, a file that is gone, a statement in
doubt; and that it accepts nothing else.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from runs.wrapped import Window
from settling import EDITED, FILES, WITHOUT, nothing_is_there
from st44_migrate import ApplyError, ConfigError, PlanError
from st44_migrate.errors import DriverError
from st44_migrate.model import State
from targets import Target, applied, codes, write


def test_an_edit_is_accepted(target: Target, folder: Path) -> None:
    """
    The file's present text is what counts as applied from now on.
    """
    target.apply(write(folder, FILES))
    before = target.query("SELECT * FROM schema_migrations ORDER BY version")
    write(folder, EDITED)
    with pytest.raises(PlanError, match="has been edited since"):
        target.apply(folder)
    (status,) = target.repair(folder, "21", "it's \\ the same")
    assert (status.label, status.state) == ("021", State.APPLIED)
    assert codes(target.plan(folder)) == ["gap"]
    assert target.apply(folder).applied == ()
    record = target.show(folder, "021")
    assert record.applied_sql == EDITED["021_two.sql"]
    assert record.journal is not None
    assert record.journal.reason == "it's \\ the same"
    assert target.query("SELECT * FROM schema_migrations ORDER BY version") == before
    assert codes(target.plan(write(folder, FILES))) == ["edited", "gap"]


def test_a_missing_file_is_retired(target: Target, folder: Path) -> None:
    """
    It stays applied, nobody asks for its file, and its SQL is kept.
    """
    target.apply(write(folder, FILES))
    write(folder, WITHOUT)
    assert "diverged" in codes(target.plan(folder))
    (status,) = target.repair(folder, "021", "squashed")
    assert (status.version, status.name, status.state) == (21, "two", State.MISSING)
    assert codes(target.plan(folder)) == ["gap"]
    assert target.apply(folder).applied == ()
    record = target.show(folder, "021")
    assert record.applied_sql == FILES["021_two.sql"]
    assert record.file is None
    assert target.plan(write(folder, FILES)).errors == ()


def test_a_row_from_elsewhere_is_adopted(target: Target, folder: Path) -> None:
    """
    From then on the file is compared with what it was when it was adopted.
    """
    target.apply(write(folder, {"007_one.sql": FILES["007_one.sql"]}))
    target.execute("INSERT INTO schema_migrations (version, name) VALUES ('021', 'two')")
    write(folder, FILES)
    assert target.plan(folder).statuses[1].state is State.ELSEWHERE
    target.repair(folder, "21")
    assert target.plan(folder).statuses[1].state is State.APPLIED
    assert "edited" in codes(target.plan(write(folder, EDITED)))


def test_a_statement_in_doubt_is_gone_on_with(pg: Target, folder: Path) -> None:
    """
    The connection is lost as it is sent, and an index without a name leaves no
    evidence: repair says that it may be sent again, not that the file is applied.
    """
    pg.apply(write(folder, FILES))
    alone = "CREATE INDEX CONCURRENTLY ON one (id)"
    text = f"INSERT INTO one VALUES (1);\n{alone};\nINSERT INTO one VALUES (2);\n"
    write(folder, FILES | {"023_alone.sql": text})

    def lose(sent: str) -> None:
        if sent == alone:
            raise DriverError("the connection is gone", lost=True)

    with pytest.raises(ApplyError, match="the connection is gone"):
        pg.apply(folder, database=Window(before=lose).on(pg))
    with pytest.raises(PlanError, match="in doubt: statement 2 of 3"):
        pg.apply(folder)
    assert pg.plan(folder).statuses[-1].state is State.UNFINISHED
    (status,) = pg.repair(folder, "23", "it was not there")
    assert status.label == "023"
    assert status.state is not State.APPLIED
    assert pg.versions() == ["007", "021", "022"]
    assert applied(pg.apply(folder)) == ["023"]
    assert pg.query("SELECT id FROM one ORDER BY id") == [(1,), (2,)]


def test_there_may_be_nothing_to_repair(target: Target, folder: Path) -> None:
    """
    Neither in an unknown version, nor in a pending one, nor in one that failed and
    was rolled back: it would look like success.
    """
    write(folder, FILES | {"022_three.sql": "SELECT broken;\n"})
    with pytest.raises(ConfigError, match="nothing to repair"):
        target.repair(folder, "21")
    assert nothing_is_there(target)
    with pytest.raises(ApplyError):
        target.apply(folder)
    before = target.query("SELECT version, state, error, reason FROM schema_migrations_journal")
    for version in ("022", "99"):
        with pytest.raises(ConfigError, match="nothing to repair"):
            target.repair(folder, version)
    after = target.query("SELECT version, state, error, reason FROM schema_migrations_journal")
    assert sorted(map(str, after)) == sorted(map(str, before))
