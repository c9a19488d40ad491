"""
Health in a Django project; the extra ``django``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from .._extras import missing

try:
    from django.http import HttpRequest, HttpResponse
    from django.urls import path
    from django.views.decorators.csrf import csrf_exempt
except ModuleNotFoundError as error:
    raise missing(error, __name__, "django") from error

from .answer import Answer, Question
from .respond import awaitable, is_async, respond, respond_async
from .site import Endpoint, Site

if TYPE_CHECKING:
    from .respond import AnyChecker

__all__ = ["health_urls"]


def health_urls(checker: AnyChecker, site: Site | None = None) -> list[Any]:
    """
    Make the patterns: ``urlpatterns = [*health_urls(probe), ...]``.

    Args:
        checker: A `HealthProbe`; an `AsyncHealthProbe` makes async views of it.

        site: Where what is served; ``show_details`` is given the `HttpRequest`.
    """
    chosen = site or Site()
    return [
        path(
            chosen.path(endpoint).removeprefix("/"),
            # A POST is answered with 405, and not with a lecture about tokens.
            csrf_exempt(_view(checker, chosen, endpoint)),
            name=f"health-{endpoint.name.lower()}",
        )
        for endpoint in Endpoint
    ]


def _view(checker: Any, site: Site, endpoint: Endpoint) -> Callable[[HttpRequest], Any]:
    def view(request: HttpRequest) -> HttpResponse:
        return _response(respond(checker, site, _question(request, endpoint), request))

    probe = awaitable(checker)

    async def async_view(request: HttpRequest) -> HttpResponse:
        question = _question(request, endpoint)
        return _response(await respond_async(probe, site, question, request))

    return async_view if is_async(checker) else view


def _question(request: HttpRequest, endpoint: Endpoint) -> Question:
    return Question(request.method or "", endpoint, request.headers.get("Accept", ""))


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.body, status=answer.status, headers=dict(answer.headers))
