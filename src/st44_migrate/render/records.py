"""
One version in full: what was applied, when, by whom, and how its file differs now.
"""

from __future__ import annotations

from collections.abc import Iterator

from ..model import JournalEntry, JournalState, Record
from .words import columns, duration, moment

__all__ = ["difference", "file_text", "render_record", "state_of"]


def render_record(record: Record) -> str:
    """
    Tell all that is known of a version: facts first, then SQL, then the difference.
    """
    parts = ["\n".join(columns(list(_facts(record))))]
    done = _done(record)
    if record.applied_sql is not None:
        parts.append(f"The SQL as it was {done}:\n\n" + record.applied_sql.rstrip("\n"))
    elif record.file is not None:
        parts.append(f"The SQL of {record.file.path} now:\n\n" + file_text(record).rstrip("\n"))
    changed = difference(record)
    if changed:
        parts.append(f"The file differs from what was {done}:\n\n{changed}")
    return "\n\n".join(parts)


def _facts(record: Record) -> Iterator[tuple[str, str]]:
    entry, journal, file = record.entry, record.journal, record.file
    if entry is not None:
        yield "version", entry.label
        yield "name", entry.name
    elif file is not None:
        yield "version", file.label
        yield "name", file.name
    elif journal is not None:
        yield "version", str(journal.version)
    yield "state", state_of(record)
    if entry is not None:
        yield "applied at", moment(entry.applied_at)
    if record.applied_by:
        yield f"{_done(record)} by", record.applied_by
    if journal is not None:
        yield from _journal_facts(journal)
    yield "file", file.path if file is not None else "not in the folder"


def _done(record: Record) -> str:
    # Of a repeatable file, which no ledger has, the journal knows.
    kept = record.journal
    done = kept is not None and kept.state is JournalState.APPLIED
    return "applied" if done or record.entry is not None else "tried"


def state_of(record: Record) -> str:
    """
    Name the state of a version in one or two words.
    """
    if record.entry is not None:
        return "applied" if record.journal is not None else "recorded elsewhere"
    return record.journal.state.value if record.journal is not None else "not applied"


def _journal_facts(journal: JournalEntry) -> Iterator[tuple[str, str]]:
    if journal.duration_ms is not None:
        yield "took", duration(journal.duration_ms)
    if journal.total is not None and journal.done is not None and journal.done < journal.total:
        doubt = f", part {journal.done + 1} in doubt" if journal.in_doubt else ""
        yield "progress", f"{journal.done} of {journal.total} parts committed{doubt}"
    if journal.reason:
        yield "reason", journal.reason
    if journal.error:
        yield "error", " ".join(journal.error.split())


def file_text(record: Record) -> str:
    """
    Give what of the folder's file would be applied; of a file that cannot be read,
    all of it, bytes that are not UTF-8 marked.
    """
    if record.file is None:
        return ""
    if record.file_sql is not None:
        return record.file_sql
    text = record.file.content.decode("utf-8-sig", errors="replace")
    return text.replace("\r\n", "\n")


def difference(record: Record) -> str:
    """
    Compare the applied SQL with the file: a unified diff, ``""`` where they are the same.
    """
    if record.applied_sql is None or record.file is None:
        return ""
    before, after = record.applied_sql.rstrip("\n"), file_text(record).rstrip("\n")
    if before == after:
        return ""
    import difflib

    lines = difflib.unified_diff(
        before.splitlines(),
        after.splitlines(),
        f"{record.file.label} as it was {_done(record)}",
        f"{record.file.path} now",
        lineterm="",
    )
    return "\n".join(lines)
