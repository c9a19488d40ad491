"""
One of several runners that start at the same moment: ``racer.py KIND URL FOLDER``.

Says "ready", waits for a line, runs, and prints what it applied.
"""

from __future__ import annotations

import asyncio
import json
import sys

from st44_migrate import migrate, migrate_async

ASYNC = {"psycopg-async", "aiosqlite", "aiomysql"}


def main() -> None:
    kind, url, folder = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    report = asyncio.run(migrate_async(url, folder)) if kind in ASYNC else migrate(url, folder)
    print(json.dumps([[done.label for done in report.applied], report.count, report.pending]))


if __name__ == "__main__":
    main()
