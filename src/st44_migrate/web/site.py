"""
What is served where, and to whom how much of it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import Enum
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from ..errors import ConfigError
from ..health import READINESS, Policy

if TYPE_CHECKING:
    from ..health import HealthReport
    from ..observe.metrics import Family

__all__ = ["Answer", "Details", "Endpoint", "Site"]

Kind: TypeAlias = tuple[str, "Endpoint", str, bool]
"""Of an answer: the method, what was asked for, the media type, whether with details."""

Details: TypeAlias = Literal["always", "never"] | Callable[[Any], Any]
"""Who is shown more than the status; a function is given the framework's request."""


class Endpoint(Enum):
    """
    What can be asked for; the value is what its path has after the prefix.
    """

    ALIVE = ""
    """Whether the process answers.  Never looks at the database."""

    DATABASE = "/database"
    """The whole report."""

    READY = "/ready"
    """The same, judged as a readiness probe wants it: behind is 503."""

    METRICS = "/metrics"
    """The same in numbers, for Prometheus."""


@dataclass(frozen=True, slots=True)
class Answer:
    """
    What to send back.  *headers* are complete; *body* is empty for HEAD.
    """

    status: int
    headers: tuple[tuple[str, str], ...]
    body: bytes


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """
    The choices that all adapters share.

    Args:
        prefix: Where it all lies, ``"/health"``; ``""`` is the root.

        show_details: ``"always"``, ``"never"``, or a function of the request:
            whether the answer has more than the status.

        readiness: How ``/health/ready`` judges.

        release: The application's own version, for ``application/health+json``.

        metrics: What ``/health/metrics`` has beside the report, a `RunMetrics`
            for instance.

    Raises:
        ConfigError: *prefix* or *show_details* is not one of these.
    """

    prefix: str = "/health"
    show_details: Details = "always"
    readiness: Policy = READINESS
    release: str | None = None
    metrics: tuple[Iterable[Family], ...] = ()
    _endpoints: dict[str, Endpoint] = field(init=False, repr=False, compare=False)
    # The last answer of each kind, and the report that it tells of.
    given: dict[Kind, tuple[HealthReport, Answer]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        if self.prefix and (not self.prefix.startswith("/") or self.prefix.endswith("/")):
            raise ConfigError(
                f"{self.prefix!r} is no prefix of a path", remedy='Write it like "/health".'
            )
        if self.show_details not in {"always", "never"} and not callable(self.show_details):
            raise ConfigError(
                f"show_details={self.show_details!r} says nothing",
                remedy='Write "always", "never", or give a function of the request.',
            )
        object.__setattr__(self, "_endpoints", {self.path(end): end for end in Endpoint})
        object.__setattr__(self, "given", {})

    def path(self, endpoint: Endpoint) -> str:
        """
        Say where *endpoint* lies.
        """
        return f"{self.prefix}{endpoint.value}" or "/"

    def endpoint(self, path: str) -> Endpoint | None:
        """
        Say what lies at *path*; a slash at its end does not matter.
        """
        return self._endpoints.get(path) or self._endpoints.get(path.rstrip("/") or "/")
