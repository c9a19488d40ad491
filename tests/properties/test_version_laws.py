"""
Laws of versions: one order for all of them, and one spelling to keep.
"""

from __future__ import annotations

from itertools import zip_longest

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate.model import LongVersion, Version, read_version

pytestmark = pytest.mark.property

numbers = st.integers(0, 3) | st.integers(0, 10**20)
tails = st.sampled_from(["", "_a", "_b", "-1", "_ä", "R__x"]) | st.text("ab_-", max_size=3)
longs = st.builds(LongVersion, st.lists(numbers, min_size=1, max_size=4).map(tuple), tails)
versions: st.SearchStrategy[Version] = st.one_of(numbers, longs)
dotted = st.lists(numbers, min_size=1, max_size=5)


@given(st.lists(versions, max_size=8))
def test_all_versions_have_one_order(found: list[Version]) -> None:
    """Sorting needs no rule beside the versions, whatever kinds are mixed."""
    ordered = sorted(found)
    for i, low in enumerate(ordered):
        assert all(low <= high and high >= low for high in ordered[i:])
        assert all(
            (low == high) != (low < high) and (low < high) == (high > low) for high in ordered[i:]
        )


@given(versions, versions)
def test_equal_versions_are_one_key(one: Version, other: Version) -> None:
    """What is equal has one hash, so that a dict finds it under either."""
    assert (one == other) == (not one < other and not other < one)
    if one == other:
        assert hash(one) == hash(other)
        assert str(one) == str(other)


@given(versions)
def test_what_is_kept_is_read_back(version: Version) -> None:
    """The journal keeps the text, and finds the version again by it."""
    assert read_version(str(version)) == version


@given(st.lists(versions, max_size=5), st.lists(st.integers(0, 10**6), max_size=5))
def test_integers_keep_their_order_among_others(longer: list[Version], plain: list[int]) -> None:
    """Whoever has integers only does not notice that there are others."""
    assert [v for v in sorted([*longer, *plain]) if type(v) is int and v in plain] == sorted(
        [*plain, *(v for v in longer if type(v) is int and v in plain)]
    )


@given(dotted, dotted, st.integers(0, 3))
def test_dots_part_integers(one: list[int], other: list[int], zeros: int) -> None:
    """Part by part, what is missing is zero, and zeros before a part do not count."""
    padded = list(zip_longest(one, other, fillvalue=0))
    left, right = ".".join(map(str, one)), ".".join("0" * zeros + str(n) for n in other)
    lower = [a for a, _ in padded] < [b for _, b in padded]
    a, b = read_version(left), read_version(right)
    assert a is not None
    assert b is not None
    assert (a < b) == lower
    assert (a == b) == all(x == y for x, y in padded)


@given(st.text(max_size=12))
def test_every_text_is_a_version_unless_blank(text: str) -> None:
    """A ledger may hold anything; what it holds can be compared, and raises nothing."""
    version = read_version(text)
    assert (version is None) == (not text.strip())
    if version is not None:
        assert (version < 5) or version >= 5


@pytest.mark.parametrize("digits", ["9" * 101, "1" * 10_000, "1." + "9" * 5_000])
def test_no_number_is_too_long_to_be_read(digits: str) -> None:
    """Thousands of digits are compared as a text: int() would refuse them."""
    version = read_version(digits)
    assert isinstance(version, LongVersion)
    assert str(version) == digits
