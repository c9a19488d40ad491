"""
The workflow's own steps, run against a server that takes ssh, and a real PostgreSQL.

Not tried: GitHub's runner and its registry, Docker itself (see `engine`), sshd.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.conftest import Site, plain_environment
from deploy.workflow import Runner, Step

WORKFLOW = "deploy/github/deploy.yml"


@pytest.fixture
def push(site: Site, tmp_path: Path) -> Push:
    return Push(site, tmp_path)


class Push:
    """
    A push to main, as often as one likes.
    """

    def __init__(self, site: Site, room: Path) -> None:
        self._site = site
        self._room = room

    def __call__(self, sha: str) -> Sequence[Step]:
        site = self._site
        words = {
            "github.repository": "you/household",
            "github.sha": sha,
            "github.actor": "somebody",
            "github.server_url": "https://github.com",
            "github.run_id": "1",
            "secrets.GITHUB_TOKEN": "a-token",
            "secrets.DEPLOY_KEY": site.ssh.key,
            "secrets.ALERT_WEBHOOK": f"{site.alerts.url}/hook",
            "vars.DEPLOY_HOST": "127.0.0.1",
            "vars.DEPLOY_PORT": str(site.ssh.port),
            "vars.DEPLOY_USER": "deploy",
            "vars.DEPLOY_HOST_KEY": site.ssh.known_host,
            "vars.HEALTH_URL": site.health,
        }
        environment = {**plain_environment(self._room), **site.engine.environment}
        runner = Runner(words, site.project, environment, self._room / "jobs")
        return runner.run(site.project / WORKFLOW)


def names(steps: Sequence[Step]) -> list[str]:
    return [step.name for step in steps]


def said(steps: Sequence[Step]) -> str:
    return "\n".join(f"--- {step.name}: {step.code}\n{step.said}" for step in steps)


BUILD = ["Build", "Look for mistakes in the migrations", "Push"]
DEPLOY = ["Prepare SSH", "Ship", "Start the database", "Migrate", "Start", "Verify"]


def test_a_release_and_one_that_fails(site: Site, push: Push) -> None:
    """
    In the guide's order, to an application that says it is healthy.  A release whose
    migration fails is not started: the one before goes on, and somebody is told.
    """
    steps = push("a" * 40)
    assert [step.code for step in steps] == [0] * 9, said(steps)
    assert names(steps) == [*BUILD, *DEPLOY]
    assert "applied 8, skipped 0" in said(steps)
    assert '"status":"healthy"' in steps[-1].said
    assert site.status() == "healthy"
    image = f"ghcr.io/you/household:{'a' * 40}"
    assert site.engine.asked == [
        f"build --file deploy/Dockerfile --tag {image} .",
        f"run --rm {image} st44-migrate lint household/migrations",
        "login ghcr.io --username somebody --password-stdin",
        f"push {image}",
        "compose pull",
        "compose up --detach --wait db",
        "compose run --rm migrate",
        "compose up --detach --wait app",
    ]
    assert (site.engine.folder / "login").read_text() == "ghcr.io a-token"
    assert site.alerted() == []

    site.add("017_break.sql", "ALTER TABLE users ADD COLUMN email text;\n")
    steps = push("b" * 40)
    assert names(steps) == [*BUILD, *DEPLOY[:4], "Alert"], said(steps)
    assert [step.code for step in steps if step.code] == [1]
    assert "household/migrations/017_break.sql:1" in steps[-2].said
    assert site.status() == "healthy"
    assert site.alerted() == [
        "The deployment of household failed: https://github.com/you/household/actions/runs/1"
    ]


def test_a_mistake_in_a_file_stops_before_anything_is_pushed(site: Site, push: Push) -> None:
    """The folder is looked at in the image that would go out."""
    site.add("018 add rewards.sql", "SELECT 1;\n")
    steps = push("c" * 40)
    assert names(steps) == [*BUILD[:2], "Alert"], said(steps)
    assert steps[1].code == 7
    assert not any(line.startswith("push") for line in site.engine.asked)
    assert len(site.alerted()) == 1


def test_the_servers_key_is_asked_for(site: Site, tmp_path: Path) -> None:
    """A server that is not the one that was meant gets nothing."""
    stranger = replace(site, ssh=replace(site.ssh, host_key=OTHER_KEY))
    steps = Push(stranger, tmp_path)("d" * 40)
    assert names(steps)[-2:] == ["Ship", "Alert"], said(steps)
    assert "Host key verification failed" in steps[-2].said
    assert not (site.home / "household/compose.yaml").exists()


OTHER_KEY = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAABAgMEBQYHCAkKCwwNDg8QERITFBUWFxgZGhscHR4f"
