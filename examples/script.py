"""
The step of a deployment that brings the database up before the app starts, and
says how it was before and how it is after.

    DATABASE_URL=postgresql://... python examples/script.py [FOLDER]

It ends with 0, or with the number that st44-migrate itself would end with, so
that whatever called it stops there.
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from st44_migrate import ConfigError, HealthProbe, MigrateError, Report, Settings, migrate
from st44_migrate.health import headline

HOUSEHOLD = Path(__file__).parent / "household" / "migrations"

# The server may still be starting: wait for it, but not for ever.
SETTINGS = Settings(wait=60, lock_wait=120)


def database() -> str:
    url = os.environ.get("DATABASE_URL")
    if not url:
        # Never fall back to some default: it would be the wrong database one day.
        raise ConfigError("DATABASE_URL is not set.", remedy="Set it to the database's URL.")
    return url


def look(url: str, folder: str | Path) -> None:
    # Nobody waits for this answer as a load balancer would.
    with HealthProbe(url, folder, deadline=10) as probe:
        report = probe.check()
    print(f"{report.status}: {headline(report)}")


def tell(report: Report) -> None:
    for done in report.applied:
        print(f"applied  {done.label}_{done.name}  {done.duration_ms} ms")
    for problem in report.problems:
        print(f"{problem.severity.value}: {problem.message}")
    print(f"applied: {len(report.applied)}, skipped: {report.skipped}")
    print(f"latest: {report.latest}, total: {report.count}")


def main() -> int:
    folder = sys.argv[1] if len(sys.argv) > 1 else HOUSEHOLD
    try:
        url = database()
        look(url, folder)
        tell(migrate(url, folder, settings=SETTINGS))
        look(url, folder)
    except MigrateError as error:
        print(error, file=sys.stderr)
        return error.exit_code
    return 0


if __name__ == "__main__":
    sys.exit(main())
