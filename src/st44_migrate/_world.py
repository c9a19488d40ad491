"""
What a run acts through and is told: handed from function to function.

Everything that a test may want to replace is a field: the connection, the
clock, sleeping, chance, the shield.  Nothing here decides anything.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field

from .dialects import Dialect
from .events import Event
from .journal import Signature
from .model import Migration, Settings
from .plan import Reader
from .protocols import AsyncConnection, AsyncSleep, Attend, Clock, Ledger, Shield

__all__ = ["Current", "World", "backoff"]


@dataclass(slots=True)
class Current:
    """
    The migration that is running, and whether notices are news right now.
    """

    migration: Migration | None = None
    quiet: bool = False


@dataclass(frozen=True, slots=True)
class World:
    """
    Args:
        conn: The session: it works, and it holds the lock.

        read: Reads scripts, each once.

        emit: Tells the observer; never raises.

        chance: A number from 0 to 1, to spread waiting runners.

        shield: Runs a cleanup to its end while the task is being cancelled.

        attend: Does one thing, and looks at it meanwhile.

        second_session: Opens another session on the same database, to look only.
    """

    conn: AsyncConnection
    dialect: Dialect
    ledger: Ledger
    settings: Settings
    signature: Signature
    database: str
    read: Reader
    now: Clock
    sleep: AsyncSleep
    chance: Callable[[], float]
    shield: Shield
    attend: Attend
    second_session: Callable[[], Awaitable[AsyncConnection]]
    emit: Callable[[Event], None]
    current: Current = field(default_factory=Current)


def backoff(first: float, last: float, chance: Callable[[], float]) -> Iterator[float]:
    """
    Yield delays in seconds that double from *first* to *last*, each between
    half and all of its value.
    """
    delay = first
    while True:
        yield delay * (0.5 + chance() / 2)
        delay = min(delay * 2, last)
