"""
What the faults did: counted by the tests, printed at the end of a test run.

``ST44_WRITE_GUARANTEES=1 pytest tests/faults`` writes the counts into
``docs/guarantees-table.md`` as well; where a fault is new, leave out the test of
that page (``-k "not has_a_row"``).
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

__all__ = ["FAULTS", "FINE", "HEAD", "Outcome", "Tally", "judged"]

FAULTS = (
    "SQLite: eight processes start together",
    "SQLite: kill -9 before or after each exchange",
    "SQLite: kill -9 at a random moment",
    "SQLite: no page is left, each number of pages",
    "SQLite: no space is left on the device, each number of blocks",
    "SQLite: task cancelled at each exchange",
    "SQLite: timeout in the middle of a run",
    "PostgreSQL: eight processes start together",
    "PostgreSQL: kill -9 at a random moment",
    "PostgreSQL: kill -9 in the middle of an index build",
    "PostgreSQL: session ended before or after each exchange",
    "PostgreSQL: session ended at each statement",
    "PostgreSQL: server restarted in the middle of a run",
    "PostgreSQL: connection cut around COMMIT",
    "PostgreSQL: task cancelled at each exchange",
    "PostgreSQL: timeout in the middle of a run",
    "PostgreSQL: cancelled again and again while it cleans up",
)
"""Every fault that is counted; the page has a row for each."""

HEAD = """\
# Faults tried

Written by the tests in `tests/faults/`, with `ST44_WRITE_GUARANTEES=1`. One trial
is one run with the fault in it, and a plain run after it.

*Lost*: statements that did not take effect in the end. *Doubled*: statements that
took effect twice. *Stuck*: the plain run failed, or a lock was left.

"""


@dataclass(frozen=True)
class Outcome:
    """
    How many effects a trial has lost or doubled, and whether it got stuck.
    """

    lost: int = 0
    doubled: int = 0
    stuck: int = 0


FINE = Outcome()


def judged(expected: Iterable[object], seen: Iterable[object], *, stuck: bool = False) -> Outcome:
    """
    Compare the effects that should be there with those that are.
    """
    wanted, found = Counter(expected), Counter(seen)
    return Outcome(
        lost=(wanted - found).total(), doubled=(found - wanted).total(), stuck=int(stuck)
    )


@dataclass
class Tally:
    """
    The outcomes of each fault so far.
    """

    outcomes: dict[str, list[Outcome]] = field(default_factory=dict)

    def count(self, fault: str, outcomes: Sequence[Outcome]) -> None:
        """
        Count trials of a fault, before anything is asserted about them.
        """
        assert fault in FAULTS
        self.outcomes.setdefault(fault, []).extend(outcomes)

    def plain(self) -> dict[str, list[tuple[int, int, int]]]:
        """
        Give it as what can be sent to another process.
        """
        return {
            fault: [(one.lost, one.doubled, one.stuck) for one in of]
            for fault, of in self.outcomes.items()
        }

    def add_plain(self, counts: Mapping[str, Iterable[Sequence[int]]]) -> None:
        """
        Add what another process has counted.
        """
        for fault, of in counts.items():
            self.count(fault, [Outcome(*one) for one in of])

    @property
    def complete(self) -> bool:
        return set(self.outcomes) == set(FAULTS)

    def table(self) -> str:
        """
        Write a table with a row for each fault that was tried.
        """
        lines = ["| fault | tried | lost | doubled | stuck |", "|---|--:|--:|--:|--:|"]
        for fault in FAULTS:
            if (of := self.outcomes.get(fault)) is not None:
                sums = [sum(getattr(one, what) for one in of) for what in ("lost", "doubled")]
                cells = [len(of), *sums, sum(one.stuck for one in of)]
                lines.append(f"| {fault} | {' | '.join(map(str, cells))} |")
        return "\n".join(lines) + "\n"
