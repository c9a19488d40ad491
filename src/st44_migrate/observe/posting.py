"""
One body to one address over HTTP, tried again, and the address told to nobody.

The URL of a webhook is a password: who has it can write.  What urllib says in
its errors may hold it, so none of its texts gets out: `NotDelivered` has words
of ours, and no cause.
"""

from __future__ import annotations

import re
import ssl
import time
from collections.abc import Iterator
from dataclasses import dataclass
from http.client import HTTPException
from typing import TYPE_CHECKING
from urllib.error import HTTPError, URLError
from urllib.parse import urlsplit
from urllib.request import (
    HTTPDefaultErrorHandler,
    HTTPErrorProcessor,
    HTTPHandler,
    HTTPSHandler,
    OpenerDirector,
    ProxyHandler,
    Request,
)

from st44_migrate.errors import ConfigError

if TYPE_CHECKING:
    from st44_migrate.protocols import Sleep

__all__ = ["Address", "NotDelivered", "Post"]

_LONGEST_PAUSE = 30.0
"""Seconds: a server may ask for more, but then the message is not worth it."""


class NotDelivered(Exception):
    """
    Nobody took the message: the text says why, and has nothing of the address.
    """


class Address:
    """
    A URL that does not show itself.

    Raises:
        ConfigError: it is no http or https URL.
    """

    def __init__(self, url: str) -> None:
        if not _is_web(url):
            raise ConfigError(
                "the webhook's URL is not one that can be posted to",
                remedy="Give the whole of it, https://...; it is not shown here: it is a secret.",
            )
        self._url = url

    @property
    def host(self) -> str:
        """
        The host's name.
        """
        return urlsplit(self._url).hostname or ""

    def request(self, body: bytes) -> Request:
        """
        Make the request that posts *body*, which is JSON.
        """
        headers = {"Content-Type": "application/json", "User-Agent": "st44-migrate"}
        return Request(self._url, body, headers, method="POST")  # noqa: S310 - looked at above

    def __repr__(self) -> str:
        return "Address(...)"


def _is_web(url: str) -> bool:
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return False
    legible = re.fullmatch(r"[!-~]+", url) is not None
    return legible and parts.scheme in {"http", "https"} and bool(parts.hostname) and port != 0


@dataclass(frozen=True, slots=True)
class Post:
    """
    How a message is sent.

    Args:
        timeout: How long one attempt may wait for the other side, in seconds.

        attempts: How often to try in all.

        sleep: Pauses between attempts.
    """

    timeout: float = 5.0
    attempts: int = 3
    sleep: Sleep = time.sleep

    def send(self, address: Address, body: bytes) -> None:
        """
        Post *body*, again where that may help: the network, a 5xx, a 429.

        Raises:
            NotDelivered: it was not taken.
        """
        pauses = _pauses()
        for attempt in range(1, self.attempts + 1):
            refused = _attempt(address, body, self.timeout)
            if refused is None:
                return
            if not refused.transient or attempt == self.attempts:
                tries = "at once" if attempt == 1 else f"after {attempt} attempts"
                raise NotDelivered(f"{refused.reason}, given up {tries}")
            self.sleep(refused.pause if refused.pause is not None else next(pauses))


def _pauses() -> Iterator[float]:
    pause = 1.0
    while True:
        yield pause
        pause = min(2 * pause, _LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class _Refused:
    """
    Why an attempt failed; *pause* is what the server asked for, in seconds.
    """

    reason: str
    transient: bool = True
    pause: float | None = None


def _attempt(address: Address, body: bytes, timeout: float) -> _Refused | None:
    try:
        with _opener().open(address.request(body), timeout=timeout):
            return None
    except HTTPError as answer:
        answer.close()
        return _by_status(answer.code, answer.headers.get("Retry-After"))
    except URLError as error:
        return _by_cause(error.reason)
    except (OSError, HTTPException, ValueError) as error:
        return _by_cause(error)


def _opener() -> OpenerDirector:
    """
    Make an opener that follows no redirect: urllib would go on with a GET, and
    call that success.
    """
    opener = OpenerDirector()
    for kind in (
        *(ProxyHandler, HTTPHandler, HTTPSHandler),
        *(HTTPDefaultErrorHandler, HTTPErrorProcessor),
    ):
        opener.add_handler(kind())
    return opener


def _by_status(status: int, retry_after: str | None) -> _Refused:
    again = status == 429 or status >= 500
    seconds = retry_after or ""
    asked = float(seconds) if again and re.fullmatch(r"\d{1,9}", seconds) else None
    if asked is not None and asked > _LONGEST_PAUSE:
        return _Refused(f"it answered {status} and wants to be left alone", transient=False)
    return _Refused(f"it answered {status}", transient=again, pause=asked)


_WORDS: tuple[tuple[type[BaseException], str], ...] = (
    (TimeoutError, "it did not answer in time"),
    (ConnectionRefusedError, "the connection was refused"),
    (ssl.SSLCertVerificationError, "its certificate is not valid"),
    (ssl.SSLError, "no TLS connection could be made"),
    (ConnectionError, "the connection broke"),
    (HTTPException, "what it answered is not HTTP"),
)


def _by_cause(cause: object) -> _Refused:
    for kind, words in _WORDS:
        if isinstance(cause, kind):
            return _Refused(words, transient=kind is not ssl.SSLCertVerificationError)
    return _Refused("it could not be reached")
