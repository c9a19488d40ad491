"""
What was found in another tool's ledger, and what became of it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from ..model import Adopted, Adoption, Found
from .documents import Document, problem_document
from .tables import render_problem
from .words import columns, count, iso, moment

__all__ = ["adoption_document", "render_adoption"]


def render_adoption(adoption: Adoption, next_step: str) -> str:
    """
    Show every version, what is in the way, and where the ledgers are.

    Args:
        adoption: What was found.

        next_step: The command to go on with, once it is written.
    """
    header = ("version", "name", "found", "applied at", "checksum")
    lines = [f"{adoption.table} is a ledger of {adoption.tool}:", ""]
    lines += columns([header, *map(_row, adoption.versions)])
    for problem in adoption.obstacles:
        lines += ["", render_problem(problem)]
    return "\n".join([*lines, "", *_verdict(adoption, next_step)])


def _row(adopted: Adopted) -> tuple[str, ...]:
    checked = "the same" if adopted.verified else "another" if _edited(adopted) else "-"
    return (adopted.label, adopted.name, adopted.found.value, moment(adopted.applied_at), checked)


def _edited(adopted: Adopted) -> bool:
    return adopted.found is Found.EDITED


def _verdict(adoption: Adoption, next_step: str) -> Iterator[str]:
    numbers = Counter(adopted.found for adopted in adoption.versions)
    found = ", ".join(f"{numbers[found]} {found.value}" for found in Found if numbers[found])
    pending = f"{count(len(adoption.after.pending), 'file')} of the folder not applied"
    yield f"{found or 'nothing applied'}; {pending}."
    if adoption.obstacles:
        yield "Nothing was written."
        return
    if numbers[Found.UNKNOWN]:
        kept = "is kept" if adoption.written else "will be kept"
        yield f"What is unknown has no file in the folder; it {kept} as applied, its file gone."
    yield from _places(adoption)
    if adoption.written:
        yield f"{adoption.table} is as it was. Go on with: {next_step}"
    else:
        yield "Nothing was written. To adopt it, say the same with --yes."


def _places(adoption: Adoption) -> Iterator[str]:
    will = "is" if adoption.written else "will be"
    if adoption.evades is None:
        yield f"Our ledger {will} {adoption.ledger}."
        return
    yield (
        f"Our ledger {will} {adoption.ledger}, since another tool has {adoption.evades}; every"
        " command finds it there by itself."
    )


def adoption_document(adoption: Adoption) -> Document:
    """
    Describe the same for programs.
    """
    return {
        "tool": adoption.tool,
        "table": adoption.table,
        "ledger": str(adoption.ledger),
        "written": adoption.written,
        "versions": [
            {
                "version": adopted.label,
                "name": adopted.name,
                "found": adopted.found.value,
                "key": adopted.key,
                "applied_at": iso(adopted.applied_at),
                "verified": adopted.verified,
                "path": adopted.migration.path if adopted.migration else None,
            }
            for adopted in adoption.versions
        ],
        "pending": [pending.migration.path for pending in adoption.after.pending],
        "obstacles": [problem_document(problem) for problem in adoption.obstacles],
    }
