"""
What both probes are made of: everything but the waiting.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from time import monotonic

from .._defaults import utcnow
from .._session import dialect_of
from ..baselines import without_doubles
from ..dialects import Dialect
from ..errors import ConfigError
from ..model import Fault, Settings
from ..protocols import AsyncDriver, Clock, Source
from ..source import Folder
from .expected import Critical, Expected, expect
from .look import Looker
from .observation import Activity, Observation
from .policy import Policy
from .rules import Rule
from .verdict import Judge, Memo
from .visit import Visitor

__all__ = ["Parts", "assemble"]

_OF_A_VISIT = 0.91
_OF_WAITING = 0.94
"""What is left of the deadline is for bringing the answer home."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parts:
    """
    Args:
        driver: Opens sessions.

        patience: How long whoever asks waits for a visit, in seconds.

        allowed: How long a visit may take, in seconds.

        ttl: How long what was seen is good for, in seconds.

        judge: Makes the reports.

        activity: What this process itself does.
    """

    driver: AsyncDriver
    dialect: Dialect
    expected: Expected
    patience: float
    allowed: float
    ttl: float
    judge: Judge
    activity: Callable[[], Activity | None]
    now: Clock

    def visitor(self) -> Visitor:
        """
        Make a visitor who has not been there yet.
        """
        return Visitor(
            self.driver, Looker(self.dialect, self.expected, monotonic), monotonic, self.now
        )

    def memo(self) -> Memo:
        """
        Make an empty one.
        """
        return Memo(self.ttl)

    def failed(self, fault: Fault) -> Observation:
        """
        Say that nothing was seen, since nobody came back.
        """
        return Observation(
            checked_at=self.now(),
            fault=fault,
            expected=len(without_doubles(self.expected.migrations)),
        )


def assemble(
    driver: AsyncDriver,
    source: Source | str | os.PathLike[str],
    *,
    tables: Critical,
    settings: Settings,
    rules: Iterable[Rule],
    policy: Policy,
    deadline: float,
    ttl: float,
    activity: Callable[[], Activity | None] | None,
    now: Clock | None,
) -> Parts:
    """
    Read the folder, once, and put the parts together.

    Raises:
        SourceError: there is nothing to expect.

        ConfigError: a time is no time, or the driver's dialect is unknown.
    """
    if not (deadline > 0 and ttl >= 0):
        raise ConfigError(
            f"a health check cannot have a deadline of {deadline:g} s and a ttl of {ttl:g} s",
            remedy="Give seconds: a deadline above 0, a ttl of 0 or more.",
        )
    dialect = dialect_of(driver)
    origin = Folder(source) if isinstance(source, str | os.PathLike) else source
    expected = expect(origin, settings, tables, dialect.name)
    activity, now = activity or _nothing, now or utcnow
    return Parts(
        driver=driver,
        dialect=dialect,
        expected=expected,
        patience=deadline * _OF_WAITING,
        allowed=deadline * _OF_A_VISIT,
        ttl=ttl,
        judge=Judge(rules, policy, activity, now),
        activity=activity,
        now=now,
    )


def _nothing() -> Activity | None:
    return None
