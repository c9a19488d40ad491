"""
What is wrong with a text, before anybody knows which file it is.
"""

from __future__ import annotations

__all__ = ["Flaw", "shown"]

_LONGEST = 40


class Flaw(Exception):
    """
    The text cannot be taken as it is, because of what stands at *offset*.

    Args:
        offset: In characters from 0, in the text with its line ends normalised.

        happened: One sentence: what is the matter there.

        remedy: What to write instead.
    """

    def __init__(self, offset: int, happened: str, remedy: str) -> None:
        super().__init__(happened)
        self.offset = offset
        self.happened = happened
        self.remedy = remedy


def shown(text: str) -> str:
    """
    Return what a file says as it can stand in a sentence: short, in one line.
    """
    short = text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
    return "".join(c if c.isprintable() else "\ufffd" for c in short)
