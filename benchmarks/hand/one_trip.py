"""
The limit: each migration in one round trip, by a loop that does nothing else.

Begin, file, record and commit are one simple query.  No lock, no checksums, no
journal, and an error that names no file.
"""

import sys
from pathlib import Path

import psycopg

url, folder = sys.argv[1:]
with psycopg.connect(url, autocommit=True) as conn:
    conn.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(255) PRIMARY KEY,"
        " name varchar(255) NOT NULL, applied_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP)"
    )
    applied = {version for (version,) in conn.execute("SELECT version FROM schema_migrations")}
    for path in sorted(Path(folder).glob("*.sql")):
        version, name = path.stem.split("_", 1)
        if version not in applied:
            sql = path.read_text("utf-8")
            record = f"INSERT INTO schema_migrations (version, name) VALUES ('{version}', '{name}')"
            conn.execute(f"BEGIN;\n{sql}\n;\n{record};\nCOMMIT".encode(), prepare=False)
