"""
Which of our media types a request's ``Accept`` wants (RFC 9110, section 12.5.1).
"""

from __future__ import annotations

from functools import lru_cache

__all__ = ["choose"]


@lru_cache(maxsize=64)
def choose(accept: str, offers: tuple[str, ...]) -> str:
    """
    Choose one of *offers*, which are ordered by our own preference.

    A request that takes none of them gets the first: a monitor that asks for the
    wrong thing is better served with an answer than with 406.

    >>> choose("text/html,application/xml;q=0.9,*/*;q=0.8", ("application/json", "text/html"))
    'text/html'
    >>> choose("*/*", ("application/json", "text/html"))
    'application/json'
    """
    ranges = [_read(part) for part in accept.split(",") if part.strip()]
    weights = [_weight(offer, ranges) for offer in offers]
    # index() finds the first: equal weights leave the choice to us.
    return offers[weights.index(max(weights))]


def _read(part: str) -> tuple[str, float]:
    """
    Split ``"text/html;level=1;q=0.5"`` into the range and its weight.
    """
    name, *parameters = part.split(";")
    weight = 1.0
    for parameter in parameters:
        key, _, value = parameter.partition("=")
        if key.strip().lower() == "q":
            weight = _number(value.strip())
    return name.strip().lower(), weight


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return 0.0
    return value if 0 <= value <= 1 else 0.0


def _weight(offer: str, ranges: list[tuple[str, float]]) -> float:
    """
    Give the weight of the most specific range that covers *offer*; 0 if none does.
    """
    for wanted in (offer, f"{offer.partition('/')[0]}/*", "*/*"):
        found = [weight for name, weight in ranges if name == wanted]
        if found:
            return max(found)
    return 0.0
