"""
Laws of runs under random interference: see `RunnerMachine`.

How many examples there are, the profile says: HYPOTHESIS_PROFILE=deep looks long.
"""

from __future__ import annotations

import pytest

from st44_migrate.testing.machine import RunnerMachine
from st44_migrate.testing.rehearsal import Rehearsal

pytestmark = pytest.mark.property


class PooledMachine(RunnerMachine):
    """
    Behind a transaction pooler there is no lock, and no file that needs one.
    """

    rehearsal = Rehearsal(files=(), runners=0, pooled=True)
    kinds = ("tables", "records", "broken")


class BorrowingMachine(RunnerMachine):
    """
    The runners work on their callers' sessions.
    """

    rehearsal = Rehearsal(files=(), runners=0, borrowed=True)
    kinds = ("tables", "lenient", "unlocks", "broken")


TestRunner = RunnerMachine.TestCase
TestPooled = PooledMachine.TestCase
TestBorrowing = BorrowingMachine.TestCase
