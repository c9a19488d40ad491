"""
A database of each tool, adopted, and moved forward by one file.
"""

from __future__ import annotations

import pytest

from adoption.conftest import DONE, legacy_of
from dressing import dress
from recording import RECORDS
from st44_migrate import State
from st44_migrate.model import Found
from targets import applied, codes, labels

CASES = [
    (kind, tool)
    for tool, record in RECORDS.items()
    for kind, dialect in (("psycopg-async", "postgresql"), ("sqlite3", "sqlite"))
    if dialect in record.dialects
]


@pytest.mark.parametrize(("kind", "tool"), CASES)
def test_adopted_and_moved_forward(kind: str, tool: str, request: pytest.FixtureRequest) -> None:
    """First it is only shown; then it is written, the tool's table stays, one file is applied."""
    legacy = legacy_of(kind, tool, request)
    before = legacy.untouched()

    shown = legacy.adoption()
    assert (shown.tool, shown.table.rpartition(".")[2]) == (tool, legacy.record.table)
    assert [adopted.found for adopted in shown.versions] == [Found.APPLIED] * 2
    assert [
        adopted.name.endswith(one.title) for adopted, one in zip(shown.versions, DONE, strict=True)
    ]
    assert [adopted.verified for adopted in shown.versions] == [legacy.record.checks] * 2
    assert labels(shown.after) == [legacy.source.load()[-1].label]
    assert (shown.obstacles, shown.written, legacy.ours()) == ((), False, set())

    made = legacy.adopt()
    assert made.written
    assert made.versions == shown.versions
    assert str(made.ledger) in legacy.ours()
    assert legacy.untouched() == before

    plan = legacy.plan()
    assert set(codes(plan)) <= {"gap"}
    assert [status.state for status in plan.statuses] == [
        State.APPLIED,
        State.APPLIED,
        State.PENDING,
    ]
    if legacy.record.moments:
        moments = {status.applied_at for status in plan.statuses[:2]}
        assert {f"{when:%F %T}" for when in moments if when} == {"2024-05-28 21:47:28"}
    assert applied(legacy.apply()) == labels(plan)
    assert applied(legacy.apply()) == []
    assert legacy.target.query("SELECT i FROM two") == [(2,)]
    assert legacy.untouched() == before

    again = legacy.adopt()
    assert [adopted.found for adopted in again.versions] == [Found.KNOWN] * 2
    assert legacy.untouched() == before


@pytest.mark.parametrize(("kind", "tool"), [case for case in CASES if case[0] == "sqlite3"])
def test_what_was_adopted_is_watched(kind: str, tool: str, request: pytest.FixtureRequest) -> None:
    """A file that is edited later is refused, as if it had been applied here."""
    legacy = legacy_of(kind, tool, request)
    legacy.adopt()
    legacy.files.update(
        {
            name: text.replace("CREATE TABLE one (i", "CREATE TABLE one (j")
            for name, text in dress(legacy.record.layout, DONE[:1]).items()
        }
    )
    assert "edited" in codes(legacy.plan())
