"""
One performance of a `Rehearsal`, from its beginning, move by move.

Who moves is for somebody else to choose: `every_schedule`, or a state machine.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import TypeAlias

from .actors import Fault
from .rehearsal import Rehearsal

__all__ = ["Move", "Stage", "Stuck"]

Move: TypeAlias = tuple[int, Fault | None]
"""Who moves, by number, and what befalls it; None: it makes its next call."""


class Stuck(AssertionError):
    """
    Everybody waits for somebody else.
    """


class Stage:
    """
    One performance: a database, its actors, and who may move.
    """

    def __init__(self, rehearsal: Rehearsal) -> None:
        self.rehearsal = rehearsal
        self.database = rehearsal.database()
        names = [f"runner {number}" for number in range(1, rehearsal.runners + 1)]
        self.actors = [rehearsal.runner(name, self.database) for name in names]
        self.alive = len(self.actors)
        """How many had not ended when `moves` was last asked for."""
        self._last = 0
        self._met = False

    def moves(self, faults: Iterable[Fault]) -> list[Move]:
        """
        List the moves that may make a difference; the first one goes on with
        whoever moved last.

        A step that nobody else can notice is taken at once, and the first step
        that somebody can is the first runner's: the others are like it.

        Raises:
            Stuck: nobody can move, and somebody has not ended.
        """
        alive = [i for i, actor in enumerate(self.actors) if not actor.stepper.done]
        self.alive = len(alive)
        steps = self._steps()
        if alive and not steps:
            raise Stuck("; ".join(f"{a.name}: {a.at}" for a in self.actors))
        harm = [
            (i, fault)
            for i in ([steps[0]] if steps and self._is_private(steps[0]) else alive)
            for fault in faults
            if self.actors[i].can_suffer(fault)
        ]
        return [*((i, None) for i in steps), *harm]

    def ready(self) -> list[int]:
        """
        List who can move: time passes only while nothing else can happen.
        """
        alive = [i for i, actor in enumerate(self.actors) if not actor.stepper.done]
        return [i for i in alive if self._is_ready(i)] or self._first_to_wake(alive)

    def _steps(self) -> Sequence[int]:
        ready = sorted(self.ready(), key=lambda i: i != self._last)
        private = [i for i in ready if self._is_private(i)]
        return private[:1] or (ready if self._met else ready[:1])

    def _is_ready(self, actor: int) -> bool:
        pause = self.actors[actor].stepper.pause
        return pause is None or pause.ready()

    def _first_to_wake(self, alive: Sequence[int]) -> list[int]:
        pauses = ((i, self.actors[i].stepper.pause) for i in alive)
        asleep = [(pause.due, i) for i, pause in pauses if pause and pause.due]
        return [min(asleep)[1]] if asleep else []

    def _is_private(self, actor: int) -> bool:
        pause = self.actors[actor].stepper.pause
        return pause is None or not pause.shared

    def make(self, move: Move) -> None:
        """
        Let a move happen.
        """
        number, fault = move
        actor = self.actors[number]
        self._last = number
        self._met = self._met or not self._is_private(number)
        if fault is None:
            actor.stepper.step()
        elif orphan := actor.suffer(fault):
            self.actors.append(orphan)

    def fingerprint(self) -> int:
        """
        Hash everything that the rest of the performance depends on.
        """
        actors = tuple(actor.fingerprint() for actor in self.actors)
        return hash((self.database.fingerprint(), actors, self._met))

    def close(self) -> None:
        """
        Drop what has not ended.
        """
        for actor in self.actors:
            actor.stepper.drop()
