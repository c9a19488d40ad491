"""
Every check of the project, one session each.

``nox`` runs the usual ones, ``nox -s lowest`` any other, ``nox -l`` lists them.
What stands behind ``--`` is handed on: ``nox -s tests-3.12 -- -k ledger``.
"""

from __future__ import annotations

from pathlib import Path

import nox

nox.needs_version = ">=2025.10.16"
nox.options.default_venv_backend = "uv|virtualenv"
nox.options.error_on_external_run = True
nox.options.reuse_existing_virtualenvs = True
nox.options.sessions = ["lint", "typing", "tests", "extras", "docs", "build"]

PYPROJECT = nox.project.load_toml("pyproject.toml")
PYTHONS = nox.project.python_versions(PYPROJECT)
OLDEST = PYTHONS[0]
EXTRAS = [name for name in PYPROJECT["project"]["optional-dependencies"] if name != "all"]

# Touches every public name, and refuses what came along that Python does not have itself.
FRUGAL = """
import sys
before = set(sys.modules)
import st44_migrate
for name in st44_migrate.__all__:
    getattr(st44_migrate, name)
loaded = {name.partition(".")[0] for name in set(sys.modules) - before}
unasked = sorted(loaded - {"st44_migrate"} - sys.stdlib_module_names)
sys.exit(f"loaded unasked: {unasked}" if unasked else 0)
"""

OBSERVED = "import st44_migrate.observe.opentelemetry, st44_migrate.observe.opentelemetry_health"


def group(name: str) -> list[str]:
    """
    List the requirements of a dependency group.
    """
    return list(nox.project.dependency_groups(PYPROJECT, name))


@nox.session
def lint(session: nox.Session) -> None:
    """
    Read the code as ruff does, and its layout.
    """
    session.install(*group("lint"))
    session.run("ruff", "check", *session.posargs)
    session.run("ruff", "format", "--check")


@nox.session
def typing(session: nox.Session) -> None:
    """
    Check the types of everything, twice: mypy and pyright.
    """
    session.install("-e", ".[all]", *group("typing"))
    session.run("mypy", "--strict", *session.posargs)
    session.run("pyright")


@nox.session(python=PYTHONS)
def tests(session: nox.Session) -> None:
    """
    Run the whole suite on each Python that is found.
    """
    session.install("-e", ".[all]", *group("tests"))
    session.run("pytest", *session.posargs)


@nox.session
def properties(session: nox.Session) -> None:
    """
    Run the laws alone, with more cases: HYPOTHESIS_PROFILE=deep unless set.
    """
    session.install("-e", ".[all]", *group("tests"))
    profile = session.env.get("HYPOTHESIS_PROFILE") or "deep"
    session.run("pytest", "-m", "property", *session.posargs, env={"HYPOTHESIS_PROFILE": profile})


@nox.session
@nox.parametrize("extra", ["", *EXTRAS])
def extras(session: nox.Session, extra: str) -> None:
    """
    Install each extra alone: the library works on what is there, and loads none of it unasked.
    """
    session.install("-e", f".[{extra}]" if extra else ".")
    session.run("python", "-W", "error", "-c", FRUGAL, silent=True)
    session.run("python", "examples/quickstart_sqlite.py")
    match extra:
        case "aiosqlite":
            session.run("python", "examples/quickstart_sqlite_async.py")
        case "psycopg":
            session.run("python", "-W", "error", "-c", "import st44_migrate.drivers.psycopg")
        case "cli":
            session.run("st44-migrate", "--version")
        case "flask" | "fastapi" | "django":
            session.run("python", "-W", "error", "-c", f"import st44_migrate.web.{extra}")
        case "prometheus":
            session.run("python", "-W", "error", "-c", "import st44_migrate.observe.prometheus")
        case "otel":
            session.run("python", "-W", "error", "-c", OBSERVED)


@nox.session(python=OLDEST)
def lowest(session: nox.Session) -> None:
    """
    Run the suite on the oldest versions that pyproject.toml allows.
    """
    session.install("uv")
    session.run(
        "uv",
        "pip",
        "install",
        "--quiet",
        f"--python={session.virtualenv.location}",
        "--resolution=lowest-direct",
        "--editable=.[all]",
        *group("tests"),
    )
    session.run("pytest", *session.posargs)


@nox.session
def docs(session: nox.Session) -> None:
    """
    Build the documentation; a warning is an error.
    """
    session.install("-e", ".[all]", *group("docs"))
    target = Path(session.create_tmp()) / "html"
    session.run("sphinx-build", "-W", "--keep-going", "-n", "-q", "-b", "html", "docs", str(target))
    session.log(f"open {target / 'index.html'}")


@nox.session(reuse_venv=False)
def build(session: nox.Session) -> None:
    """
    Build sdist and wheel, and use the wheel where the checkout is out of sight.

    Then follow the tutorial with it, word for word.
    """
    session.install(*group("build"))
    dist = Path(session.create_tmp()) / "dist"
    session.run("python", "-m", "build", "--outdir", str(dist), silent=True)
    (wheel,) = dist.glob("*.whl")
    session.install(f"{wheel}[cli]")
    with session.chdir(session.create_tmp()):
        show = "import st44_migrate as m; print(m.__version__, m.__file__)"
        session.run("python", "-I", "-W", "error", "-c", show)
        session.run("st44-migrate", "--version")
    session.run("python", "tests/follow.py", "docs/tutorial.md", str(dist))
