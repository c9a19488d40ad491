"""
The same as quickstart_sqlite.py inside an event loop; needs the extra "aiosqlite".

    python examples/quickstart_sqlite_async.py
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import aiosqlite

from st44_migrate import migrate_async

FILES = {
    "001_create_notes_table.sql": """
        CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT NOT NULL);
    """,
    "002_add_done_to_notes.sql": """
        ALTER TABLE notes ADD COLUMN done INTEGER NOT NULL DEFAULT 0;
        CREATE INDEX notes_done ON notes (done);
    """,
}


async def main(folder: Path, database: Path) -> None:
    report = await migrate_async(f"sqlite:///{database}", folder)
    for done in report.applied:
        print(f"applied {done.label}_{done.name}: {done.statements} statements")
    print(f"latest {report.latest}, total {report.count}")

    # A connection that is open already is used as it is, and stays open.
    async with aiosqlite.connect(database) as connection:
        again = await migrate_async(connection, folder)
        print(f"again: {len(again.applied)} applied, {again.skipped} skipped")
        cursor = await connection.execute("SELECT name FROM pragma_table_info('notes')")
        print("notes:", ", ".join([name async for (name,) in cursor]))


def write_folder(folder: Path) -> None:
    folder.mkdir()
    for name, sql in FILES.items():
        (folder / name).write_text(sql, encoding="utf-8")


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as room:
        write_folder(Path(room) / "migrations")
        asyncio.run(main(Path(room) / "migrations", Path(room) / "notes.db"))
