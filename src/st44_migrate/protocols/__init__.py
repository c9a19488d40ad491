"""
Every seam of the library: implement one of these to extend it.

Only drivers come in twins, `Connection` and `AsyncConnection`: the same names,
the same order, ``async def`` in one of them.  Everything else is written once.
Parameters are positional-only where an implementation may want its own names.
The protocols are not ``runtime_checkable``: that would look at names only, and
accept a driver of the wrong colour.
"""

from .databases import AsyncDatabase, Database
from .driver import AsyncConnection, AsyncDriver, Connection, Driver, Heard, Notice, Row
from .effects import AsyncSleep, Attend, Clock, Observer, Shield, Sleep
from .parts import AsyncRunner, Layout, Ledger, Lock, Runner, Source, Tree

__all__ = [
    "AsyncConnection",
    "AsyncDatabase",
    "AsyncDriver",
    "AsyncRunner",
    "AsyncSleep",
    "Attend",
    "Clock",
    "Connection",
    "Database",
    "Driver",
    "Heard",
    "Layout",
    "Ledger",
    "Lock",
    "Notice",
    "Observer",
    "Row",
    "Runner",
    "Shield",
    "Sleep",
    "Source",
    "Tree",
]
