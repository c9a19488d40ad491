"""
Places, and the lines with a caret that are shown to people.
"""

from __future__ import annotations

import pytest

from st44_migrate.sqltext import excerpt, place_of


@pytest.mark.parametrize(
    ("offset", "expected"),
    [(-1, (1, 1)), (0, (1, 1)), (1, (1, 2)), (2, (2, 1)), (3, (3, 1)), (5, (3, 3)), (9, (3, 3))],
)
def test_lines_and_columns_count_from_one(offset: int, expected: tuple[int, int]) -> None:
    """The character that ends a line belongs to it; beyond the text is its end."""
    assert place_of("a\n\nbc", offset) == expected


def test_the_caret_is_under_the_column() -> None:
    """Two lines before and two after, numbers to the right."""
    text = "\n".join(f"line {n}" for n in range(1, 13))
    assert excerpt(text, 9, 6) == (
        "   7 | line 7\n   8 | line 8\n   9 | line 9\n     |      ^\n  10 | line 10\n  11 | line 11"
    )
    assert excerpt(text, 1, 1, around=0) == "  1 | line 1\n    | ^"


@pytest.mark.parametrize(
    ("text", "column", "expected"),
    [
        ("\tab\tc", 5, "  1 |     ab    c\n    |           ^"),
        ("é\u0301\u6f22x", 4, "  1 | é\u0301\u6f22x\n    |    ^"),
        ("a\x1b[31m\u202e\rb", 9, "  1 | a\ufffd[31m\ufffd\ufffdb\n    |         ^"),
        ("a\u00a0b", 3, "  1 | a\ufffdb\n    |   ^"),
        ("ab", 3, "  1 | ab\n    |   ^"),
        ("ab\n", 3, "  1 | ab\n    |   ^"),
        ("ab", 99, "  1 | ab\n    |   ^"),
        ("", 1, "  1 |\n    | ^"),
    ],
)
def test_the_caret_is_right_whatever_stands_before_it(
    text: str, column: int, expected: str
) -> None:
    """Tabs, wide and combining characters move it; what cannot be shown is substituted."""
    assert excerpt(text, 1, column) == expected


def test_the_last_line_may_be_empty() -> None:
    """It is shown where something is missing in it, not below a text that ends properly."""
    assert excerpt("a\n", 2, 1) == "  1 | a\n  2 |\n    | ^"
    assert excerpt("a\n", 9, 1) == excerpt("a\n", 2, 1)
    assert excerpt("a\nb\n", 2, 1) == "  1 | a\n  2 | b\n    | ^"


@pytest.mark.parametrize("column", [1, 30, 49, 51, 52, 150, 499, 500, 501])
def test_of_a_long_line_the_part_around_the_column_is_shown(column: int) -> None:
    """No line gets long, and the caret stands below the character that it means."""
    line = "".join(chr(ord("a") + n % 26) for n in range(500))
    shown, below = excerpt(f"{line}", 1, column).splitlines()
    assert max(len(shown), len(below)) <= 115
    assert (shown + " ")[below.index("^")] == (line + " ")[column - 1]


def test_lines_beside_a_long_one_are_cut_at_the_same_columns() -> None:
    """What stands above each other in the file does so in the excerpt."""
    text = f"{'-' * 300}\nshort\n{'=' * 300}\n\n{'+' * 90}"
    lines = excerpt(text, 3, 150).splitlines()
    cut = [line[6:] for line in lines]
    assert cut[0] == f"...{'-' * 100}..."
    assert cut[1] == "..."
    assert cut[2] == f"...{'=' * 100}..."
    assert cut[3] == f"{' ' * 53}^"
    assert cut[5] == "..."
