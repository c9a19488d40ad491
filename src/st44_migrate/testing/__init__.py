"""
What tests of drivers, of ledgers and of applications may use.

* `contract`: the classes that a driver's tests subclass (needs pytest).
* `pytest_plugin`: a database that is up to date, for each test (loaded by pytest
  itself); `migration_tests`: ready-made tests of a folder.
* `servers`: a real PostgreSQL for a test run.
* `squash`: whether a baseline makes what its files make; `fingerprint`: what is in
  a database.
* `memory`: a database that pauses at every call; `stepping`: how to drive what
  works on it, call by call.
* `rehearsal` and `schedules`: some runners on such a database, in every order,
  with a fault at every step; `verdict`: what must be true afterwards.
* `machine` and `strategies`: the same at random (needs hypothesis).

Nothing is imported before it is asked for.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from .._lazy import lazily

if TYPE_CHECKING:
    from .actors import Fault
    from .contract import AsyncConnectionContract, ConnectionContract
    from .databases import MigratedDatabase
    from .machine import RunnerMachine
    from .memory import MemoryDatabase
    from .memory_dialect import MemoryDialect
    from .migration_tests import MigrationTests
    from .rehearsal import Rehearsal
    from .samples import SampleFile, sample_folder
    from .schedules import Explored, ScheduleFailed, every_schedule
    from .servers import PostgresServer, postgres_server
    from .squash import Comparison, compare_baseline
    from .stepping import Pause, Stepper, shield

__all__ = [
    "AsyncConnectionContract",
    "Comparison",
    "ConnectionContract",
    "Explored",
    "Fault",
    "MemoryDatabase",
    "MemoryDialect",
    "MigratedDatabase",
    "MigrationTests",
    "Pause",
    "PostgresServer",
    "Rehearsal",
    "RunnerMachine",
    "SampleFile",
    "ScheduleFailed",
    "Stepper",
    "compare_baseline",
    "every_schedule",
    "postgres_server",
    "sample_folder",
    "shield",
]

__getattr__ = lazily(
    __name__,
    {
        "actors": "Fault",
        "contract": "AsyncConnectionContract ConnectionContract",
        "databases": "MigratedDatabase",
        "machine": "RunnerMachine",
        "memory": "MemoryDatabase",
        "memory_dialect": "MemoryDialect",
        "migration_tests": "MigrationTests",
        "rehearsal": "Rehearsal",
        "samples": "SampleFile sample_folder",
        "schedules": "Explored ScheduleFailed every_schedule",
        "servers": "PostgresServer postgres_server",
        "squash": "Comparison compare_baseline",
        "stepping": "Pause Stepper shield",
    },
)


def __dir__() -> list[str]:
    return __all__
