"""
Health in a FastAPI application, with its place in the OpenAPI document; the
extra ``fastapi``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._extras import missing

try:
    from fastapi import APIRouter, Request, Response
except ModuleNotFoundError as error:
    raise missing(error, __name__, "fastapi") from error

from .answer import METHODS
from .schema import SUMMARIES, responses
from .site import Endpoint, Site
from .starlette import Served

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from .respond import AnyChecker

__all__ = ["health_router"]


def health_router(
    checker: AnyChecker, site: Site | None = None, *, tag: str = "health"
) -> APIRouter:
    """
    Make a router: ``app.include_router(health_router(probe))``.

    Args:
        checker: An `AsyncHealthProbe`, or a `HealthProbe`, which is asked in a thread.

        site: Where what is served; ``show_details`` is given the `Request`.

        tag: Under which the OpenAPI document lists it.
    """
    chosen = site or Site()
    router = APIRouter(tags=[tag])
    for endpoint in Endpoint:
        view = _view(Served(checker, chosen, endpoint))
        router.add_api_route(
            chosen.path(endpoint),
            view,
            methods=["GET"],
            summary=SUMMARIES[endpoint],
            responses=responses(endpoint),
            response_class=Response,
            name=f"health-{endpoint.name.lower()}",
        )
        # Through the same door, so that the application's dependencies guard it too.
        router.add_api_route(
            chosen.path(endpoint),
            view,
            methods=[method for method in METHODS if method != "GET"],
            include_in_schema=False,
        )
    return router


def _view(served: Served) -> Callable[[Request], Awaitable[Response]]:
    async def view(request: Request) -> Response:
        return await served.respond(request)

    return view
