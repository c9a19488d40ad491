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

__all__ = ["Adopted", "Adoption", "Found", "Terms"]


@dataclass(frozen=True, slots=True)
class Terms:
    """
    On which terms a ledger is adopted.

    Args:
        tool: Whose ledger it is, ``"goose"``; ``"auto"`` recognises it.

        table: Which table it is, ``"table"`` or ``"schema.table"``; None looks for it.

        version: The database has all of the folder up to this version, whatever
            the ledger calls it: the ledger becomes a baseline.

        accept_edited: Take files that are not what was applied as what was applied.
    """

    tool: str = "auto"
    table: str | None = None
    version: str | None = None
    accept_edited: bool = False


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
