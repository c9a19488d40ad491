"""
The command that shows the main job on a real PostgreSQL of its own.
"""

from __future__ import annotations

from pathlib import Path

import click

from .. import Migrator
from ..errors import ConfigError
from ..render import render_report, render_status, report_document, status_document
from .options import output_options
from .output import Output
from .session import observing

__all__ = ["demo"]

_ORIGINS = {
    "url": "the server of ST44_TEST_POSTGRES_URL",
    "docker": "a server in a container",
    "wheel": "a server from a Python package",
}


@click.command()
@output_options
def demo(output: Output) -> None:
    """
    Apply eight example files to a real PostgreSQL.

    It is started for that, and nothing is left behind.
    """
    # Nobody else needs a server, which takes a while to import.
    from ..testing.servers import postgres_server

    folder = _household()
    output.remark("starting PostgreSQL ...")
    with postgres_server() as server, server.database() as url, observing(output) as (observer, _):
        runner = Migrator(url, folder, observer=observer)
        first, second, plan = runner.apply(), runner.apply(), runner.plan()
    origin = _ORIGINS.get(server.origin, server.origin)
    document = {
        "server": server.origin,
        "first": report_document(first),
        "second": report_document(second),
        "status": status_document(plan),
    }
    text = f"""\
An empty database on {origin}, and the folder
{folder}

$ st44-migrate up
{render_report(first)}

$ st44-migrate up
{render_report(second)}

$ st44-migrate status
{render_status(plan)}

The database is gone again; nothing is left behind."""
    output.result(document, text)


def _household() -> Path:
    """
    Find the example: in the package, or beside ``src`` in a checkout.
    """
    here = Path(__file__).resolve()
    checkout = here.parents[3] / "examples" / "household" / "migrations"
    for folder in (here.with_name("household"), checkout):
        if folder.is_dir():
            return folder
    raise ConfigError("the example is not part of this installation", remedy="Install it anew.")
