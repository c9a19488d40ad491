"""
A database that another tool has brought half the way.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pytest

from dressing import Dressed, Files, dress
from recording import RECORDS, Record
from runs.conftest import login, target_of
from st44_migrate import Adoption, Memory, Plan, Report, Terms
from targets import Target

__all__ = ["DONE", "TODO", "Legacy", "legacy_of", "login"]

DONE = (
    Dressed(1, "one", ("CREATE TABLE one (i integer)",)),
    Dressed(2, "two", ("CREATE TABLE two (i integer)", "INSERT INTO two VALUES (2)")),
)
TODO = Dressed(10, "ten", ("CREATE TABLE ten (i integer)",))


@dataclass
class Legacy:
    """
    The database, the folder, and the tool that kept it.
    """

    target: Target
    tool: str
    files: Files

    @property
    def record(self) -> Record:
        return RECORDS[self.tool]

    @property
    def source(self) -> Memory:
        return Memory(self.files, layout=self.record.layout)

    def adopt(self, terms: Terms | None = None, **choices: Any) -> Adoption:
        made = self.target.do(self.source, lambda m: m.adopt(terms or Terms()), **choices)
        assert isinstance(made, Adoption)
        return made

    def adoption(self, terms: Terms | None = None) -> Adoption:
        made = self.target.do(self.source, lambda m: m.adoption(terms or Terms()))
        assert isinstance(made, Adoption)
        return made

    def plan(self) -> Plan:
        return self.target.plan(self.source)

    def apply(self) -> Report:
        return self.target.apply(self.source)

    def untouched(self) -> tuple[object, ...]:
        """
        Give all there is of the tool's table: its rows and its shape.
        """
        table = self.record.table
        rows = self.target.query(f'SELECT * FROM "{table}" ORDER BY 1')
        shape = (
            "SELECT column_name, data_type, column_default, is_nullable, xmin::text FROM"
            " information_schema.columns, pg_class WHERE table_name = relname AND"
            f" table_name = '{table}' ORDER BY ordinal_position"
            if self.target.is_postgres
            else f"SELECT sql FROM sqlite_master WHERE tbl_name = '{table}'"
        )
        return (rows, self.target.query(shape))

    def ours(self) -> set[str]:
        """
        The tables that are ours.
        """
        sql = (
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            if self.target.is_postgres
            else "SELECT name FROM sqlite_master WHERE type = 'table'"
        )
        names = {name for (name,) in self.target.query(sql)}
        candidates = {"schema_migrations", "schema_migrations_journal"}
        candidates |= {f"st44_{name}" for name in candidates}
        return (names & candidates) - {self.record.table}


def legacy_of(
    kind: str, tool: str, request: pytest.FixtureRequest, done: Sequence[Dressed] = DONE
) -> Legacy:
    """
    Make a database as *tool* leaves it.
    """
    target = target_of(kind, request)
    record = RECORDS[tool]
    files = dress(record.layout, [*done, TODO])
    dialect = "postgresql" if target.is_postgres else "sqlite"
    target.execute(*(sql for one in done for sql in one.statements))
    target.execute(*record.write(dialect, files, done))
    return Legacy(target, tool, files)
