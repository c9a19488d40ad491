"""
The strategies give what they say, and a run copes with all of it.
"""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate.model import Migration
from st44_migrate.plan import Reader, make_plan
from st44_migrate.testing import strategies
from st44_migrate.testing.rehearsal import Rehearsal
from st44_migrate.testing.samples import SampleFile
from st44_migrate.testing.stage import Stage
from st44_migrate.testing.verdict import verdict

pytestmark = pytest.mark.property

READ = Reader("postgresql")


@given(strategies.folders())
def test_every_statement_belongs_to_one_file(files: tuple[SampleFile, ...]) -> None:
    """That is what lets a log of statements speak of files."""
    statements = [statement for file in files for statement in file.statements]
    assert len(statements) == len(set(statements))
    assert [file.version for file in files] == sorted({file.version for file in files})


@given(strategies.folders())
def test_a_sample_says_what_the_lexer_says(files: tuple[SampleFile, ...]) -> None:
    """Its statements, and whether it is transactional, read from the text."""
    for file in files:
        (migration,) = Rehearsal(files=(file,)).migrations
        script = READ(migration)
        assert tuple(statement.text for statement in script.statements) == file.statements
        assert script.transactional == file.transactional


@given(strategies.migrations())
def test_migrations_are_ordered(migrations: Sequence[Migration]) -> None:
    """As a source gives them."""
    assert [m.version for m in migrations] == sorted(m.version for m in migrations)


@given(st.data())
def test_a_history_leaves_the_rest_pending(data: st.DataObject) -> None:
    """It is of the first files of a folder; nothing is wrong with it."""
    files = data.draw(strategies.folders())
    history = data.draw(strategies.histories(files))
    plan = make_plan(Rehearsal(files=files).migrations, history, read=READ)
    held = [entry.version for entry in history.entries]
    pending = [found.migration.version for found in plan.pending]
    assert held + pending == [file.version for file in files]
    assert plan.errors == ()


@given(st.data())
def test_a_run_finishes_what_a_history_began(data: st.DataObject) -> None:
    """Whatever was applied before, by whomever, each file has taken effect once."""
    files = data.draw(strategies.folders())
    history = data.draw(st.none() | strategies.histories(files))
    stage = Stage(Rehearsal(files=files, history=history, runners=1))
    stage.actors[0].stepper.finish()
    assert verdict(stage) == []
