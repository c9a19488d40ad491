"""
Health as an ASGI application: no framework, no package.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import TYPE_CHECKING, Any, TypeAlias

from .answer import Question
from .respond import awaitable, respond_async
from .site import Site

if TYPE_CHECKING:
    from .answer import Answer
    from .respond import AnyChecker

__all__ = ["HealthASGI"]

Scope: TypeAlias = MutableMapping[str, Any]
Message: TypeAlias = MutableMapping[str, Any]
Receive: TypeAlias = Callable[[], Awaitable[Message]]
Send: TypeAlias = Callable[[Message], Awaitable[None]]
Application: TypeAlias = Callable[[Scope, Receive, Send], Awaitable[None]]


class HealthASGI:
    """
    Serves the health of a database, alone or in front of another application.

    Args:
        checker: An `AsyncHealthProbe`, or a `HealthProbe`, which is asked in a thread.

        site: Where what is served; ``show_details`` is given the scope.

        fallback: Who gets every other path, websockets and the lifespan.
    """

    def __init__(
        self, checker: AnyChecker, site: Site | None = None, fallback: Application | None = None
    ) -> None:
        self._checker = awaitable(checker)
        self._site = site or Site()
        self._fallback = fallback

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """
        Serve one request.
        """
        endpoint = self._site.endpoint(_path(scope)) if scope["type"] == "http" else None
        if endpoint is None and self._fallback is not None:
            await self._fallback(scope, receive, send)
        elif scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] == "http":
            question = Question(scope["method"], endpoint, _accept(scope))
            await _send(send, await respond_async(self._checker, self._site, question, scope))
        else:
            await send({"type": "websocket.close"})


def _path(scope: Scope) -> str:
    """
    Give the path below where the application is mounted.
    """
    path, root = str(scope["path"]), str(scope.get("root_path", "")).rstrip("/")
    return path.removeprefix(root) if path.startswith(f"{root}/") or path == root else path


def _accept(scope: Scope) -> str:
    values = [value for name, value in scope["headers"] if name == b"accept"]
    return b",".join(values).decode("latin-1")


async def _send(send: Send, answer: Answer) -> None:
    headers = [
        (name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in answer.headers
    ]
    await send({"type": "http.response.start", "status": answer.status, "headers": headers})
    await send({"type": "http.response.body", "body": answer.body})


async def _live(receive: Receive, send: Send) -> None:
    """
    Agree to start and to stop: there is nothing to prepare.
    """
    while True:
        message = await receive()
        await send({"type": f"{message['type']}.complete"})
        if message["type"] == "lifespan.shutdown":
            return
