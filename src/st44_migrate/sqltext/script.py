"""
From a migration's bytes to what it runs.
"""

from __future__ import annotations

from ..errors import SourceError
from ..model import Migration, Place, Script, Statement
from .checksum import script_checksum
from .classify import classify
from .decoding import decode, legible
from .directives import read_header
from .flaw import Flaw
from .lexer import statements
from .lexicon import lexicon_of
from .position import excerpt, place_of
from .records import recorded_versions
from .shells import refuse_shell
from .transactions import arrange

__all__ = ["read_script"]


def read_script(migration: Migration, dialect: str, *, ledger: str = "schema_migrations") -> Script:
    """
    Decode *migration*, split it, and find out what runs in which transaction.

    Args:
        migration: As a source found it.

        dialect: ``"postgresql"`` or ``"sqlite"``; any other is read as standard SQL.

        ledger: The ledger's table, for `Script.records`.

    Raises:
        SourceError: the file cannot be taken as it is; its *place* says where.
    """
    try:
        text = decode(migration.content)
    except Flaw as flaw:
        raise _source_error(migration, legible(migration.content), flaw) from None
    try:
        return _read(text, dialect, ledger)
    except Flaw as flaw:
        raise _source_error(migration, text, flaw) from None


def _read(text: str, dialect: str, ledger: str) -> Script:
    lexicon = lexicon_of(dialect)
    found: list[Statement] = []
    for statement in statements(text, lexicon):
        refuse_shell(statement, dialect)
        found.append(statement)
    header = read_header(text, lexicon, found[0].offset if found else len(text))
    arranged = arrange(
        [classify(statement, dialect) for statement in found], transaction=header.transaction
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
        phase=header.phase,
    )


def _source_error(migration: Migration, text: str, flaw: Flaw) -> SourceError:
    line, column = place_of(text, flaw.offset)
    place = Place(migration.path, line, column)
    return SourceError(
        f"{place}: {flaw.happened}",
        place=place,
        excerpt=excerpt(text, line, column) if text.strip() else "",
        remedy=flaw.remedy,
    )
