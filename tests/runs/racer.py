"""
One of several runners that start at the same moment: ``racer.py KIND URL FOLDER``.

Says "ready", waits for a line, runs, and prints what it applied.
"""

from __future__ import annotations

import asyncio
import json
import sys

from st44_migrate import migrate, migrate_async


def main() -> None:
    kind, url, folder = sys.argv[1:]
    print("ready", flush=True)
    sys.stdin.readline()
    if kind in {"psycopg-async", "aiosqlite"}:
        report = asyncio.run(migrate_async(url, folder))
    else:
        report = migrate(url, folder)
    print(json.dumps([[done.label for done in report.applied], report.count, report.pending]))


if __name__ == "__main__":
    main()
