"""
The frozen values that everything else passes around.

Nothing here does I/O, decides anything or knows another part of this package.
Versions are compared as values everywhere, most of them integers; what somebody
wrote (``"040"``) is kept beside them as the *label*.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazily
from .fault import Fault
from .folder import Migration, Origin, Place, Script, Statement
from .history import History, JournalEntry, JournalState, LedgerEntry, LedgerName, Record
from .notation import Header, Marker, Meaning, Notation, Placeholder
from .planned import Pending, Plan, Problem, Severity, State, Status
from .run import Applied, Report, Settings, Terms
from .version import LongVersion, Version, read_version, spellings

if TYPE_CHECKING:
    from .adoption import Adopted, Adoption, Found
    from .foreign import ForeignRow, ForeignTable, Reading, Standing

__all__ = [
    "Adopted",
    "Adoption",
    "Applied",
    "Fault",
    "ForeignRow",
    "ForeignTable",
    "Found",
    "Header",
    "History",
    "JournalEntry",
    "JournalState",
    "LedgerEntry",
    "LedgerName",
    "LongVersion",
    "Marker",
    "Meaning",
    "Migration",
    "Notation",
    "Origin",
    "Pending",
    "Place",
    "Placeholder",
    "Plan",
    "Problem",
    "Reading",
    "Record",
    "Report",
    "Script",
    "Settings",
    "Severity",
    "Standing",
    "State",
    "Statement",
    "Status",
    "Terms",
    "Version",
    "read_version",
    "spellings",
]

# What `adopt` alone needs, once in a database's life.
__getattr__ = lazily(
    __name__,
    {
        "adoption": "Adopted Adoption Found",
        "foreign": "ForeignRow ForeignTable Reading Standing",
    },
)
