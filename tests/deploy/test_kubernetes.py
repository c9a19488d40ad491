"""
The manifests' own commands and probes, on the image's files and a real PostgreSQL.

Not tried: a cluster.  That fields are known and well formed is seen by `test_lint`,
against the schemas of the API.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

from deploy.conftest import free_port
from deploy.images import Image, build, end
from targets import until


def manifest(project: Path, file: str) -> Any:
    """
    Read the first document of a file.
    """
    text = (project / "deploy/kubernetes" / file).read_text("utf-8")
    return next(iter(yaml.safe_load_all(text)))


@pytest.fixture
def image(project: Path, tmp_path: Path) -> Image:
    return build(project / "deploy/Dockerfile", project, tmp_path / "image")


def only(items: Sequence[Any]) -> Any:
    (item,) = items
    return item


def urls(container: Any) -> list[str]:
    """
    Name the variables that a container takes from the secret.
    """
    return [item["name"] for item in container["env"] if "secretKeyRef" in item["valueFrom"]]


def test_the_job_migrates(project: Path, image: Image, pg_url: str) -> None:
    """With nothing but the variable of the secret; and again, which does nothing."""
    job = only(manifest(project, "migrate.yaml")["spec"]["template"]["spec"]["containers"])
    assert urls(job) == ["DATABASE_URL"]
    assert [image.run(job["command"], {"DATABASE_URL": pg_url}) for _ in range(2)] == [0, 0]


def test_the_job_is_given_up_where_trying_again_is_of_no_use(
    project: Path, image: Image, pg_url: str
) -> None:
    """A file that fails ends it with a code that is on the list; no server, with one that is not."""
    spec = manifest(project, "migrate.yaml")["spec"]
    final = spec["podFailurePolicy"]["rules"][0]["onExitCodes"]
    assert final["containerName"] == only(spec["template"]["spec"]["containers"])["name"]
    command = only(spec["template"]["spec"]["containers"])["command"]
    broken = Path(f"{image.root}{image.workdir}/household/migrations/017_break.sql")
    broken.write_text("SELECT * FROM nowhere;\n", "utf-8")
    assert image.run(command, {"DATABASE_URL": pg_url}) in final["values"]
    brief = [*command[:-1], "--wait=0"]
    away = {"DATABASE_URL": "postgresql://localhost:1/household"}
    assert image.run(brief, away) not in {0, *final["values"]}


@contextmanager
def serving(image: Image, url: str, port: int, room: Path) -> Iterator[None]:
    """
    Have the application run, as its container would.
    """
    environment = {"DATABASE_URL": url, "UVICORN_PORT": str(port)}
    with (room / "app.log").open("wb") as log:
        process = image.start(image.command, environment, log)
        (room / "app.pid").write_text(str(process.pid))
        try:
            yield
        finally:
            end(room / "app.pid")
            process.wait()


def test_a_pod_is_ready_when_its_schema_is_there(
    project: Path, image: Image, pg_url: str, tmp_path: Path
) -> None:
    """The init container migrates; then each probe is answered as its kind wants it."""
    spec = manifest(project, "app.yaml")["spec"]["template"]["spec"]
    step, app = only(spec["initContainers"]), only(spec["containers"])
    assert urls(step) == urls(app) == ["DATABASE_URL"]
    assert image.run(step["command"], {"DATABASE_URL": pg_url}) == 0
    port = free_port()
    with serving(image, pg_url, port, tmp_path):
        for kind in ("startupProbe", "livenessProbe", "readinessProbe"):
            path = app[kind]["httpGet"]["path"]
            assert app[kind]["httpGet"]["port"] == app["ports"][0]["name"]
            answers(port, path)


def test_a_pod_without_its_database_is_alive_and_not_ready(
    project: Path, image: Image, tmp_path: Path
) -> None:
    """So it gets no requests, and is not started again and again."""
    app = only(manifest(project, "app.yaml")["spec"]["template"]["spec"]["containers"])
    port = free_port()
    with serving(image, "postgresql://localhost:1/household", port, tmp_path):
        answers(port, app["livenessProbe"]["httpGet"]["path"])
        assert status(port, app["readinessProbe"]["httpGet"]["path"]) == 503


def answers(port: int, path: str) -> None:
    """
    Wait until a probe is content.
    """
    until(lambda: status(port, path) == 200, within=60)


def status(port: int, path: str) -> int:
    try:
        return httpx.get(f"http://127.0.0.1:{port}{path}", timeout=30).status_code
    except httpx.TransportError:
        return 0
