"""
From whatever went wrong to the fixed vocabulary: no word of it goes further.
"""

from __future__ import annotations

from collections.abc import Callable

from ..dialects import Trouble
from ..errors import DatabaseUnavailable, DriverError, LedgerError, MigrateError
from ..model import Fault

__all__ = ["OutOfTime", "fault_of", "is_lost"]

_TROUBLES = {
    Trouble.FORBIDDEN: Fault.FORBIDDEN,
    Trouble.BUSY: Fault.LOCKED,
    Trouble.CANCELLED: Fault.SLOW,
}


class OutOfTime(Exception):
    """
    The database answers, but not as fast as it has to.
    """


def fault_of(error: BaseException, trouble: Callable[[DriverError], Trouble]) -> Fault:
    """
    Say what *error* means to somebody who may know nothing of it.
    """
    said = _said(error)
    if said is not None:
        otherwise = Fault.INTERNAL if isinstance(error, DriverError) else Fault.LEDGER
        return Fault.LOST if said.lost else _TROUBLES.get(trouble(said), otherwise)
    if isinstance(error, OutOfTime):
        return Fault.SLOW
    return error.fault if isinstance(error, MigrateError) else Fault.INTERNAL


def is_lost(error: BaseException) -> bool:
    """
    Whether the session is gone.
    """
    said = _said(error)
    return said is not None and said.lost


def _said(error: BaseException) -> DriverError | None:
    """
    Find what the driver said, under the ledger's own words.
    """
    if isinstance(error, LedgerError | DatabaseUnavailable):
        cause = error.__cause__
        return cause if isinstance(cause, DriverError) else None
    return error if isinstance(error, DriverError) else None
