"""
The headers of a file, and comments that only look like one.
"""

from __future__ import annotations

import pytest

from sqltext.kit import place, read, refusal
from st44_migrate.sqltext import read_ignores


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
        ("-- a\n-- st44: late, phase three\nSELECT 1", (2, 16), "'phase three'"),
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
        (
            "-- st44: phase  contract\n-- st44: phase expand\nSELECT 1",
            (2, 10),
            "'phase expand' contradicts 'phase contract' above",
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


@pytest.mark.parametrize("phase", ["expand", "contract"])
def test_a_phase_is_read(phase: str) -> None:
    """It says something to people and to the linter, and nothing to a run."""
    script = read(f"-- st44: late, phase {phase}\nSELECT 1")
    assert (script.phase, script.late, script.transactional) == (phase, True, True)
    assert read("SELECT 1").phase == ""


def test_an_ignore_is_no_header() -> None:
    """It may stand anywhere, and does not change what is run."""
    text = "SELECT 1; -- st44: ignore a-code since so\n-- st44: Ignore-File b\n-- st44: ignore"
    assert [
        (ignore.code, ignore.reason, ignore.file) for ignore in read_ignores(text, "postgresql")
    ] == [("a-code", "since so", False), ("b", "", True), ("", "", False)]
    assert read(text).checksum == read("SELECT 1;").checksum
    assert "there is no header 'ignored" in refusal("-- st44: ignored x\nSELECT 1").happened
