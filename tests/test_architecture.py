"""
The map in the package's docstring, as rules: who may import whom, and who may do I/O.

The rules read the source with `ast`; nothing is imported, so that a rule also
covers what only runs on another system.  Each test collects what breaks its
rule, by module, and expects nothing.
"""

from __future__ import annotations

import ast
import subprocess
import sys
from functools import cache
from pathlib import Path
from time import perf_counter

PACKAGE = Path(__file__).parents[1] / "src" / "st44_migrate"
OURS = PACKAGE.name

PURE = {"baselines", "dialects", "draft", "lint", "plan", "problems", "render", "sqltext"}
COLOURS = {"_defaults", "async_runner", "drivers", "observe", "runner", "testing", "web"}
EDGES = {"cli", "__main__"}

# Health has both: what decides, and what waits.
DECIDES = {
    *("build", "checker", "documents", "observation", "policy", "relations", "report", "rules"),
}
WAITS = {"background", "background_async", "parts", "probe", "probe_async", "require"}

# What reaches files, sockets, processes, clocks or threads.
DOES_IO = {
    *("asyncio", "fileinput", "http", "importlib", "io", "logging", "multiprocessing", "os"),
    *("pathlib", "selectors", "shutil", "signal", "socket", "sqlite3", "ssl", "subprocess"),
    *("tempfile", "threading", "time", "urllib"),
}
CHOOSES_A_LOOP_OR_A_DATABASE = {"asyncio", "selectors", "sqlite3", "threading", "time"}


def name_of(path: Path) -> str:
    """
    Name a module from inside the package: ``"drivers.sqlite"``, ``""`` for the package itself.
    """
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


def top(name: str) -> str:
    return name.partition(".")[0]


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def within(*tops: str) -> list[str]:
    """
    List the modules called so, and what is in the packages called so.
    """
    absent = set(tops) - {top(name) for name in MODULES}
    assert not absent, f"a rule about nothing: there is no module {absent}"
    return [name for name in MODULES if top(name) in tops]


def outside(*tops: str) -> list[str]:
    return sorted(set(MODULES) - set(within(*tops)))


def health(*names: str) -> list[str]:
    """
    List modules of health by their last name.
    """
    return [f"health.{name}" for name in sorted(names)]


# The package itself offers the runner's names, and loads them late.
CORE = [name for name in outside(*COLOURS, *EDGES) if name and name not in health(*WAITS)]


@cache
def tree(name: str) -> ast.Module:
    return ast.parse(MODULES[name].read_text("utf-8"), filename=name)


@cache
def imports(name: str) -> frozenset[str]:
    """
    List what a module imports, wherever in it: ``"os.path"``, ``"st44_migrate.model"``.
    """
    here = [OURS, *name.split(".")] if name else [OURS]
    package = here if MODULES[name].name == "__init__.py" else here[:-1]
    found: set[str] = set()
    for node in ast.walk(tree(name)):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            origin = ".".join([*base, *filter(None, [node.module])])
            found |= {whole(origin, alias.name) for alias in node.names}
    return frozenset(found)


def whole(origin: str, name: str) -> str:
    """
    Say which module ``from origin import name`` takes: *name* may be one itself.
    """
    longer = f"{origin}.{name}"
    return longer if longer.removeprefix(f"{OURS}.") in MODULES else origin


def ours(name: str) -> set[str]:
    """
    List what a module imports of this package: ``"drivers.url"``.
    """
    inside = {found for found in imports(name) if top(found) == OURS}
    return {found.removeprefix(OURS).strip(".") for found in inside}


def tops(names: set[str] | frozenset[str]) -> set[str]:
    return {top(name) for name in names}


def third_party(name: str) -> set[str]:
    return tops(imports(name)) - sys.stdlib_module_names - {OURS}


def calls(name: str) -> set[str]:
    """
    List what a module calls by name: ``"print"``, ``"sys.exit"``.
    """
    nodes = [node.func for node in ast.walk(tree(name)) if isinstance(node, ast.Call)]
    return {ast.unparse(func) for func in nodes if isinstance(func, ast.Name | ast.Attribute)}


def only(found: dict[str, set[str]]) -> dict[str, set[str]]:
    return {name: bad for name, bad in found.items() if bad}


def test_the_reader_sees_imports() -> None:
    """An import counts at the top, under TYPE_CHECKING, and of a module as of a name."""
    assert "model" in ours("errors")
    assert "drivers.url" in ours("runner")
    assert whole(OURS, "model") == f"{OURS}.model"
    assert whole(f"{OURS}.model", "Plan") == f"{OURS}.model"


def test_model_knows_nothing_of_ours() -> None:
    """The frozen values import no other module of the package."""
    assert only({name: tops(ours(name)) - {"model", "_lazy"} for name in within("model")}) == {}


def test_pure_modules_do_no_io() -> None:
    """Reading SQL text, planning and the dialects touch no file, socket, clock or thread."""
    modules = within(*PURE)
    assert only({name: tops(imports(name)) & DOES_IO for name in modules}) == {}
    assert only({name: calls(name) & {"open", "print", "input"} for name in modules}) == {}
    assert only({name: third_party(name) for name in modules}) == {}


def test_pure_modules_know_values_and_each_other() -> None:
    """What decides knows values and protocols, and neither the engine nor a driver."""
    # What a name says is text as well: nothing of it touches a folder.
    allowed = {"model", "errors", "protocols", "_lazy", *PURE}
    known = {name: ours(name) - {"source.naming"} for name in within(*PURE)}
    assert only({name: tops(found) - allowed for name, found in known.items()}) == {}


def test_layouts_do_no_io() -> None:
    """They are given names and bytes; only the list of them loads modules."""
    layouts = [name for name in MODULES if name.startswith("source.layouts.")]
    assert len(layouts) > 12
    modules = [*layouts, "source.layout", "source.naming", "source.correction", "source.tree"]
    assert only({name: tops(imports(name)) & DOES_IO for name in modules}) == {}
    assert only({name: calls(name) & {"open", "print", "input"} for name in modules}) == {}
    allowed = {"model", "errors", "protocols", "source"}
    assert only({name: tops(ours(name)) - allowed for name in modules}) == {}


def test_adoption_is_pure() -> None:
    """Other tools' ledgers are facts and decisions; only the list of them loads modules."""
    modules = [name for name in within("adoption") if name != "adoption.tools"]
    assert len(modules) > 20
    assert only({name: tops(imports(name)) & DOES_IO for name in modules}) == {}
    assert only({name: calls(name) & {"open", "print", "input"} for name in modules}) == {}
    allowed = {"adoption", "baselines", "errors", "model", "plan", "protocols"}
    assert only({name: tops(ours(name)) - allowed for name in modules}) == {}


def test_the_core_has_no_colour() -> None:
    """Engine, ledger, journal and locks know neither an event loop, nor a thread, nor a clock."""
    assert {"_engine", "ledger", "journal", "locks"} <= set(CORE)
    assert only({name: tops(imports(name)) & CHOOSES_A_LOOP_OR_A_DATABASE for name in CORE}) == {}


def test_the_core_knows_no_driver() -> None:
    """It sees a database through the protocols, and needs the standard library only."""
    above = {*COLOURS, *EDGES}
    assert only({name: tops(ours(name)) & above for name in CORE}) == {}
    assert only({name: third_party(name) for name in CORE}) == {}


def test_health_decides_without_looking() -> None:
    """From an observation to a document nothing waits, and nobody knows a probe."""
    pure = health(*DECIDES)
    assert set(pure) <= set(MODULES)
    assert only({name: tops(imports(name)) & DOES_IO for name in pure}) == {}
    allowed = {"model", "errors", *PURE}
    below = {name: {n for n in ours(name) if top(n) not in allowed} for name in pure}
    assert only({name: found - set(pure) for name, found in below.items()}) == {}


def test_nobody_below_knows_health() -> None:
    """Only what shows it and the edges know it, and the package itself, which loads it late."""
    modules = set(outside("health", "observe", "web", *EDGES)) - {""}
    assert only({name: tops(ours(name)) & {"health"} for name in sorted(modules)}) == {}


def test_drivers_know_only_the_seam() -> None:
    """A driver imports protocols, errors and facts; only the reader of URLs knows drivers by name."""
    allowed = {"protocols", "errors", "dialects", "model", "drivers"}
    assert only({name: tops(ours(name)) - allowed for name in within("drivers")}) == {}

    bodies = set(within("drivers")) - {"drivers", "drivers.url"}
    others = {name: {n for n in ours(name) if top(n) == "drivers"} for name in bodies}
    shared = {name for name in MODULES if name.rpartition(".")[2].startswith("_")}
    assert only({name: known - shared for name, known in others.items()}) == {}


def test_observers_know_no_driver() -> None:
    """What shows a run sees events, and no connection."""
    assert (
        only({name: tops(ours(name)) & {"drivers", "runner"} for name in within("observe")}) == {}
    )


def test_the_web_knows_no_database() -> None:
    """What speaks HTTP sees reports, and neither a driver nor a runner; nobody needs it."""
    allowed = {"_extras", "errors", "health", "model", "observe", "protocols", "render", "web"}
    assert only({name: tops(ours(name)) - allowed for name in within("web")}) == {}
    assert only({name: tops(ours(name)) & {"web"} for name in outside("web")}) == {}


def test_the_web_decides_without_io() -> None:
    """An answer is made of values; only adapters know a framework, each its own."""
    pure = {f"web.{name}" for name in ("accept", "answer", "page", "schema", "site", "style")}
    assert pure <= set(MODULES)
    assert only({name: tops(imports(name)) & DOES_IO for name in pure}) == {}
    frameworks = {"django", "fastapi", "flask", "starlette"}
    others = {name: third_party(name) - {name.rpartition(".")[2]} for name in within("web")}
    assert only(others) == {}
    assert {name.rpartition(".")[2] for name in within("web") if third_party(name)} == frameworks


def test_nobody_needs_the_edge() -> None:
    """No part of the library imports the command or the testing kit."""
    modules = outside("testing", *EDGES)
    assert only({name: tops(ours(name)) & {"testing", *EDGES} for name in modules}) == {}


def test_a_module_is_one_idea() -> None:
    """No module is longer than 300 lines."""
    lengths = {name: len(path.read_text("utf-8").splitlines()) for name, path in MODULES.items()}
    assert {name: lines for name, lines in lengths.items() if lines > 300} == {}


def test_a_library_keeps_its_manners() -> None:
    """Only the edges print, only the command exits, and nobody configures logging."""
    speaks, leaves = {"print", "input"}, {"sys.exit", "os._exit", "exit", "quit", "SystemExit"}
    configures = {"logging.basicConfig", "logging.config.dictConfig", "logging.config.fileConfig"}
    assert only({name: calls(name) & speaks for name in outside("observe", *EDGES)}) == {}
    assert only({name: calls(name) & leaves for name in outside(*EDGES)}) == {}
    assert only({name: calls(name) & configures for name in MODULES}) == {}


IMPORT_AND_TELL = f"""
import sys
before = set(sys.modules)
import {OURS}
print(*sorted(set(sys.modules) - before))
"""

TOUCH_EVERY_NAME = f"""
import {OURS} as package
listed = set(dir(package))
print(*(name for name in package.__all__ if getattr(package, name) is None or name not in listed))
"""


def run_python(code: str) -> str:
    """
    Run *code* in a new interpreter, with nothing of ours but what is installed.
    """
    command = [sys.executable, "-I", "-W", "error", "-c", code]
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout


def seconds(code: str) -> float:
    start = perf_counter()
    run_python(code)
    return perf_counter() - start


def test_importing_costs_next_to_nothing() -> None:
    """The import loads a part of the standard library, and none of its slow modules."""
    loaded = set(run_python(IMPORT_AND_TELL).split())
    slow = {"asyncio", "importlib.metadata", "importlib.resources", "json", "logging", "sqlite3"}
    assert tops(loaded) - sys.stdlib_module_names - {OURS} == set()
    assert loaded & slow == set()

    bare = min(seconds("pass") for _ in range(5))
    cost = min(seconds(f"import {OURS}") for _ in range(5)) - bare
    print(f"import {OURS}: {cost * 1000:.1f} ms and {len(loaded)} modules beyond bare Python")


def test_every_public_name_is_there() -> None:
    """Each name of ``__all__`` can be had, and ``dir()`` lists it."""
    assert run_python(TOUCH_EVERY_NAME).split() == []
