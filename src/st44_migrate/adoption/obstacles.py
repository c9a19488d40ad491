"""
The words for what keeps another tool's ledger from being adopted as it is.
"""

from __future__ import annotations

from ..model import Adopted, ForeignRow, ForeignTable, Migration, Problem, Severity, Standing
from .ledger import ToolLedger

__all__ = ["edited", "needs_version", "no_such_version", "not_this_folder", "unsettled"]


def unsettled(own: ToolLedger, table: ForeignTable, row: ForeignRow) -> Problem:
    """
    The tool began a version and did not finish it.
    """
    said = "failed" if row.standing is Standing.FAILED else "was begun and did not end"
    return Problem(
        "dirty",
        Severity.ERROR,
        f"{table} says that {row.key} {said}: it may be applied in part.",
        own.settle.format(key=row.key, table=table)
        or f"Settle it with {own.tool} first, then adopt.",
        version=row.key,
    )


def edited(own: ToolLedger, migration: Migration) -> Problem:
    """
    A file has another checksum than the tool recorded.
    """
    return Problem(
        "edited",
        Severity.ERROR,
        f"{migration.path} is not what {own.tool} applied: its checksum is another one.",
        "Restore it from version control. Or, if the database has the effect of the file as it is"
        " now: --accept-edited.",
        version=migration.label,
        path=migration.path,
    )


def needs_version(own: ToolLedger, table: ForeignTable, first: Migration) -> Problem:
    """
    The versions of the tool are no files of SQL.
    """
    return Problem(
        "baseline",
        Severity.ERROR,
        f"the versions of {own.tool} in {table} are no SQL files, so nothing in the folder matches"
        " them.",
        "Say up to which file of the folder the database has everything, and the ledger becomes a"
        f" baseline: --at VERSION. If that is only the first file: --at {first.label}",
    )


def not_this_folder(
    own: ToolLedger, table: ForeignTable, versions: tuple[Adopted, ...], first: Migration
) -> Problem:
    """
    Not one version of the ledger has a file.
    """
    shown = ", ".join(adopted.key for adopted in versions[:3])
    return Problem(
        "no-match",
        Severity.ERROR,
        f"{table} has {shown}{' and more' if len(versions) > 3 else ''}; none of that is in the"
        f" folder, which begins with {first.path}.",
        f"Is it the folder of {own.tool}, read by its layout (--layout {own.tool})? If the files"
        " are new ones for the same schema, say up to which the database has everything:"
        " --at VERSION.",
    )


def no_such_version(version: str, migrations: tuple[Migration, ...]) -> Problem:
    """
    The baseline that was asked for is not a file.
    """
    return Problem(
        "no-match",
        Severity.ERROR,
        f"no file has the version {version}.",
        f"The folder has {migrations[0].label} to {migrations[-1].label}.",
    )
