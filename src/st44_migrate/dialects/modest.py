"""
What a database need not be able to do: nothing is asked of it, nothing is set.
"""

from __future__ import annotations

from collections.abc import Sequence

from ..model import LedgerName, Script
from .footing import Company, Footing, Locking, Tables

__all__ = ["Modest"]


class Modest:
    """
    The members of a `Dialect` that have an answer for the least of databases.

    There is no lock of the session: each migration's own transaction keeps
    runners apart.
    """

    locks_sessions: bool = False
    company: Company = Company.NONE

    def joins(self, footing: Footing, script: Script) -> bool:
        return True

    def moment(self, column: str) -> str:
        raise NotImplementedError  # only_defines is False

    def answering(self, column: str) -> str:
        return ""

    def premise(self, name: LedgerName) -> str:
        return "NULL"

    def unless(self, query: str, tables: Tables, premise: str, digest: str) -> str | None:
        return None

    def chunks(self, text: str) -> Sequence[str]:
        return (text,)

    def prepare(self, sql: str) -> tuple[str, str] | None:
        return None

    def locking(self, key: int) -> Locking:
        raise NotImplementedError  # locks_sessions is False

    def settle(self, footing: Footing, *, pooled: bool) -> Sequence[str]:
        return ()

    def unhurried(self) -> Sequence[str]:
        return ()

    def limit(self, lock_timeout: float) -> Sequence[str]:
        return ()

    def only_defines(self, footing: Footing, script: Script) -> bool:
        return False

    def vouch(self, footing: Footing, key: int, versions: Sequence[str]) -> Sequence[str]:
        raise NotImplementedError  # only_defines is False

    def flush(self) -> Sequence[str]:
        return ()

    def own_role(self, footing: Footing, *, local: bool) -> Sequence[str]:
        return ()

    def unlimited(self) -> Sequence[str]:
        return ()

    def before_body(self, footing: Footing, script: Script) -> Sequence[str]:
        return ()

    def after_body(self, footing: Footing, script: Script) -> Sequence[str]:
        return ()

    def unfinished(self, statement: str) -> str | None:
        return None

    def discard(self, name: str) -> str:
        raise NotImplementedError  # nothing is unfinished

    def evidence(self, statement: str) -> str | None:
        return None

    def holders(self, statement: str) -> str | None:
        return None

    def progress(self, statement: str, pid: int | None) -> str | None:
        return None

    def violations(self) -> str | None:
        return None

    def restore(
        self, footing: Footing, script: Script | None, *, key: int, pooled: bool
    ) -> Sequence[str]:
        return ()

    def release(self, footing: Footing, *, key: int) -> Sequence[str]:
        return self.restore(footing, None, key=key, pooled=False)
