"""
What a linter looks at: a folder, read.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from ..errors import SourceError
from ..model import Migration, Problem, Script, Severity, Statement
from ..source.naming import Misnamed
from ..sqltext import excerpt, place_in, read_script, whole, words

__all__ = ["File", "Subject", "read_subject"]


@dataclass(frozen=True, slots=True)
class File:
    """
    A migration that can be read, and what its file says.

    Args:
        words: The tokens of each statement, in the order of *statements*.
    """

    migration: Migration
    script: Script
    statements: tuple[Statement, ...]
    words: tuple[tuple[str, ...], ...] = field(repr=False)

    def problem(
        self, code: str, severity: Severity, message: str, remedy: str, offset: int | None
    ) -> Problem:
        """
        Say something about the character at *offset* of the script; None: about the
        file as a whole, of which no line is shown then.
        """
        line, column = place_in(self.script, offset or 0)
        return Problem(
            code,
            severity,
            message,
            remedy,
            version=self.migration.label,
            path=self.migration.path,
            line=line,
            column=column,
            excerpt="" if offset is None else excerpt(whole(self.script), line, column),
        )


@dataclass(frozen=True, slots=True)
class Subject:
    """
    A folder, as far as it can be read.

    Args:
        migrations: All of them, readable or not, ordered by version.

        files: Those that can be read.

        unreadable: Those that cannot, with what is wrong.

        misnamed: ``.sql`` files that are not called as migrations are.

        folders: The names of sub-folders.

        prefix: What stands before a name in a path: ``"migrations/"``.

        dialect: ``"postgresql"``, ``"sqlite"`` or ``"mariadb"``.

        ledger: The name of the ledger's table.

        layout: Whose folder it is; our own rules for names are for ``"plain"``.
    """

    migrations: tuple[Migration, ...]
    files: tuple[File, ...]
    unreadable: tuple[tuple[Migration, SourceError], ...] = ()
    misnamed: tuple[Misnamed, ...] = ()
    folders: tuple[str, ...] = ()
    prefix: str = ""
    dialect: str = "postgresql"
    ledger: str = "schema_migrations"
    layout: str = "plain"


def read_subject(
    migrations: Sequence[Migration],
    *,
    dialect: str = "postgresql",
    ledger: str = "schema_migrations",
    misnamed: Sequence[Misnamed] = (),
    folders: Sequence[str] = (),
    prefix: str = "",
    layout: str = "plain",
) -> Subject:
    """
    Read every migration.  Raises nothing: what cannot be read is noted.
    """
    files: list[File] = []
    unreadable: list[tuple[Migration, SourceError]] = []
    for migration in sorted(migrations, key=lambda m: (m.version, m.path)):
        try:
            script = read_script(migration, dialect, ledger=ledger)
        except SourceError as error:
            unreadable.append((migration, error))
            continue
        found = (*script.prologue, *script.statements, *script.epilogue)
        statements = tuple(sorted(found, key=lambda statement: statement.offset))
        tokens = tuple(tuple(words(statement.text, dialect)) for statement in statements)
        files.append(File(migration, script, statements, tokens))
    return Subject(
        tuple(sorted(migrations, key=lambda m: (m.version, m.path))),
        tuple(files),
        tuple(unreadable),
        tuple(misnamed),
        tuple(folders),
        prefix,
        dialect,
        ledger,
        layout,
    )
