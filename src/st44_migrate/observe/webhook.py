"""
How a run ended, and how the database is, told to Slack, Discord or any address that takes JSON.
"""

from __future__ import annotations

import json
import logging
import threading
from collections.abc import Callable, Collection
from typing import TYPE_CHECKING

from st44_migrate.errors import ConfigError

from .messages import FORMS, STATUSES, form_of, message_of, message_of_change
from .posting import Address, NotDelivered, Post

if TYPE_CHECKING:
    from types import TracebackType
    from typing import Self

    from st44_migrate.events import Event

    from .messages import Form, Message
    from .watch import StatusChange

__all__ = ["WebhookObserver"]


class WebhookObserver:
    """
    Posts how a run ended.  A run does not wait for that, nor suffer from it.

    Messages are sent one after the other in a thread; the interpreter does not
    exit before they are sent or given up.  One that nobody takes is a warning of
    the logger ``st44_migrate``, which never shows the URL.

    Args:
        url: The webhook's address.  It is a secret, and treated as one.

        title: Who speaks, ``"shop, production"``.

        form: ``"slack"``, ``"discord"``, ``"json"``, or a function from message
            and title to the body; by default what suits the URL's host.

        on: Which ends to tell: ``"failed"``, ``"applied"``, and ``"current"``
            where nothing was to do.

        post: Timeout and number of attempts.

        background: False sends in the caller's own thread, for a program that
            is frozen as soon as it returns.

    Raises:
        ConfigError: *url*, *form* or *on* is not one of these.
    """

    def __init__(
        self,
        url: str,
        *,
        title: str = "",
        form: str | Form | None = None,
        on: Collection[str] = ("failed", "applied"),
        post: Post | None = None,
        background: bool = True,
    ) -> None:
        self._address = Address(url)
        self._form = _form(form, self._address.host)
        self._on = _statuses(on)
        self._title = title
        self._post = post or Post()
        self._background = background
        self._lock = threading.Lock()
        self._last: threading.Thread | None = None

    def __call__(self, event: Event, /) -> None:
        """
        Post how the run ended, if that is what *event* says.
        """
        message = message_of(event)
        if message is not None and message.status in self._on:
            self._tell(message)

    def status_changed(self, change: StatusChange, /) -> None:
        """
        Post how the database is now: a listener for `StatusChanges`.
        """
        self._tell(message_of_change(change))

    def close(self) -> None:
        """
        Wait until everything is sent or given up.
        """
        with self._lock:
            last = self._last
        if last is not None:
            last.join()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def _tell(self, message: Message) -> None:
        # Made here, in the caller's thread: a form of his own may raise.
        body = json.dumps(self._form(message, self._title)).encode()
        if self._background:
            self._queue(lambda: self._deliver(body))
        else:
            self._deliver(body)

    def _queue(self, deliver: Callable[[], None]) -> None:
        # Each thread waits for the one before it: messages arrive in order, and
        # a process that forks has nothing to look after.
        with self._lock:
            before = self._last

            def run() -> None:
                if before is not None:
                    before.join()
                deliver()

            self._last = threading.Thread(target=run, name="st44-migrate webhook")
            self._last.start()

    def _deliver(self, body: bytes) -> None:
        try:
            self._post.send(self._address, body)
        except NotDelivered as refused:
            logging.getLogger("st44_migrate").warning(
                "the webhook did not take a message: %s", refused
            )


def _form(form: str | Form | None, host: str) -> Form:
    if callable(form):
        return form
    name = form_of(host) if form is None else form
    if name not in FORMS:
        raise ConfigError(
            f"{name!r} is no form of a webhook", remedy=f"Known: {', '.join(FORMS)}, or a function."
        )
    return FORMS[name]


def _statuses(on: Collection[str]) -> frozenset[str]:
    # A plain "failed" would be taken for six letters, and nothing ever told.
    chosen = frozenset({on} if isinstance(on, str) else on)
    if unknown := sorted(chosen - STATUSES):
        raise ConfigError(
            f"a run does not end as {', '.join(map(repr, unknown))}",
            remedy=f"Known: {', '.join(sorted(STATUSES))}.",
        )
    return chosen
