"""
An async worker that takes jobs from a table, and brings that table up before.

    DATABASE_URL=postgresql://... python examples/worker/worker.py

Start as many as you like, at the same moment too: one of them migrates, the others
wait for it.  SIGTERM and Ctrl-C end it at any time.  A migration or a job that is
under way then is rolled back: the next worker begins it anew.
"""

from __future__ import annotations

import asyncio
import logging
import os
import signal
import sys
from pathlib import Path

import psycopg

from st44_migrate import ConfigError, MigrateError, Settings, migrate_async
from st44_migrate.observe.log import LogObserver

FOLDER = Path(__file__).parent / "migrations"
SETTINGS = Settings(wait=60, lock_wait=300)

log = logging.getLogger("worker")

# Another worker's job is locked, and passed over; a job that fails stays to be done.
TAKE = """
SELECT id, text FROM jobs WHERE done_at IS NULL ORDER BY id LIMIT 1 FOR UPDATE SKIP LOCKED
"""
FINISH = "UPDATE jobs SET result = %s, worker = %s, done_at = now() WHERE id = %s"


async def work(url: str, name: str) -> None:
    """
    Do one job after another, for ever.
    """
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as conn:
        await conn.execute("LISTEN jobs")
        while True:
            while await do_one(conn, name):
                pass
            # The time-out is for jobs that somebody else has let go of.
            async for _ in conn.notifies(timeout=5, stop_after=1):
                pass


async def do_one(conn: psycopg.AsyncConnection, name: str) -> bool:
    async with conn.transaction():
        row = await (await conn.execute(TAKE)).fetchone()
        if row is None:
            return False
        number, text = row
        await conn.execute(FINISH, (await shout(text), name, number))
    log.info("job %s done", number)
    return True


async def shout(text: str) -> str:
    """
    Stand for what takes time.
    """
    await asyncio.sleep(0.01)
    return text.upper()


async def run(url: str, name: str) -> None:
    # The signal cancels this task, whatever it is waiting for.
    task, loop = asyncio.current_task(), asyncio.get_running_loop()
    assert task is not None
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, task.cancel)
    report = await migrate_async(url, FOLDER, settings=SETTINGS, observer=LogObserver())
    log.info("ready, the schema is at %s", report.latest)
    await work(url, name)


def main() -> int:
    name = f"worker {os.getpid()}"
    logging.basicConfig(level=logging.INFO, format=f"{name}: %(message)s")
    try:
        url = os.environ.get("DATABASE_URL")
        if not url:
            # Never fall back to some default: it would be the wrong database one day.
            raise ConfigError("DATABASE_URL is not set.", remedy="Set it to the database's URL.")
        asyncio.run(run(url, name))
    except MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    except asyncio.CancelledError:
        log.info("stopped")
    return 0


if __name__ == "__main__":
    sys.exit(main())
