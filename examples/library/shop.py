"""
An application that has tables of its own, and uses a library that has some too.

    export DATABASE_URL=postgresql://...
    python examples/library/shop.py migrate
    python examples/library/shop.py order tea
    python examples/library/shop.py hand-on

Each has its files and its ledger.  Both have a file 001, and neither knows of the
other's.  Only ``migrate`` changes tables; the rest looks whether they are there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

import outbox
import psycopg

from st44_migrate import ConfigError, MigrateError, Migrator, Settings

FOLDER = Path(__file__).parent / "migrations"
SETTINGS = Settings(wait=60)


def bring_up(url: str) -> None:
    # The library first: a file of ours may refer to its tables, never the reverse.
    for name, report in (
        ("outbox", outbox.bring_up(url)),
        ("shop", Migrator(url, FOLDER, settings=SETTINGS).apply()),
    ):
        print(f"{name}: {len(report.applied)} applied, latest {report.latest}")


def order(url: str, item: str) -> None:
    outbox.require(url)
    # The order and the message about it: both, or neither.
    with psycopg.connect(url) as conn:
        conn.execute("INSERT INTO orders (item) VALUES (%s)", (item,))
        outbox.write(conn, "orders", f"somebody wants {item}")
    print(f"ordered {item}")


def hand_on(url: str) -> None:
    outbox.require(url)
    with psycopg.connect(url) as conn:
        count = outbox.hand_on(conn, lambda topic, body: print(f"{topic}: {body}"))
    print(f"handed on: {count}")


def main(*words: str) -> int:
    try:
        url = os.environ.get("DATABASE_URL")
        if not url:
            raise ConfigError("DATABASE_URL is not set.", remedy="Set it to the database's URL.")
        match words:
            case ["migrate"]:
                bring_up(url)
            case ["order", item]:
                order(url, item)
            case ["hand-on"]:
                hand_on(url)
            case _:
                print("usage: shop.py migrate | order ITEM | hand-on", file=sys.stderr)
                return 2
    except MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except outbox.NotUpToDate as error:
        print(error, file=sys.stderr)
        return 3
    return 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
