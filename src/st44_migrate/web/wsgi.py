"""
Health as a WSGI application: no framework, no package.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from .answer import Question
from .respond import blocking, respond
from .site import Site

if TYPE_CHECKING:
    from ..health import Checker

__all__ = ["HealthWSGI"]


class HealthWSGI:
    """
    Serves the health of a database, alone or in front of another application.

    Args:
        checker: A `HealthProbe`.

        site: Where what is served; ``show_details`` is given the environment.

        fallback: Who gets every other path.

    Raises:
        ConfigError: *checker* is an async one.
    """

    def __init__(
        self,
        checker: Checker,
        site: Site | None = None,
        fallback: Callable[..., Iterable[bytes]] | None = None,
    ) -> None:
        self._checker = blocking(checker, "WSGI")
        self._site = site or Site()
        self._fallback = fallback

    def __call__(
        self, environ: dict[str, Any], start_response: Callable[..., object]
    ) -> Iterable[bytes]:
        """
        Serve one request.
        """
        endpoint = self._site.endpoint(environ.get("PATH_INFO", ""))
        if endpoint is None and self._fallback is not None:
            return self._fallback(environ, start_response)
        question = Question(environ["REQUEST_METHOD"], endpoint, environ.get("HTTP_ACCEPT", ""))
        answer = respond(self._checker, self._site, question, environ)
        start_response(f"{answer.status} {_phrase(answer.status)}", [*answer.headers])
        return [answer.body]


def _phrase(status: int) -> str:
    # A policy may choose a status that has no name; a reason is required all the same.
    try:
        return HTTPStatus(status).phrase
    except ValueError:
        return "Health"
