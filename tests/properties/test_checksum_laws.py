"""
Laws of checksums: what does not matter never counts, and all else does.
"""

from __future__ import annotations

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from sqltext.kit import read
from sqltext.strategies import any_script
from st44_migrate.errors import SourceError
from st44_migrate.sqltext import units_checksum

pytestmark = pytest.mark.property

BLANKS = [" ", "/* a; */", " /* ' */", "/* $$ */ ", " /* a */ /* b */ "]
BREAKS = [
    "\n",
    " \t\n",
    "\n\n",
    "\n  \n",
    " -- a ' b\n",
    "\n-- a\n",
    "\n  /* a\n\n b */\n",
    "/**/\n",
]
HARMLESS = {" ": BLANKS, "\n": BREAKS}
TOKENS = ["a", "b", "ab", "1", "'x'", "'x '", "'--'", "''", '"a b"', "::", "$$\n\n$$", "$$ \n$$"]

Line = list[tuple[str, str]]
lines = st.lists(st.tuples(st.sampled_from(TOKENS), st.sampled_from(" \n")), max_size=4)
bodies_to_sum = st.lists(lines, max_size=3)


def rendered(draw: st.DrawFn, body: list[Line]) -> str:
    """
    Write *body* with gaps that do not matter.
    """
    text = draw(st.sampled_from(["", "-- a\n", "\n", ";"]))
    for line in body:
        text += "SELECT"
        for token, gap in line:
            text += draw(st.sampled_from(HARMLESS[gap])) + token
        text += draw(st.sampled_from([";", " ;\n", "/* ; */;", "-- a\n;;"]))
    return draw(st.sampled_from(["", "\ufeff"])) + text


@st.composite
def two_ways(draw: st.DrawFn) -> tuple[str, str, bool]:
    """
    Two texts, and whether they say the same.
    """
    one = draw(bodies_to_sum)
    other = one if draw(st.booleans()) else draw(bodies_to_sum)
    return rendered(draw, one), rendered(draw, other), one == other


@given(two_ways())
def test_checksums_are_equal_where_only_comments_and_blanks_differ(
    case: tuple[str, str, bool],
) -> None:
    """And differ where a token, a literal, a line or a statement does."""
    one, other, same = case
    assume(all(text.strip("\ufeff \n") for text in (one, other)))
    assert (read(one).checksum == read(other).checksum) == same


@given(any_script, st.sampled_from(["\r\n", "\r\r\n"]))
def test_line_ends_do_not_count_anywhere(case: tuple[str, tuple[str, list[str]]], end: str) -> None:
    """Not even in literals: a checkout changes those too."""
    dialect, (text, _) = case
    text = text.replace("\r", "")
    one, other = read(f"--\n{text}", dialect), read(f"--\n{text}".replace("\n", end), dialect)
    assert (one.checksum, one.text, one.units) == (other.checksum, other.text, other.units)


@given(any_script, st.integers(0, 200), st.sampled_from("ab'\"`[]-*/$;\n "))
def test_units_change_whenever_the_script_does(
    case: tuple[str, tuple[str, list[str]]], at: int, character: str
) -> None:
    """One character more: if it counts in the file's own dialect, it counts for its units."""
    dialect, (text, _) = case
    one = read(f"{text};--", dialect)
    try:
        other = read(f"{text[:at]}{character}{text[at:]};--", dialect)
    except SourceError:
        return
    if one.checksum != other.checksum:
        assert units_checksum(one.units) != units_checksum(other.units)
