"""
Bring a SQLite file to its newest schema, from a folder made on the spot.

    python examples/quickstart_sqlite.py
"""

from __future__ import annotations

import sqlite3
import tempfile
from contextlib import closing
from pathlib import Path

from st44_migrate import migrate

FILES = {
    "001_create_notes_table.sql": """
        CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    """,
    "002_add_done_to_notes.sql": """
        ALTER TABLE notes ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX notes_done ON notes (done);
    """,
}


def main(room: Path) -> None:
    folder, database = room / "migrations", room / "notes.db"
    folder.mkdir()
    for name, sql in FILES.items():
        (folder / name).write_text(sql, encoding="utf-8")

    report = migrate(f"sqlite:///{database}", folder)
    for done in report.applied:
        print(f"applied {done.label}_{done.name}: {done.statements} statements")
    print(f"latest {report.latest}, total {report.count}")

    again = migrate(f"sqlite:///{database}", folder)
    print(f"again: {len(again.applied)} applied, {again.skipped} skipped")

    with closing(sqlite3.connect(database)) as connection:
        columns = connection.execute("SELECT name FROM pragma_table_info('notes')")
        print("notes:", ", ".join(name for (name,) in columns))


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as room:
        main(Path(room))
