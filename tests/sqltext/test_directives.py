"""
The headers of a file, and comments that only look like one.
"""

from __future__ import annotations

import pytest

from sqltext.kit import place, read, refusal


@pytest.mark.parametrize(
    ("text", "transactional", "late"),
    [
        ("-- st44: late\nSELECT 1", True, True),
        ("--st44:no-transaction\nSELECT 1", False, False),
        ("\ufeff-- a title\n\n\t-- ST44:  Late ,no-transaction  \nSELECT 1", False, True),
        ("/* a */ -- st44: late, late\n-- st44: transaction\nSELECT 1", True, True),
        ("-- st44: late", True, True),
        ("-- st44: no-transaction\r\nSELECT 1\r\n", False, False),
        ("SELECT '-- st44: late'; SELECT $$\n-- st44: late\n$$", True, False),
        ("-- st44 wrote this, and -- st44: late is a header\nSELECT 1", True, False),
        ("-- late, no transaction\nSELECT 1 -- est44: late", True, False),
    ],
)
def test_headers_are_read(text: str, transactional: bool, late: bool) -> None:
    """From comments before the first statement, several in a line or in several lines."""
    script = read(text)
    assert (script.transactional, script.late) == (transactional, late)


@pytest.mark.parametrize(
    ("text", "where", "words"),
    [
        ("-- st44: no-transactoin\nSELECT 1", (1, 10), "there is no header 'no-transactoin'"),
        ("-- a\n-- st44: late, phase contract\nSELECT 1", (2, 16), "'phase contract'"),
        ("-- st44:\nSELECT 1", (1, 9), "a header without a name"),
        ("-- st44: late,\nSELECT 1", (1, 15), "a header without a name"),
        ("-- st44:", (1, 8), "a header without a name"),
        ("SELECT 1;\n-- st44: late", (2, 10), "does nothing behind the first statement"),
        ("SELECT 1 -- st44: late", (1, 19), "does nothing behind the first statement"),
        ("BEGIN;\n-- st44: transaction\nCOMMIT;", (2, 10), "does nothing behind"),
        (
            "-- st44: transaction\n-- st44: late, no-transaction\nSELECT 1",
            (2, 16),
            "'no-transaction' contradicts 'transaction' above",
        ),
        ("-- st44 late\nSELECT 1", (1, 1), "looks like a header"),
        ("/* st44: late */ SELECT 1", (1, 1), "looks like a header"),
        ("/*\n * st44-migrate: no-transaction\n */ SELECT 1", (1, 1), "looks like a header"),
        ("SELECT 1; -- st-44: transaction", (1, 11), "looks like a header"),
    ],
)
def test_a_header_that_would_do_nothing_is_refused(
    text: str, where: tuple[int, int], words: str
) -> None:
    """A misspelt header is not ignored in silence."""
    assert place(text) == where
    error = refusal(text)
    assert words in error.happened
    assert error.remedy


def test_a_misspelt_header_is_guessed() -> None:
    """The remedy has the nearest header, and all of them."""
    remedy = refusal("-- st44: no transaction\nSELECT 1").remedy
    assert remedy.startswith("Did you mean 'no-transaction'? ")
    assert "'-- st44: transaction', '-- st44: late'" in remedy
    assert "Did you mean" not in refusal("-- st44: x\nSELECT 1").remedy
    happened = refusal(f"-- st44: \x1b[31m{'a' * 1000}\nSELECT 1").happened
    assert happened.endswith(f"there is no header '\ufffd[31m{'a' * 35}...'.")
    assert refusal("/* st44: LATE */ SELECT 1").remedy == "Write '-- st44: late'."
