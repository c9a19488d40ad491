"""
A FastAPI application that brings its own database up, and says how it is.

    DATABASE_URL=postgresql://... uvicorn --factory --app-dir examples fastapi_app:create_app

It answers at once: /health says that the process is there, /health/ready that the
schema is, /health/database what is the matter (open it in a browser), and
/health/metrics the same for Prometheus.  However many workers start at the same
moment, one of them migrates and the others wait for it.
"""

from __future__ import annotations

import logging
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import psycopg
from fastapi import FastAPI, HTTPException

from st44_migrate import AsyncHealthProbe, AsyncMigrator, Settings
from st44_migrate.health import AsyncBackgroundMigration
from st44_migrate.observe import tee
from st44_migrate.observe.log import LogObserver
from st44_migrate.observe.metrics import RunMetrics
from st44_migrate.web import Site
from st44_migrate.web.fastapi import health_router

FOLDER = Path(__file__).parent / "household" / "migrations"
TABLES = ("users", "households", "children", "tasks", "task_assignments", "task_completions")


def create_app() -> FastAPI:
    # No default: it would be the wrong database one day.
    url = os.environ["DATABASE_URL"]
    logging.basicConfig(level=logging.INFO)

    runs = RunMetrics()
    migrator = AsyncMigrator(
        url, FOLDER, settings=Settings(wait=60), observer=tee(LogObserver(), runs)
    )
    migration = AsyncBackgroundMigration(migrator)
    probe = AsyncHealthProbe(url, FOLDER, tables=TABLES, activity=migration.activity)

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        # Not awaited: a server answers nothing, not even /health, before its start is over.
        async with probe, migration:
            yield

    app = FastAPI(title="Household", lifespan=lifespan)
    app.include_router(health_router(probe, Site(metrics=(runs,))))

    @app.get("/households")
    async def households() -> list[str]:
        # Kept for a second: this does not ask the database each time.
        if (await probe.check()).pending:
            raise HTTPException(503, "The database is not ready.", {"Retry-After": "5"})
        async with await psycopg.AsyncConnection.connect(url) as connection:
            cursor = await connection.execute("SELECT name FROM households ORDER BY name")
            return [name for (name,) in await cursor.fetchall()]

    return app
