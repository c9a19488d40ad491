"""
From bytes to text: UTF-8, with or without a byte order mark, lines ended by LF.
"""

from __future__ import annotations

import codecs
import re

from .flaw import Flaw

__all__ = ["decode", "legible"]

# CRLF, and what becomes of it when a checkout converts it twice.
_LINE_END = re.compile(r"(?<!\r)\r++\n")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_SAVE = "Save the file as UTF-8."


def decode(content: bytes, *, blank: bool = False) -> str:
    """
    Return *content* as text; *blank*: there need not be any.

    Raises:
        Flaw: it is not UTF-8, holds a NUL, or is empty.
    """
    try:
        text = _tidy(content.decode("utf-8"))
    except UnicodeDecodeError as error:
        before = _tidy(content[: error.start].decode("utf-8"))
        raise Flaw(len(before), *_not_utf8(content, error.start)) from None
    nul = text.find("\0")
    if nul >= 0:
        happened = "a NUL character, which no database takes in SQL."
        raise Flaw(
            nul, happened, f"Delete it. If the file is UTF-16: {_SAVE[0].lower()}{_SAVE[1:]}"
        )
    if not (blank or text.strip()):
        happened = "the file is empty."
        raise Flaw(0, happened, "Write its SQL; if nothing is to be done, say so in a comment.")
    return text


def legible(content: bytes) -> str:
    """
    Return *content* as text to show, a substitute for each byte that is none.
    """
    encoding = "utf-16" if content.startswith(_UTF16) else "utf-8"
    return _tidy(content.decode(encoding, "replace"))


def _tidy(text: str) -> str:
    text = text.removeprefix("\ufeff")
    return _LINE_END.sub("\n", text) if "\r" in text else text


def _not_utf8(content: bytes, at: int) -> tuple[str, str]:
    if content.startswith(_UTF16):
        return "the file is UTF-16, not UTF-8.", _SAVE
    return f"the byte 0x{content[at]:02x} is not UTF-8.", _SAVE
