"""
Health in a Flask application; the extra ``flask``.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from .._extras import missing

try:
    from flask import Blueprint, Response, request
except ModuleNotFoundError as error:
    raise missing(error, __name__, "flask") from error

from .answer import METHODS, Question
from .respond import blocking, respond
from .site import Endpoint, Site

if TYPE_CHECKING:
    from ..health import Checker

__all__ = ["health_blueprint"]


def health_blueprint(
    checker: Checker, site: Site | None = None, *, name: str = "health"
) -> Blueprint:
    """
    Make a blueprint: ``app.register_blueprint(health_blueprint(probe))``.

    Args:
        checker: A `HealthProbe`.

        site: Where what is served; ``show_details`` is given Flask's ``request``.

        name: The blueprint's.

    Raises:
        ConfigError: *checker* is an async one.
    """
    served, probe = site or Site(), blocking(checker, "Flask")
    blueprint = Blueprint(name, __name__)
    for endpoint in Endpoint:
        blueprint.add_url_rule(
            served.path(endpoint),
            endpoint.name.lower(),
            _view(probe, served, endpoint),
            # All of them: what is not allowed is answered like all else, not by Flask.
            methods=METHODS,
            provide_automatic_options=False,
        )
    return blueprint


def _view(checker: Checker, site: Site, endpoint: Endpoint) -> Callable[[], Response]:
    def view() -> Response:
        question = Question(request.method, endpoint, request.headers.get("Accept", ""))
        answer = respond(checker, site, question, request)
        # As a list: of bytes Flask would count the length anew, and HEAD has none.
        return Response([answer.body], answer.status, list(answer.headers))

    return view
