"""
Health in a Starlette application.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._extras import missing

try:
    from starlette.requests import Request
    from starlette.responses import Response
    from starlette.routing import Route
except ModuleNotFoundError as error:
    raise missing(error, __name__, "fastapi") from error

from .answer import Question
from .respond import awaitable, respond_async
from .site import Endpoint, Site

if TYPE_CHECKING:
    from starlette.types import Receive, Scope, Send

    from .respond import AnyChecker

__all__ = ["Served", "health_routes"]


def health_routes(checker: AnyChecker, site: Site | None = None) -> list[Route]:
    """
    Make the routes: ``Starlette(routes=[*health_routes(probe), ...])``.

    Args:
        checker: An `AsyncHealthProbe`, or a `HealthProbe`, which is asked in a thread.

        site: Where what is served; ``show_details`` is given the `Request`.
    """
    served = site or Site()
    return [
        Route(
            served.path(endpoint),
            # An application, not a function: Starlette gives it every method.
            Served(checker, served, endpoint),
            name=f"health-{endpoint.name.lower()}",
        )
        for endpoint in Endpoint
    ]


class Served:
    """
    One endpoint, as an ASGI application or for a function that has the request.
    """

    def __init__(self, checker: AnyChecker, site: Site, endpoint: Endpoint) -> None:
        self._checker = awaitable(checker)
        self._site = site
        self._endpoint = endpoint

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Serve one request.
        """
        response = await self.respond(Request(scope, receive))
        await response(scope, receive, send)

    async def respond(self, request: Request) -> Response:
        """
        Answer *request*.
        """
        accept = ",".join(request.headers.getlist("accept"))
        question = Question(request.method, self._endpoint, accept)
        answer = await respond_async(self._checker, self._site, question, request)
        return Response(answer.body, answer.status, dict(answer.headers))
