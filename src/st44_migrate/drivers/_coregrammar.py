"""
How SQL is written for a database that SQLAlchemy knows: SQLAlchemy Core says.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import BigInteger, DateTime, String, Text, cast, func, literal, literal_column
from sqlalchemy import Dialect as CoreDialect
from sqlalchemy.sql.elements import ClauseElement
from sqlalchemy.types import TypeEngine

from ..dialects import Standard, Types

__all__ = ["CoreGrammar"]

_HERE = {"mssql": "SCHEMA_NAME()", "oracle": "SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA')"}


class CoreGrammar(Standard):
    """
    The texts of any database, as its SQLAlchemy *dialect* compiles them.
    """

    def __init__(self, dialect: CoreDialect) -> None:
        self._dialect = dialect
        self.name = dialect.name
        self.now = self._text(func.current_timestamp())
        self.here = _HERE.get(dialect.name, "current_schema()")
        moment = self._type(DateTime(timezone=True))
        self.types = Types(
            moment,
            f"{moment} DEFAULT {self.now} NOT NULL",
            version=self._type(String(255)),
            key=self._type(String(255)),
            text=self._type(Text()),
        )

    def _text(self, element: ClauseElement) -> str:
        options = {"literal_binds": True}
        return self._plain(str(element.compile(dialect=self._dialect, compile_kwargs=options)))

    def _plain(self, text: str) -> str:
        """
        Undo what Core does to a ``%`` where it expects that parameters are looked for.
        """
        doubled = self._dialect.paramstyle in {"format", "pyformat"}
        return text.replace("%%", "%") if doubled else text

    def _type(self, kind: TypeEngine[Any]) -> str:
        return kind.compile(dialect=self._dialect)

    def quote(self, name: str) -> str:
        return self._plain(self._dialect.identifier_preparer.quote_identifier(name))

    def literal(self, value: str | float | bool | None) -> str:
        if isinstance(value, int) and not isinstance(value, bool):
            return self._text(literal(value, BigInteger()))
        return "NULL" if value is None else self._text(literal(value))

    def concat(self, *parts: str) -> str:
        first, *others = (literal_column(part, String()) for part in parts)
        for other in others:
            first = first + other  # type: ignore[assignment]
        return self._text(first)

    def as_text(self, column: str) -> str:
        return self._text(cast(literal_column(column), String(255)))
