"""
Every order in which runners can make their calls, with faults in between.

Two runners that make sixty calls each can do so in more orders than there are
seconds; but most of them come to the same.  A call that nobody else can notice
is made at once, and two schedules that lead to the same state (the database,
and all that each runner has heard) go on as one.  What is left can be tried
whole, by playing from the beginning again and again: a coroutine cannot be
copied.

The schedules that depart least from "each runs until it has to wait" come
first: most mistakes need one or two departures (a fault is one of them).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from .actors import Fault
from .rehearsal import Rehearsal
from .stage import Move, Stage, Stuck
from .verdict import verdict

__all__ = ["Explored", "ScheduleFailed", "every_schedule"]

_ENDLESS = 2_000
"""Moves after which a performance is taken for one that never ends."""

_TOLD = 40
"""Lines of the beginning and of the end of a long story that a message shows."""

_Path: TypeAlias = tuple[Move, ...]


class ScheduleFailed(AssertionError):
    """
    A schedule after which something is not as it must be.

    Args:
        wrong: What, in sentences.

        story: Who did what, in order.

        schedules: How many had been tried, this one included.
    """

    def __init__(self, wrong: Sequence[str], story: Sequence[str], schedules: int) -> None:
        told = story if len(story) <= 2 * _TOLD else [*story[:_TOLD], "  ...", *story[-_TOLD:]]
        lines = ("; ".join(wrong), f"in the {schedules}. schedule:", *told)
        super().__init__("\n".join(lines))
        self.wrong = tuple(wrong)
        self.story = tuple(story)
        self.schedules = schedules


@dataclass(slots=True)
class Explored:
    """
    What was tried.

    Args:
        schedules: Different schedules that were played.

        merged: How many of them came to a state that had been seen, from which
            all that can follow is tried already.

        steps: Moves made, over all of them.

        complete: Nothing was left out.
    """

    schedules: int = 0
    merged: int = 0
    steps: int = 0
    complete: bool = True


@dataclass(slots=True)
class _Search:
    """
    Paths to try, by the number of departures in them, and the states seen.
    """

    rehearsal: Rehearsal
    faults: Sequence[Fault]
    most: int
    todo: list[list[_Path]] = field(default_factory=lambda: [[()]])
    seen: set[int] = field(default_factory=set[int])
    explored: Explored = field(default_factory=Explored)


def every_schedule(
    rehearsal: Rehearsal,
    *,
    faults: Iterable[Fault] = (),
    most: int = 1,
    departures: int | None = None,
    limit: int | None = None,
) -> Explored:
    """
    Play *rehearsal* in every order, with every fault at every step.

    Args:
        rehearsal: What is played.

        faults: What may befall a runner.

        most: How many faults there are in one performance.

        departures: How often a schedule may depart from "each runs until it has
            to wait", faults included; None: as often as it can.

        limit: Stop after so many schedules; None: when all are done.

    Raises:
        ScheduleFailed: something went wrong in one of them.
    """
    search = _Search(rehearsal, tuple(faults), most)
    departed = 0
    while departed < len(search.todo):
        for path in search.todo[departed]:
            if limit is not None and search.explored.schedules >= limit:
                search.explored.complete = False
                return search.explored
            _play(search, path, departed)
        search.todo[departed].clear()
        departed += 1
        if departures is not None and departed > departures:
            search.explored.complete = departed >= len(search.todo)
            break
    return search.explored


def _play(search: _Search, prefix: _Path, departed: int) -> None:
    """
    Play one performance: *prefix*, then without further departures.
    """
    stage, path = Stage(search.rehearsal), list(prefix)
    search.explored.schedules += 1
    try:
        for move in prefix:
            stage.make(move)
        if _continue(search, stage, path, departed):
            wrong = verdict(stage)
        else:
            search.explored.merged += 1
            wrong = []
    except Stuck as stuck:
        wrong = [f"nobody can go on: {stuck}"]
    finally:
        search.explored.steps += len(path)
        stage.close()
    if wrong:
        raise ScheduleFailed(wrong, _story(search.rehearsal, path), search.explored.schedules)


def _continue(search: _Search, stage: Stage, path: list[Move], departed: int) -> bool:
    """
    Go on to the end, noting where else the schedule could have gone.

    Returns:
        False if it came to a state that was seen before.
    """
    suffered = sum(fault is not None for _, fault in path)
    faults = search.faults if suffered < search.most else ()
    alive = 0
    while moves := stage.moves(faults):
        if len(path) > _ENDLESS:
            raise Stuck("it never ends")
        if len(moves) > 1 or stage.alive != alive:
            alive = stage.alive
            state = hash((stage.fingerprint(), suffered))
            if state in search.seen:
                return False
            search.seen.add(state)
            if len(search.todo) == departed + 1:
                search.todo.append([])
            search.todo[departed + 1].extend((*path, other) for other in moves[1:])
        stage.make(moves[0])
        path.append(moves[0])
    return True


def _story(rehearsal: Rehearsal, path: Sequence[Move]) -> list[str]:
    """
    Tell a schedule in words, by playing it once more.
    """
    stage = Stage(rehearsal)
    lines: list[str] = []
    for number, fault in path:
        actor = stage.actors[number]
        at = " ".join(actor.at.split())[:110]
        if fault is not None:
            lines.append(f"  {actor.name}, before {at!r}: {fault.value}")
        elif not at.startswith("answer"):
            lines.append(f"  {actor.name}: {at}")
        stage.make((number, fault))
    lines += [f"  {a.name} ended with {a.stepper.error!r}" for a in stage.actors]
    stage.close()
    return lines
