"""
What a run that has nothing to do cannot do without: connect, read the ledger, hash the files.
"""

import sys
from hashlib import sha256
from pathlib import Path

import psycopg

url, folder = sys.argv[1:]
with psycopg.connect(url, autocommit=True) as conn:
    applied: dict[str, str] = dict(conn.execute("SELECT version, name FROM schema_migrations"))
hashes = {path.name: sha256(path.read_bytes()).hexdigest() for path in Path(folder).glob("*.sql")}
if any(name.split("_", 1)[0] not in applied for name in hashes):
    sys.exit("something is pending")
