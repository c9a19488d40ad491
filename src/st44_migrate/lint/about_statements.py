"""
Rules about single statements: what they create, drop and record.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import Severity, Statement, read_version
from ..sqltext import recorded_versions
from .reading import Created, created, dropped_tables, renamed_table
from .rule import Hit
from .subject import File, Subject

__all__ = [
    "cascading",
    "created_twice",
    "for_the_ledger",
    "needless_header",
    "numbered",
    "repeatable",
    "valid_indexes",
]


def _each(subject: Subject) -> Iterator[tuple[File, Statement, tuple[str, ...]]]:
    for file in subject.files:
        for statement, words in zip(file.statements, file.words, strict=True):
            yield file, statement, words


def repeatable(subject: Subject) -> Iterator[Hit]:
    """
    CREATE says IF NOT EXISTS, where it helps: not for an index that is built
    CONCURRENTLY.
    """
    for file, statement, words in _each(subject):
        made = created(words)
        if made is None or made.if_not_exists or made.concurrently or made.replaces:
            continue
        if made.temporary:  # a second run has a session of its own
            continue
        alone = not file.script.transactional
        yield Hit(
            f"CREATE {made.kind.upper()} {made.name} without IF NOT EXISTS.",
            "Write it, so that the file can be run again where it stopped half-way."
            if alone
            else "Write it if the file is ever to be run by hand, with psql; a run of ours applies"
            " the file once, whole.",
            file,
            statement.offset,
            severity=Severity.WARNING if alone else None,
        )


def valid_indexes(subject: Subject) -> Iterator[Hit]:
    """
    CREATE INDEX CONCURRENTLY does not say IF NOT EXISTS.
    """
    for file, statement, words in _each(subject):
        made = created(words)
        if made is not None and made.concurrently and made.if_not_exists:
            yield Hit(
                f"IF NOT EXISTS hides that {made.name} may be there and INVALID.",
                "Leave it out. A run of ours drops an INVALID leftover and builds it again; psql"
                " and other tools take it for the index, which no query uses.",
                file,
                statement.offset,
            )


def created_twice(subject: Subject) -> Iterator[Hit]:
    """
    IF NOT EXISTS is not for a table that an earlier file creates.
    """
    known: dict[str, File] = {}
    for file, statement, words in _each(subject):
        for name in dropped_tables(words):
            known.pop(name, None)
        if pair := renamed_table(words):
            known.pop(pair[0], None)
            known[pair[1]] = file
        made = created(words)
        if made is None or made.kind != "table" or made.temporary:
            continue
        earlier = known.setdefault(made.name, file)
        if earlier is not file and made.if_not_exists and not _is_ledger(made, subject):
            yield Hit(
                f"{made.name} is there already, from {earlier.migration.path}: this does nothing.",
                "Delete it; or, if its columns differ, write ALTER TABLE.",
                file,
                statement.offset,
            )


def _is_ledger(made: Created, subject: Subject) -> bool:
    return made.name.rpartition(".")[2].strip('"') == subject.ledger


def cascading(subject: Subject) -> Iterator[Hit]:
    """
    DROP TABLE says CASCADE: else what refers to the table stops it.
    """
    if subject.dialect != "postgresql":
        return
    passing: set[tuple[str, str]] = set()
    for file, statement, words in _each(subject):
        made = created(words)
        if made is not None and made.temporary:
            passing.add((file.migration.path, made.name))
        # Nothing but its session refers to a temporary table.
        names = [n for n in dropped_tables(words) if (file.migration.path, n) not in passing]
        if names and words[-1] != "cascade":
            yield Hit(
                f"DROP TABLE {', '.join(names)} without CASCADE.",
                "Write CASCADE if foreign keys and views that use it shall go as well, or say why"
                " nothing can.",
                file,
                statement.offset,
            )


def for_the_ledger(subject: Subject) -> Iterator[Hit]:
    """
    A file that records itself says ON CONFLICT (version) DO NOTHING.
    """
    for file, statement, words in _each(subject):
        found = recorded_versions([statement], subject.dialect, ledger=subject.ledger)
        lenient = "conflict" in words or words[1:3] == ("or", "ignore")
        if found and not lenient:
            yield Hit(
                f"{subject.ledger} gets {', '.join(found)} without ON CONFLICT.",
                "Write ON CONFLICT (version) DO NOTHING, or leave the INSERT out: a run records"
                " the file by itself, and a row that is there already fails it.",
                file,
                statement.offset,
            )


def numbered(subject: Subject) -> Iterator[Hit]:
    """
    A file records itself under its own number.
    """
    for file, statement, _ in _each(subject):
        label = file.migration.label
        for written in recorded_versions([statement], subject.dialect, ledger=subject.ledger):
            if written == label:
                continue
            same = read_version(written) == file.migration.version
            yield Hit(
                f"this records {written!r}, and the file is {label!r}.",
                "A run compares numbers as integers and applies the file once; other programs do"
                f" not. Write {label!r} in the next one."
                if same
                else f"Write {label!r}: {written} is another file's number, which would then never"
                " be run. Leave a file that is applied as it is.",
                file,
                statement.offset,
            )


def needless_header(subject: Subject) -> Iterator[Hit]:
    """
    ``-- st44: no-transaction`` is for what cannot run in a transaction.
    """
    for file in subject.files:
        script = file.script
        if not script.transactional and script.units and not script.autonomous:
            yield Hit(
                "every statement of this file can run in a transaction, and none does.",
                "Take away what asks for it, '-- st44: no-transaction' or the word of the file's own"
                " tool, and a failure leaves nothing behind.",
                file,
            )
