"""
What is adopted from another tool's ledger, and what was found there.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from .folder import Migration
from .history import LedgerName
from .planned import Plan, Problem
from .version import Version

__all__ = ["Adopted", "Adoption", "Found"]


class Found(StrEnum):
    """
    What was found of one version.
    """

    APPLIED = "applied"

    UNKNOWN = "unknown"
    """The ledger has it, the folder does not."""

    EDITED = "edited"
    """Its file is not what was applied, by the tool's own checksum."""

    DIRTY = "dirty"
    """The tool began it, and did not record its end."""

    FAILED = "failed"

    KNOWN = "recorded already"
    """Our own ledger has it."""


@dataclass(frozen=True, slots=True)
class Adopted:
    """
    One version of the other ledger, or one that it implies.

    Args:
        key: What the other tool calls it.

        version, label, name: What we call it.

        migration: Its file, None where there is none.

        verified: The tool keeps a checksum, and the file has it.
    """

    found: Found
    key: str
    version: Version
    label: str
    name: str
    applied_at: datetime | None = None
    migration: Migration | None = None
    verified: bool = False


@dataclass(frozen=True, slots=True)
class Adoption:
    """
    What adopting another tool's ledger amounts to.  Changes nothing by itself.

    Args:
        tool: Whose ledger it is.

        table: Which table it is, ``"public.goose_db_version"``.

        ledger: Our own ledger, the one that is written.

        evades: The name that our ledger would have, but for the other's table.

        versions: What was found, in the order of the folder; what has no file
            comes last.

        after: What a run would find then: what is pending, and what is wrong.

        obstacles: Why it cannot be adopted as it is; empty if it can.

        written: Whether it has been.
    """

    tool: str
    table: str
    ledger: LedgerName
    evades: LedgerName | None
    versions: tuple[Adopted, ...]
    after: Plan
    obstacles: tuple[Problem, ...]
    written: bool = False
