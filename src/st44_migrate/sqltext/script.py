"""
From a migration's bytes to what it runs.
"""

from __future__ import annotations

from dataclasses import replace

from ..errors import SourceError
from ..model import Header, Migration, Origin, Place, Script, Statement
from .checksum import script_checksum
from .classify import classify
from .decoding import decode, legible
from .directives import read_header
from .excerpts import Excerpt, take_excerpt
from .flaw import Flaw
from .lexer import statements
from .lexicon import lexicon_of
from .position import excerpt, in_file, place_of
from .records import recorded_versions
from .shells import refuse_shell
from .transactions import arrange

__all__ = ["read_script"]


def read_script(migration: Migration, dialect: str, *, ledger: str = "schema_migrations") -> Script:
    """
    Decode *migration*, take what its layout reads of it, split that, and find out what runs in which transaction.

    Args:
        migration: As a source found it.

        dialect: ``"postgresql"``, ``"sqlite"`` or ``"mariadb"``; any other is read as standard SQL.

        ledger: The ledger's table, for `Script.records`.

    Raises:
        SourceError: the file cannot be taken as it is; its *place* says where.
    """
    notation = migration.notation
    try:
        text = decode(migration.content, blank=notation is not None and notation.blank)
    except Flaw as flaw:
        raise _source_error(migration, legible(migration.content), flaw.offset, flaw) from None
    lexicon = lexicon_of(dialect)
    try:
        part = take_excerpt(text, notation, dict(migration.values), lexicon)
    except Flaw as flaw:
        raise _source_error(migration, text, flaw.offset, flaw) from None
    try:
        return _read(part, migration, dialect, ledger)
    except Flaw as flaw:
        raise _source_error(migration, text, in_file(part.origin, flaw.offset), flaw) from None


def _read(part: Excerpt, migration: Migration, dialect: str, ledger: str) -> Script:
    text, lexicon = part.text, lexicon_of(dialect)
    found: list[Statement] = []
    for statement in statements(text, lexicon):
        refuse_shell(statement, dialect)
        found.append(statement if part.origin is None else _placed(statement, part.origin))
    own = read_header(text, lexicon, found[0].offset if found else len(text))
    header = _merge(own, part.header, migration.header)
    notation = migration.notation
    arranged = arrange(
        [classify(statement, dialect) for statement in found],
        transaction=header.transaction,
        wrapped=notation is None or notation.wraps,
    )
    return Script(
        text=text,
        units=arranged.units,
        transactional=arranged.transactional,
        checksum=script_checksum(found, dialect),
        begin=arranged.begin,
        prologue=arranged.prologue,
        epilogue=arranged.epilogue,
        autonomous=arranged.autonomous,
        late=header.late,
        records=recorded_versions(found, dialect, ledger=ledger),
        origin=part.origin,
        phase=header.phase,
    )


def _placed(statement: Statement, origin: Origin) -> Statement:
    """
    Give *statement* the place that it has in its file.
    """
    line, column = place_of(origin.text, in_file(origin, statement.offset))
    return replace(statement, line=line, column=column)


def _merge(*headers: Header) -> Header:
    """
    Put together what is said of a file; what comes first has the last word.
    """
    said = (header.transaction for header in headers if header.transaction is not None)
    late = any(header.late for header in headers)
    return Header(next(said, None), late, next((h.phase for h in headers if h.phase), ""))


def _source_error(migration: Migration, text: str, offset: int, flaw: Flaw) -> SourceError:
    line, column = place_of(text, offset)
    place = Place(migration.path, line, column)
    return SourceError(
        f"{place}: {flaw.happened}",
        place=place,
        excerpt=excerpt(text, line, column) if text.strip() else "",
        remedy=flaw.remedy,
    )
