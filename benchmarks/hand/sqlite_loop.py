"""
The limit on SQLite: each migration in a transaction of its own, by a loop that does nothing else.
"""

import sqlite3
import sys
from pathlib import Path

url, folder = sys.argv[1:]
conn = sqlite3.connect(url.removeprefix("sqlite:///"), isolation_level=None)
conn.execute(
    "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(255) PRIMARY KEY,"
    " name varchar(255) NOT NULL, applied_at timestamp NOT NULL DEFAULT CURRENT_TIMESTAMP)"
)
applied = {version for (version,) in conn.execute("SELECT version FROM schema_migrations")}
for path in sorted(Path(folder).glob("*.sql")):
    version, name = path.stem.split("_", 1)
    if version not in applied:
        conn.execute("BEGIN IMMEDIATE")
        statement = ""
        for line in path.read_text("utf-8").splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                conn.execute(statement)
                statement = ""
        conn.execute("INSERT INTO schema_migrations (version, name) VALUES (?, ?)", (version, name))
        conn.execute("COMMIT")
conn.close()
