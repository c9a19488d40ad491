"""
Coroutines driven by hand.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

import pytest

from st44_migrate.testing.stepping import Kind, Pause, Stepper, shield


async def three_calls(made: list[str], outcome: str = "done") -> str:
    for name in ("a", "b", "c"):
        await Pause(name)
        made.append(name)
    return outcome


def test_a_step_makes_one_call() -> None:
    """It returns where the coroutine stands then, and None at the end."""
    made: list[str] = []
    stepper = Stepper(three_calls(made))
    seen = []
    while not stepper.done:
        pause = stepper.step()
        seen.append((pause and pause.what, list(made)))
    assert seen == [("a", []), ("b", ["a"]), ("c", ["a", "b"]), (None, ["a", "b", "c"])]
    assert stepper.result() == "done"


def test_what_it_raised_is_its_result() -> None:
    """A cancellation too is kept until somebody asks."""

    async def fails() -> None:
        raise asyncio.CancelledError

    stepper = Stepper(fails())
    assert stepper.step() is None
    assert isinstance(stepper.error, asyncio.CancelledError)
    with pytest.raises(asyncio.CancelledError):
        stepper.result()


def test_an_error_is_thrown_in_instead_of_the_call() -> None:
    """The call that it stands before is not made."""
    made: list[str] = []
    stepper = Stepper(three_calls(made))
    stepper.step()
    stepper.step()
    stepper.throw(KeyError("b"))
    assert made == ["a"]
    assert isinstance(stepper.error, KeyError)


def test_what_is_dropped_makes_no_call_any_more() -> None:
    """Cleanup gets no further than its first call, as after kill -9."""
    made: list[str] = []

    async def careful() -> None:
        try:
            await three_calls(made)
        finally:
            made.append("cleanup begins")
            await Pause("cleanup")
            made.append("cleanup ends")

    stepper = Stepper(careful())
    stepper.step()
    stepper.step()
    stepper.drop()
    assert stepper.done
    assert made == ["a", "cleanup begins"]


def test_what_never_began_can_be_dropped() -> None:
    """Python has nothing to complain about: the coroutine is closed."""
    stepper = Stepper(three_calls([]))
    stepper.drop()
    assert stepper.done


def test_two_coroutines_take_turns() -> None:
    """Who goes on is up to the driver alone."""
    made: list[str] = []
    first, second = Stepper(three_calls(made)), Stepper(three_calls(made))
    for stepper in (first, second, first, first, second):
        stepper.step()
    assert made == ["a", "b", "a"]
    first.finish()
    second.finish()
    assert made == ["a", "b", "a", "c", "b", "c"]


def test_nobody_ends_a_wait_for_somebody_else() -> None:
    """Finishing alone says so instead of going round for ever."""

    async def waits() -> None:
        await Pause("a row", Kind.WAIT, ready=lambda: False)

    stepper = Stepper(waits())
    with pytest.raises(RuntimeError, match="nobody will end this wait: a row"):
        stepper.finish()
    stepper.drop()


def test_a_finished_coroutine_makes_no_step() -> None:
    """Asking for one is a mistake of the test."""
    stepper = Stepper(three_calls([]))
    stepper.finish()
    with pytest.raises(RuntimeError, match="has ended"):
        stepper.step()


def test_a_real_sleep_is_refused() -> None:
    """What needs an event loop cannot be driven by hand."""
    stepper = Stepper(asyncio.sleep(0))
    with pytest.raises(TypeError, match="cannot drive"):
        stepper.step()


def shielded(made: list[str]) -> Coroutine[Any, Any, None]:
    async def cleanup() -> None:
        await three_calls(made)

    return shield(cleanup)


@pytest.mark.parametrize("at", [1, 2, 3])
def test_a_shielded_cleanup_ends_before_the_cancellation_arrives(at: int) -> None:
    """Wherever in the cleanup it comes, every call is made, and it is raised then."""
    made: list[str] = []
    stepper = Stepper(shielded(made))
    for _ in range(at):
        stepper.step()
    stepper.throw(asyncio.CancelledError())
    assert len(made) == at - 1
    with pytest.raises(asyncio.CancelledError):
        stepper.finish()
    assert made == ["a", "b", "c"]


def test_any_other_error_reaches_the_cleanup() -> None:
    """A shield is against cancellation only."""
    made: list[str] = []
    stepper = Stepper(shielded(made))
    stepper.step()
    stepper.throw(KeyError("a"))
    assert isinstance(stepper.error, KeyError)
    assert made == []


def test_a_killed_cleanup_is_dropped() -> None:
    """A shield does not outlive its process."""
    made: list[str] = []
    stepper = Stepper(shielded(made))
    stepper.step()
    stepper.step()
    stepper.drop()
    assert made == ["a"]
