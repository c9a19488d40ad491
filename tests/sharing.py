"""
A memory database whose files share a transaction, as SQLite's do.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from st44_migrate.dialects import Company
from st44_migrate.testing.memory_dialect import MemoryDialect

__all__ = ["Sharing"]


class Sharing(MemoryDialect):
    company = Company.TRANSACTION

    def restore(self, footing: Any, script: Any, **choices: Any) -> Sequence[str]:
        # Such a file leaves nothing to restore; see `Dialect.joins`.
        return () if script else super().restore(footing, script, **choices)
