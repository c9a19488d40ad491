"""
Who acts on a memory database, and what can befall them.
"""

from __future__ import annotations

from asyncio import CancelledError
from collections.abc import Coroutine, Iterable
from enum import Enum
from typing import Any

from ..errors import DriverError
from ..model import Version
from .memory_driver import MemoryDriver
from .stepping import Kind, Stepper

__all__ = ["Actor", "Fault"]


class Fault(Enum):
    """
    What befalls a runner, wherever it stands.
    """

    KILL = "killed, and the server notices at once"
    ABANDON = "killed, and the server finishes what it was sent"
    LOSE = "its session is terminated"
    CUT = "its connection is cut, and the server finishes what it was sent"
    CANCEL = "cancelled"
    FAIL = "its next statement fails"
    BUSY = "its next statement is the victim of a deadlock"


_LEAVES_WORK = frozenset({Fault.ABANDON, Fault.CUT})
_STATEMENT = frozenset({Kind.STATEMENT, Kind.WAIT})


class Actor:
    """
    A coroutine that works on a memory database.

    Args:
        name: For people.

        work: What it does.

        driver: How it gets at the database; None for a server that finishes
            what a client sent which is gone: nothing befalls that any more.

        versions: What it is to apply.
    """

    def __init__(
        self,
        name: str,
        work: Coroutine[Any, Any, Any],
        driver: MemoryDriver | None = None,
        versions: Iterable[Version] = (),
    ) -> None:
        self.name = name
        self.stepper: Stepper[Any] = Stepper(work)
        self.driver = driver
        self.versions = frozenset(versions)
        self.suffered: list[Fault] = []

    @property
    def at(self) -> str:
        """
        Say where it stands.
        """
        pause = self.stepper.pause
        return pause.what if pause else "the end" if self.stepper.done else "the beginning"

    def can_suffer(self, fault: Fault) -> bool:
        """
        Whether *fault* makes a difference where the actor stands.
        """
        pause = self.stepper.pause
        if pause is None or self.driver is None:
            return False
        if fault in _LEAVES_WORK:
            return any(c.unsent and not c.session.ended for c in self.driver.connections)
        if fault in {Fault.FAIL, Fault.BUSY}:
            return pause.kind in _STATEMENT
        if fault is Fault.LOSE:
            return any(not c.session.ended for c in self.driver.connections)
        return True

    def suffer(self, fault: Fault) -> Actor | None:
        """
        Let *fault* happen; return the server that goes on without its client.
        """
        if self.driver is None:
            raise ValueError("nothing befalls a server that nobody listens to")
        self.suffered.append(fault)
        self.driver.hear(fault)
        orphan = None
        if fault in _LEAVES_WORK:
            orphan = Actor(f"the server of {self.name}", self.driver.cut())
        if fault in {Fault.KILL, Fault.LOSE}:
            self.driver.end()
        if fault in {Fault.FAIL, Fault.BUSY}:
            self.driver.refuse(_refusal(fault, self.stepper))
        if fault in {Fault.KILL, Fault.ABANDON}:
            self.stepper.drop()
        elif fault is Fault.CANCEL:
            self.stepper.throw(CancelledError())
        elif fault is Fault.CUT:
            self.stepper.throw(DriverError("the connection is lost", sqlstate="08006", lost=True))
        else:
            self.stepper.step()
        return orphan

    def reported(self) -> tuple[Version, ...]:
        """
        List the versions that it says it has applied.
        """
        if self.driver is None or not self.stepper.done:
            return ()
        error = self.stepper.error
        report = getattr(error, "report", None) if error else self.stepper.result()
        # What was killed before its first call has nothing to say.
        return tuple(done.version for done in report.applied) if report else ()

    def fingerprint(self) -> object:
        """
        Tell all that its future depends on, beside the database.
        """
        if self.stepper.done:
            return repr(self.stepper.error), self.reported(), tuple(self.suffered)
        pause = self.stepper.pause
        ready = pause is None or pause.ready()
        heard, unsent = 0, 0
        if self.driver is not None:
            heard = self.driver.heard
            unsent = sum(len(c.unsent) for c in self.driver.connections)
        return self.at, ready, heard, unsent, tuple(self.suffered)


def _refusal(fault: Fault, stepper: Stepper[Any]) -> DriverError:
    if fault is Fault.FAIL:
        return DriverError("something went wrong in the server", sqlstate="XX000")
    if stepper.pause is not None and stepper.pause.kind is Kind.WAIT:
        return DriverError("canceling statement due to lock timeout", sqlstate="55P03")
    return DriverError("deadlock detected", sqlstate="40P01")
