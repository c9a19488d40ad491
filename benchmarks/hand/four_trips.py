"""
The usual loop: begin, file, record and commit, each of them a round trip.
"""

import sys
from pathlib import Path

import psycopg

url, folder = sys.argv[1:]
with psycopg.connect(url) as conn:
    conn.execute(
        "CREATE TABLE IF NOT EXISTS schema_migrations (version varchar(255) PRIMARY KEY,"
        " name varchar(255) NOT NULL, applied_at timestamptz NOT NULL DEFAULT CURRENT_TIMESTAMP)"
    )
    conn.commit()
    applied = {version for (version,) in conn.execute("SELECT version FROM schema_migrations")}
    conn.commit()
    for path in sorted(Path(folder).glob("*.sql")):
        version, name = path.stem.split("_", 1)
        if version not in applied:
            conn.execute(path.read_text("utf-8").encode(), prepare=False)
            conn.execute(
                "INSERT INTO schema_migrations (version, name) VALUES (%s, %s)", (version, name)
            )
            conn.commit()
