"""
The state machine finds planted mistakes too, by chance.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test

from st44_migrate.batch import Envelope
from st44_migrate.items import Batch, Role
from st44_migrate.testing.machine import RunnerMachine
from st44_migrate.testing.memory_dialect import MemoryDialect
from st44_migrate.testing.rehearsal import Rehearsal

# The first mistake will do: what would be made of it by shrinking is not the point.
LOOKING = settings(
    max_examples=1_000,
    stateful_step_count=30,
    derandomize=True,
    database=None,
    report_multiple_bugs=False,
    deadline=None,
    phases=[Phase.generate],
    suppress_health_check=list(HealthCheck),
)


class Unguarded(MemoryDialect):
    def guard(self, *_: Any) -> Sequence[str]:
        return ()


class UnguardedMachine(RunnerMachine):
    rehearsal = Rehearsal(files=(), runners=0, pooled=True, dialect=Unguarded())
    kinds = ("tables",)


def test_a_missing_guard_is_found() -> None:
    """Two runners that nobody keeps apart run a file twice."""
    with pytest.raises(AssertionError, match="took effect more than once"):
        run_state_machine_as_test(UnguardedMachine, settings=LOOKING)


def test_a_record_after_the_commit_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """Already while it runs: ledger and journal say less than is there."""
    whole = Envelope.whole

    def later(self: Envelope, *args: Any) -> Batch:
        batch = whole(self, *args)
        record = [item for item in batch if item.role is Role.RECORD]
        return (*(item for item in batch if item.role is not Role.RECORD), *record)

    monkeypatch.setattr(Envelope, "whole", later)
    with pytest.raises(AssertionError, match=r"is not recorded|is running for the journal"):
        run_state_machine_as_test(RunnerMachine, settings=LOOKING)


def test_a_statement_that_is_not_announced_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """The journal says less than is there."""
    monkeypatch.setattr(Envelope, "announce", lambda *_: ())
    with pytest.raises(AssertionError, match=r"and the journal says|more than once"):
        run_state_machine_as_test(RunnerMachine, settings=LOOKING)
