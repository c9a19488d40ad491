"""
Migrations that are programs, which only the tool they were written for can run.
"""

from __future__ import annotations

from .listing import printable

__all__ = ["instead", "refusal"]


def instead(file: str, sql: str) -> bytes:
    """
    Give what runs in the place of a program: what the user says it does.
    """
    return sql.encode("utf-8", "surrogatepass") if sql.strip() else f"-- not {file}\n".encode()


def refusal(tool: str, file: str) -> tuple[str, str]:
    """
    Say why a program is refused, and what to do.
    """
    file = printable(file)
    return (
        f"is a program, which only {tool} can run.",
        f"Say in SQL what it does: --set '{file}=UPDATE ...', or values={{{file!r}: ...}} in Python;"
        f" empty if nothing is to be done. Or write that into a .sql file in its place.",
    )
