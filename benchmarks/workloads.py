"""
What is migrated: folders of plain SQL files, the same for everybody who runs them.

W1 is many tiny files; W2 is what applications have: tables, indexes, foreign keys,
functions, triggers and data.
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

__all__ = ["Files", "idle", "mixed", "tiny", "write"]

Files = dict[str, str]


def tiny(count: int, first: int = 1) -> Files:
    """
    W1: a table of two columns for each file.
    """
    return {
        f"{number:05}_make_t{number}.sql": f"CREATE TABLE t{number} (id integer, note text);\n"
        for number in range(first, first + count)
    }


def idle(count: int) -> Files:
    """
    W3 and W4: many files that leave nothing behind, for a ledger that is long.
    """
    return {f"{number:05}_step.sql": f"SELECT {number};\n" for number in range(1, count + 1)}


def mixed(count: int, *, sqlite: bool = False) -> Files:
    """
    W2: eight kinds of files in turn, each about the table that the first kind made.
    """
    kinds = (*_EVERYWHERE, *(() if sqlite else _POSTGRES))
    files: Files = {}
    for number in range(1, count + 1):
        round_, kind = divmod(number - 1, len(kinds))
        name, text = kinds[kind](f"w{round_}", f"w{round_ - 1}" if round_ else "")
        files[f"{number:05}_{name}_{round_}.sql"] = text
    return files


def write(folder: Path, files: Files) -> Path:
    """
    Make *folder* and put *files* into it.
    """
    folder.mkdir(parents=True)
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    return folder


# --- kinds of files: of a table, and of the one before it ----------------------


def _table(table: str, before: str) -> tuple[str, str]:
    parent = f"    parent_id integer REFERENCES {before} (id),\n" if before else ""
    text = f"""\
-- What belongs together is in one table.
CREATE TABLE {table} (
    id integer PRIMARY KEY,
{parent}    email varchar(200) NOT NULL UNIQUE,
    kind text NOT NULL DEFAULT 'plain' CHECK (kind IN ('plain', 'special')),
    amount numeric(12, 2) NOT NULL DEFAULT 0,
    created_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP
);
"""
    return "create", text


def _index(table: str, before: str) -> tuple[str, str]:
    del before
    return "index", (
        f"CREATE INDEX {table}_kind ON {table} (kind, created_at);\n"
        f"CREATE UNIQUE INDEX {table}_special ON {table} (email) WHERE kind = 'special';\n"
    )


def _data(table: str, before: str) -> tuple[str, str]:
    del before
    rows = ",\n".join(
        f"    ({number}, 'person{number}@example.org', 'plain', {number}.5)"
        for number in range(1, 26)
    )
    return "fill", (
        f"INSERT INTO {table} (id, email, kind, amount) VALUES\n{rows};\n"
        f"UPDATE {table} SET kind = 'special' WHERE id % 5 = 0; -- every fifth; that's all\n"
    )


def _columns(table: str, before: str) -> tuple[str, str]:
    del before
    return "columns", (
        f"ALTER TABLE {table} ADD COLUMN note text;\n"
        f"ALTER TABLE {table} ADD COLUMN active boolean NOT NULL DEFAULT true;\n"
        f"ALTER TABLE {table} RENAME COLUMN note TO remark;\n"
    )


def _view(table: str, before: str) -> tuple[str, str]:
    del before
    return "view", (
        f"CREATE VIEW {table}_totals AS\n"
        f"    SELECT kind, count(*) AS people, sum(amount) AS total FROM {table} GROUP BY kind;\n"
    )


def _function(table: str, before: str) -> tuple[str, str]:
    del before
    text = f"""\
CREATE FUNCTION {table}_touch() RETURNS trigger LANGUAGE plpgsql AS $body$
BEGIN
    IF NEW.amount <> OLD.amount THEN
        NEW.created_at := CURRENT_TIMESTAMP; -- a semicolon; and a 'quote'
    END IF;
    RETURN NEW;
END
$body$;
"""
    return "function", text


def _trigger(table: str, before: str) -> tuple[str, str]:
    del before
    return "trigger", (
        f"CREATE TRIGGER {table}_touched BEFORE UPDATE ON {table}\n"
        f"    FOR EACH ROW EXECUTE FUNCTION {table}_touch();\n"
        f"UPDATE {table} SET amount = amount + 1 WHERE id <= 10;\n"
    )


def _constraint(table: str, before: str) -> tuple[str, str]:
    del before
    return "constrain", (
        f"ALTER TABLE {table} ADD CONSTRAINT {table}_positive CHECK (amount >= 0);\n"
        f"COMMENT ON TABLE {table} IS 'it''s about people';\n"
    )


_Kind = Callable[[str, str], tuple[str, str]]
_EVERYWHERE: tuple[_Kind, ...] = (_table, _index, _data, _columns, _view)
_POSTGRES: tuple[_Kind, ...] = (_function, _trigger, _constraint)
