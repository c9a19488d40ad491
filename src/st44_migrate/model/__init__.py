"""
The frozen values that everything else passes around.

Nothing here does I/O, decides anything or knows another part of this package.
Versions are compared as integers everywhere; the digits as somebody wrote them
(``"040"``) are kept beside them as the *label*.
"""

from .fault import Fault
from .folder import Migration, Place, Script, Statement
from .history import History, JournalEntry, JournalState, LedgerEntry, LedgerName, Record
from .planned import Pending, Plan, Problem, Severity, State, Status
from .run import Applied, Report, Settings

__all__ = [
    "Applied",
    "Fault",
    "History",
    "JournalEntry",
    "JournalState",
    "LedgerEntry",
    "LedgerName",
    "Migration",
    "Pending",
    "Place",
    "Plan",
    "Problem",
    "Record",
    "Report",
    "Script",
    "Settings",
    "Severity",
    "State",
    "Statement",
    "Status",
]
