"""
Ask the probe if the question needs it, and answer: the two colours of the same.
"""

from __future__ import annotations

import inspect
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeAlias

from ..errors import ConfigError
from ..health import AsyncChecker, Checker
from .answer import Answer, Question, answer, looks
from .site import Endpoint, Site

if TYPE_CHECKING:
    from ..health import HealthReport, Policy

__all__ = ["AnyChecker", "awaitable", "blocking", "is_async", "respond", "respond_async"]

AnyChecker: TypeAlias = Checker | AsyncChecker


def is_async(checker: AnyChecker) -> bool:
    """
    Whether *checker* has to be awaited.
    """
    return inspect.iscoroutinefunction(checker.check)


def blocking(checker: Checker, adapter: str) -> Checker:
    """
    Refuse a probe that *adapter*, which has no event loop, cannot await.

    Raises:
        ConfigError: it is one.
    """
    if is_async(checker):
        raise ConfigError(
            f"{adapter} cannot await a {type(checker).__name__}", remedy="Give it a HealthProbe."
        )
    return checker


def awaitable(checker: Any) -> AsyncChecker:
    """
    Make a probe of either colour one that can be awaited.
    """
    if is_async(checker):
        found: AsyncChecker = checker
        return found
    return _InThread(checker)


class _InThread:
    """
    A blocking probe, asked where it does not hold up the event loop.
    """

    def __init__(self, checker: Checker) -> None:
        self._checker = checker

    async def check(self, policy: Policy | None = None) -> HealthReport:
        from asyncio import to_thread

        return await to_thread(self._checker.check, policy)


def respond(checker: Checker, site: Site, question: Question, request: object) -> Answer:
    """
    Answer *question*; *request* is what ``show_details`` is asked about.
    """
    report, details = None, False
    if looks(question):
        details = _said(_shows(site, request))
        report = checker.check(_policy(site, question))
    return answer(question, report, site=site, details=details, now=datetime.now(UTC))


async def respond_async(
    checker: AsyncChecker, site: Site, question: Question, request: object
) -> Answer:
    """
    The same for an event loop.
    """
    report, details = None, False
    if looks(question):
        shows = _shows(site, request)
        details = bool(await shows) if inspect.isawaitable(shows) else bool(shows)
        report = await checker.check(_policy(site, question))
    return answer(question, report, site=site, details=details, now=datetime.now(UTC))


def _policy(site: Site, question: Question) -> Policy | None:
    return site.readiness if question.endpoint is Endpoint.READY else None


def _shows(site: Site, request: object) -> object:
    if callable(site.show_details):
        return site.show_details(request)
    return site.show_details == "always"


def _said(shows: object) -> bool:
    """
    Take an answer of ``show_details``, but no promise of one: that is always true.
    """
    if not inspect.isawaitable(shows):
        return bool(shows)
    if inspect.iscoroutine(shows):
        shows.close()
    raise ConfigError(
        "show_details is an async function, and nobody here can await it",
        remedy="Give a plain function, or serve the probe with ASGI.",
    )
