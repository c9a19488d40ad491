"""
A Flask application that brings its own database up, and says how it is.

    DATABASE_URL=postgresql://... flask --app examples/flask_app.py run

It answers at once: /health says that the process is there, /health/ready that the
schema is, /health/database what is the matter (open it in a browser), and
/health/metrics the same for Prometheus.  However many workers start at the same
moment, one of them migrates and the others wait for it.
"""

from __future__ import annotations

import logging
import os
from pathlib import Path

import psycopg
from flask import Flask, abort

from st44_migrate import HealthProbe, Migrator, Settings
from st44_migrate.health import BackgroundMigration
from st44_migrate.observe import tee
from st44_migrate.observe.log import LogObserver
from st44_migrate.observe.metrics import RunMetrics
from st44_migrate.web import Site
from st44_migrate.web.flask import health_blueprint

FOLDER = Path(__file__).parent / "household" / "migrations"
TABLES = ("users", "households", "children", "tasks", "task_assignments", "task_completions")


def create_app() -> Flask:
    # No default: it would be the wrong database one day.
    url = os.environ["DATABASE_URL"]
    logging.basicConfig(level=logging.INFO)

    runs = RunMetrics()
    migrator = Migrator(url, FOLDER, settings=Settings(wait=60), observer=tee(LogObserver(), runs))
    # In a thread: a server answers nothing, not even /health, before this function is.
    migration = BackgroundMigration(migrator).start()
    probe = HealthProbe(url, FOLDER, tables=TABLES, activity=migration.activity)

    app = Flask("household")
    app.register_blueprint(health_blueprint(probe, Site(metrics=(runs,))))

    @app.get("/households")
    def households() -> list[str]:
        # Kept for a second: this does not ask the database each time.
        if probe.check().pending:
            abort(503, "The database is not ready.")
        with psycopg.connect(url) as connection:
            rows = connection.execute("SELECT name FROM households ORDER BY name").fetchall()
        return [name for (name,) in rows]

    return app
