"""
SQL as text: statements with their places, transactions, headers, the checksum.

Pure.  In the order of the flow::

    decoding      bytes -> text
    excerpts      the part of it that another tool would run; placeholders: filled in
    lexicon       what opens what, a table for each database; quoting: its rules
    lexer         text -> statements
    classify      statement -> its role in a transaction; role_tables, pragmas
    transactions  roles -> units; blocks: which COMMIT belongs to which BEGIN
    directives    ``-- st44:`` headers
    checksum      statements -> SHA-256
    records       statements -> the versions that they record themselves
    shells        what only psql or sqlite3 understands
    script        all of the above
    bodies        where the body of a routine begins

What is wrong with a text is a `Flaw` in here, and a `SourceError` outside.
"""

from __future__ import annotations

from .bodies import body_start
from .checksum import units_checksum
from .directives import Ignore, read_ignores
from .flaw import Flaw
from .lexer import split, words
from .position import excerpt, place_in, place_of, whole
from .records import recorded_versions
from .script import read_script

__all__ = [
    "Flaw",
    "Ignore",
    "body_start",
    "excerpt",
    "place_in",
    "place_of",
    "read_ignores",
    "read_script",
    "recorded_versions",
    "split",
    "units_checksum",
    "whole",
    "words",
]
