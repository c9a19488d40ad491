"""
Which media type a request gets.
"""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate.web.accept import choose

JSON, HEALTH, TEXT, HTML = "application/json", "application/health+json", "text/plain", "text/html"
OFFERS = (JSON, HEALTH, TEXT, HTML)


@pytest.mark.parametrize(
    ("accept", "expected"),
    [
        ("", JSON),
        ("*/*", JSON),
        ("application/json", JSON),
        ("application/health+json", HEALTH),
        ("application/*", JSON),
        ("text/*", TEXT),
        ("text/html", HTML),
        ("TEXT/HTML", HTML),
        ("text/html;level=1", HTML),
        # What browsers say.
        ("text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8", HTML),
        # The most specific range counts, not the first and not the best.
        ("text/html;q=0.1, text/*;q=0.9", TEXT),
        ("*/*, application/json;q=0", HEALTH),
        ("*/*;q=0.1, text/plain;q=0.2", TEXT),
        (" text/plain ; q=0.5 , text/html ; q=0.4 ", TEXT),
        # Nothing that we have: an answer all the same.
        ("image/png", JSON),
        ("application/json;q=0", JSON),
        # Nonsense weighs nothing.
        ("text/html;q=much", JSON),
        ("text/html;q=nan", JSON),
        ("text/html;q=7", JSON),
        (",,;;,=", JSON),
    ],
)
def test_what_is_wanted(accept: str, expected: str) -> None:
    """By weight, then by how specific the range is, then by our own order."""
    assert choose(accept, OFFERS) == expected


@pytest.mark.property
@given(st.text(max_size=60) | st.text("*/;q=0.1,texhml ", max_size=60))
def test_there_is_always_an_answer(accept: str) -> None:
    """Whatever the header holds."""
    assert choose(accept, OFFERS) in OFFERS


@pytest.mark.property
@given(st.lists(st.sampled_from(OFFERS), min_size=1, unique=True))
def test_order_does_not_matter_without_weights(wanted: list[str]) -> None:
    """Of what is wanted alike, we choose."""
    assert choose(",".join(wanted), OFFERS) == min(wanted, key=OFFERS.index)
