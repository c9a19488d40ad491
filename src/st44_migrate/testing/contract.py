"""
The contract of a driver, as classes of tests: it is done when they pass.

A driver's tests subclass one of the two and say how a driver is made::

    class TestMyDriver(ConnectionContract):
        @pytest.fixture
        def open_driver(self, tmp_path):
            return lambda: nullcontext(MyDriver(tmp_path / "test.db"))

The context may open and close what the driver borrows; for an async driver it
is an async context, entered in the loop that runs the law.  The laws create and
drop the tables ``st44_contract`` and ``st44_contract_child``.
"""
# ruff: noqa: S101, D102 -- tests assert, and their names say what

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager, AbstractContextManager
from typing import ClassVar, TypeAlias

import pytest

pytest.register_assert_rewrite(
    "st44_migrate.testing._laws_of_run", "st44_migrate.testing._laws_of_sessions"
)

from .._bridge import lift_driver, run_blocking  # noqa: E402 -- after the line above
from ..errors import DriverError  # noqa: E402
from ..protocols import AsyncDriver, Driver  # noqa: E402
from . import _laws_of_run, _laws_of_sessions  # noqa: E402
from ._subject import SLOW, Law, Subject, disturb  # noqa: E402

__all__ = ["AsyncConnectionContract", "ConnectionContract", "OpenAsyncDriver", "OpenDriver"]

OpenDriver: TypeAlias = Callable[[], AbstractContextManager[Driver]]
"""Gives a context that yields a blocking driver, as often as it is called."""

OpenAsyncDriver: TypeAlias = Callable[[], AbstractAsyncContextManager[AsyncDriver]]
"""Gives an async context that yields an async driver."""

LAWS: tuple[Law, ...] = (*_laws_of_run.LAWS, *_laws_of_sessions.LAWS)
"""Every law, a coroutine over a `Subject`."""

_every_law = pytest.mark.parametrize("law", LAWS, ids=lambda law: law.__name__)

_PATIENCE = 30.0


class ConnectionContract:
    """
    The tests of a blocking driver.
    """

    slow_statement: ClassVar[str | None] = None
    """A statement that runs until it is stopped; needed for a dialect of your own."""

    defers: ClassVar[bool] = True
    """Whether the database knows ``DEFERRABLE INITIALLY DEFERRED``."""

    @pytest.fixture
    def open_driver(self) -> OpenDriver:
        """
        Say how a driver is made: to be overridden.
        """
        raise NotImplementedError

    def state_of(self, driver: Driver) -> object:
        """
        Return what a caller can tell of the connection that *driver* borrows:
        to be overridden where it borrows one.
        """
        return driver.describe()

    @_every_law
    def test_law(self, law: Law, open_driver: OpenDriver) -> None:
        with open_driver() as driver:
            run_blocking(_obey(law, lift_driver(driver), defers=self.defers))

    def test_what_was_borrowed_comes_back_as_it_was(self, open_driver: OpenDriver) -> None:
        with open_driver() as driver:
            before = self.state_of(driver)
            run_blocking(disturb(Subject(lift_driver(driver))))
            assert before == self.state_of(driver)

    def test_another_thread_can_cancel(self, open_driver: OpenDriver) -> None:
        done = threading.Event()
        with open_driver() as driver:
            conn = driver.connect(timeout=10.0, readonly=False, notice=_quiet)

            def nag() -> None:
                # Nobody knows when the statement has begun; idle, it is harmless.
                while not done.wait(0.02):
                    conn.cancel()

            nagging = threading.Thread(target=nag)
            nagging.start()
            try:
                with pytest.raises(DriverError) as caught:
                    conn.run([self.slow_statement or SLOW[conn.dialect]])
            finally:
                done.set()
                nagging.join()
            assert (caught.value.index, caught.value.lost) == (0, False)
            assert [tuple(row) for row in conn.fetch("SELECT 1")] == [(1,)]
            conn.close()


class AsyncConnectionContract:
    """
    The tests of an async driver: the same laws; see `ConnectionContract`.
    """

    slow_statement: ClassVar[str | None] = None
    defers: ClassVar[bool] = True

    @pytest.fixture
    def open_driver(self) -> OpenAsyncDriver:
        """
        Say how a driver is made: to be overridden.
        """
        raise NotImplementedError

    def state_of(self, driver: AsyncDriver) -> object:
        """
        See `ConnectionContract.state_of`.
        """
        return driver.describe()

    @_every_law
    def test_law(self, law: Law, open_driver: OpenAsyncDriver) -> None:
        async def check() -> None:
            async with open_driver() as driver:
                await _obey(law, driver, defers=self.defers)

        asyncio.run(check())

    def test_what_was_borrowed_comes_back_as_it_was(self, open_driver: OpenAsyncDriver) -> None:
        async def check() -> None:
            async with open_driver() as driver:
                before = self.state_of(driver)
                await disturb(Subject(driver))
                assert before == self.state_of(driver)

        asyncio.run(check())

    @pytest.mark.parametrize("after", [0.0, 0.001, 0.1])
    def test_a_cancelled_task_stops_the_database(
        self, after: float, open_driver: OpenAsyncDriver
    ) -> None:
        async def check() -> None:
            async with open_driver() as driver:
                conn = await driver.connect(timeout=10.0, readonly=False, notice=_quiet)
                slow = self.slow_statement or SLOW[conn.dialect]
                task = asyncio.ensure_future(conn.run([slow]))
                # Whether it is about to begin or well under way, the law is the same.
                await asyncio.sleep(after)
                task.cancel()
                with pytest.raises(asyncio.CancelledError):
                    await asyncio.wait_for(task, _PATIENCE)
                rows = await asyncio.wait_for(conn.fetch("SELECT 1"), _PATIENCE)
                assert [tuple(row) for row in rows] == [(1,)]
                await conn.close()

        asyncio.run(check())


def _quiet(severity: str, message: str, detail: str | None, hint: str | None) -> None:
    """
    Let the server talk.
    """
    del severity, message, detail, hint


async def _obey(law: Law, driver: AsyncDriver, *, defers: bool) -> None:
    await law(Subject(driver, defers=defers))
