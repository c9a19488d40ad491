"""
One body to one address: what is tried again, what is not, and what is never said.
"""

from __future__ import annotations

import socket
from contextlib import closing
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from observe.receiver import HANG_UP, NO_HTTP, receiver
from st44_migrate.errors import ConfigError
from st44_migrate.observe.posting import Address, NotDelivered, Post

SECRET = "S3CR3T"


def post(*answers: Any, timeout: float = 30.0) -> tuple[str, list[float], int]:
    """
    Post to a server that gives *answers*; tell the reason of a refusal (``""``:
    there was none), the pauses that were made and how many requests there were.
    """
    pauses: list[float] = []
    with receiver(*answers) as server:
        reason = ""
        try:
            Post(timeout=timeout, sleep=pauses.append).send(Address(server.url), b"{}")
        except NotDelivered as refused:
            reason = f"{refused}{refused.__cause__ or ''}"
        return reason, pauses, len(server.requests)


def test_a_message_arrives_as_it_is() -> None:
    """It is a POST of JSON to the very path."""
    with receiver() as server:
        Post().send(Address(f"{server.url}?wait=true"), b'{"text": "hello"}')
        ((method, path, headers, _),) = server.requests
    assert (method, path) == ("POST", "/services/T0/S3CR3T-TOKEN?wait=true")
    assert headers["Content-Type"] == "application/json"
    assert server.bodies == [{"text": "hello"}]


@pytest.mark.parametrize("trouble", [500, 503, 429, HANG_UP, NO_HTTP])
def test_what_may_pass_is_tried_again(trouble: Any) -> None:
    """A server in trouble, a rate limit, a broken connection: the third attempt gets through."""
    assert post(trouble, trouble, 204) == ("", [1.0, 2.0], 3)


@pytest.mark.parametrize(
    ("trouble", "words"),
    [
        (500, "it answered 500"),
        (HANG_UP, "the connection broke"),
        (NO_HTTP, "what it answered is not HTTP"),
    ],
)
def test_it_is_given_up_in_the_end(trouble: Any, words: str) -> None:
    """Three attempts, no more."""
    expected = (f"{words}, given up after 3 attempts", [1.0, 2.0], 3)
    assert post(trouble, trouble, trouble, trouble) == expected


@pytest.mark.parametrize("status", [400, 401, 403, 404, 410])
def test_what_does_not_pass_is_not_tried_again(status: int) -> None:
    """A webhook that was removed stays removed."""
    assert post(status) == (f"it answered {status}, given up at once", [], 1)


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_no_success(status: int) -> None:
    """It would be followed by a GET that says nothing to anybody."""
    with receiver() as other:
        answer = (status, {"Location": other.url})
        assert post(answer) == (f"it answered {status}, given up at once", [], 1)
        assert other.requests == []


def test_the_server_says_when() -> None:
    """Retry-After is kept, up to half a minute."""
    assert post((429, {"Retry-After": "7"}), 200) == ("", [7.0], 2)
    reason, pauses, requests = post((429, {"Retry-After": "3600"}), 200)
    assert reason == "it answered 429 and wants to be left alone, given up at once"
    assert (pauses, requests) == ([], 1)


def test_a_date_is_no_number_of_seconds() -> None:
    """Retry-After may be a date; then the pause is our own."""
    date = "Wed, 21 Oct 2026 07:28:00 GMT"
    assert post((503, {"Retry-After": date}), 200) == ("", [1.0], 2)


def test_a_silent_server_is_left() -> None:
    """The timeout is for each attempt."""
    with receiver() as server:
        server.gate.clear()
        with pytest.raises(NotDelivered, match="did not answer in time, given up after 2 attempts"):
            Post(timeout=0.1, attempts=2, sleep=lambda _: None).send(Address(server.url), b"{}")
        assert len(server.requests) <= 2


def test_nobody_listens() -> None:
    """A port without a server, and a name that no host can have."""
    with closing(socket.socket()) as free:
        free.bind(("127.0.0.1", 0))
        address = Address(f"http://127.0.0.1:{free.getsockname()[1]}/{SECRET}")
        with pytest.raises(NotDelivered, match="connection was refused"):
            Post(attempts=1).send(address, b"{}")
    with pytest.raises(NotDelivered, match="could not be reached"):
        Post(attempts=1).send(Address(f"http://{SECRET * 11}.test/"), b"{}")


def test_no_tls() -> None:
    """https to a server that speaks http is refused, and not tried in the open."""
    with receiver() as server:
        address = Address(server.url.replace("http:", "https:"))
        with pytest.raises(NotDelivered, match="no TLS connection"):
            Post(attempts=1).send(address, b"{}")
        assert server.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "",
        SECRET,
        f"ftp://example.org/{SECRET}",
        f"file:///etc/{SECRET}",
        f"https:///{SECRET}",
        f"https://example.org:{SECRET}/",
        f"https://example.org/{SECRET}\r\nHost: elsewhere",
        f"https://example.org/{SECRET} ",
        f"https://[{SECRET}/",
    ],
)
def test_what_is_no_address_is_refused_unseen(url: str) -> None:
    """The error does not repeat what it was given: a part of it may be the token."""
    with pytest.raises(ConfigError) as refused:
        Address(url)
    assert SECRET not in f"{refused.value}{refused.value!r}"
    assert refused.value.__context__ is None


@pytest.mark.property
@given(st.text(max_size=30), st.text(alphabet="@:/?#%[]\\ .&=\n", max_size=12))
def test_an_address_never_shows_itself(text: str, awkward: str) -> None:
    """Neither as it is, nor in the error when it is none, nor when nobody answers."""
    said = []
    for url in (f"http://127.0.0.1:1/{awkward}{SECRET}{text}", f"{text}{awkward}{SECRET}"):
        try:
            address = Address(url)
            said.append(f"{address} {address!r}")
            Post(attempts=1).send(address, b"{}")
        except (ConfigError, NotDelivered) as error:
            said.append(f"{error} {error!r} {error.__cause__}")
    assert len(said) >= 2
    assert SECRET not in "".join(said)
