"""
Migrations inside a package, on disk and in a zip file.
"""

from __future__ import annotations

import importlib
import subprocess
import sys
import zipfile
from itertools import count
from pathlib import Path

import pytest

from st44_migrate.errors import SourceError
from st44_migrate.source import Package

FILES = {
    "__init__.py": "",
    "settings.py": "",
    "migrations/010_c.sql": "SELECT 3",
    "migrations/002_b.sql": "SELECT 2",
    "migrations/README.md": "",
    "migrations/rollback/002_down.sql": "",
    "db/__init__.py": "",
    "db/sql/001_a.sql": "SELECT 1",
    "db/sql/__init__.py": "",
    "crate/2024-01-02-000000_b/up.sql": "SELECT 2",
    "crate/2024-01-01-000000_a/up.sql": "SELECT 1",
    "crate/2024-01-01-000000_a/down.sql": "SELECT -1",
    "crate/2024-01-01-000000_a/metadata.toml": "run_in_transaction = false",
}

_serial = count()


def install(root: Path, monkeypatch: pytest.MonkeyPatch, how: str) -> str:
    """
    Put FILES on the import path under a new name: as a folder, or as a zip file.
    """
    name = f"st44_sample_{next(_serial)}"
    place = root / f"{name}.zip" if how.startswith("zip") else root
    if how.startswith("zip"):
        write_zip(place, name, folders=how == "zip with folders")
    else:
        for path, text in FILES.items():
            target = root / name / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text)
    monkeypatch.syspath_prepend(str(place))
    importlib.invalidate_caches()
    return name


def write_zip(place: Path, name: str, *, folders: bool) -> None:
    with zipfile.ZipFile(place, "w") as archive:
        parents = {f"{name}/{path.rpartition('/')[0]}".rstrip("/") + "/" for path in FILES}
        for parent in sorted(parents if folders else ()):
            archive.mkdir(parent)
        for path, text in FILES.items():
            archive.writestr(f"{name}/{path}", text)


@pytest.fixture(params=["folder", "zip", "zip with folders"])
def name(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """
    The package, installed in each way; wheels have no entries for folders.
    """
    return install(tmp_path, monkeypatch, request.param)


def refusal(package: str, folder: str = "") -> SourceError:
    with pytest.raises(SourceError) as caught:
        Package(package, folder).load()
    return caught.value


def test_both_spellings_mean_the_same_files(name: str) -> None:
    """A folder of a package can be named with a dot or beside it."""
    for source in (Package(f"{name}.migrations"), Package(name, "migrations")):
        assert [(m.version, m.path, m.content) for m in source.load()] == [
            (2, f"{name}/migrations/002_b.sql", b"SELECT 2"),
            (10, f"{name}/migrations/010_c.sql", b"SELECT 3"),
        ]
        assert source.describe() == f"{name}/migrations"


def test_packages_may_be_nested(name: str) -> None:
    """Deeper folders are named with dots, with slashes, or with both."""
    for source in (
        Package(f"{name}.db.sql"),
        Package(name, "db/sql"),
        Package(f"{name}.db", "sql"),
    ):
        assert [m.path for m in source.load()] == [f"{name}/db/sql/001_a.sql"]


def test_a_package_without_migrations_is_refused(name: str) -> None:
    """The likeliest reason is named: the files were not built into the package."""
    error = refusal(f"{name}.db")
    assert error.happened.startswith(f"{name}/db has no migration in it: it holds ")
    assert "package data" in error.remedy
    assert "Did you mean" not in error.remedy
    assert f"Did you mean {name}/migrations?" in refusal(name).remedy


def test_a_missing_folder_suggests_the_nearest(name: str) -> None:
    """A misspelt folder gets the one that is there."""
    error = refusal(name, "migratons")
    assert error.happened == (f"There is no {name}/migratons: the package has no folder migratons.")
    assert error.remedy == "Did you mean migrations?"
    assert refusal(f"{name}.migratons").remedy == "Did you mean migrations?"


def test_a_module_is_not_a_package(name: str) -> None:
    """Python 3.12 would take the folder of the module; we ask for the package."""
    assert refusal(f"{name}.settings").happened == f"{name}.settings is a module, not a package."


@pytest.mark.parametrize(
    "package", ["st44_no_such", "st44_no_such.sql", "a/b", "", ".a", "json.tool.a"]
)
def test_a_missing_package_is_refused(package: str) -> None:
    """Whatever cannot be imported is an error of ours, in words."""
    error = refusal(package)
    assert error.happened.startswith(f"The package {package} cannot be imported: ")
    assert error.__cause__ is not None


def test_misnamed_files_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The same rule of names holds, shown with the path inside the package."""
    name = install(tmp_path, monkeypatch, "folder")
    (tmp_path / name / "migrations/17-add.sql").touch()
    assert refusal(name, "migrations").happened == (
        f"{name}/migrations/17-add.sql is not a migration's name: call it 17_add.sql."
    )


def test_a_broken_link_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is listed and cannot be read is an error."""
    name = install(tmp_path, monkeypatch, "folder")
    (tmp_path / name / "migrations/020_d.sql").symlink_to("elsewhere")
    assert "is not a regular file" in refusal(name, "migrations").happened


def test_a_damaged_zip_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that does not match its checksum is an error, never other content."""
    name = install(tmp_path, monkeypatch, "zip")
    archive = tmp_path / f"{name}.zip"
    archive.write_bytes(archive.read_bytes().replace(b"SELECT 2", b"SELECT 9"))
    error = refusal(name, "migrations")
    assert error.happened.startswith(f"{name}/migrations/002_b.sql cannot be read: ")


def test_importing_sources_is_cheap() -> None:
    """importlib.resources, zipfile, difflib and pathlib wait until they are needed."""
    code = (
        "import sys; import st44_migrate.source; "
        "print(*({'importlib.resources', 'zipfile', 'difflib', 'pathlib'} & set(sys.modules)))"
    )
    command = [sys.executable, "-I", "-S", "-c", f"import sys; sys.path[:] = {sys.path!r}; {code}"]
    shown = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    assert shown.split() == []


@pytest.mark.parametrize("how", ["folder", "zip"])
def test_a_layout_looks_into_sub_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    """As deep as it has to, with what lies beside the files."""
    name = install(tmp_path, monkeypatch, how)
    source = Package(name, "crate", layout="diesel")
    assert [(m.label, m.path, m.header.transaction) for m in source.load()] == [
        ("20240101000000", f"{name}/crate/2024-01-01-000000_a/up.sql", False),
        ("20240102000000", f"{name}/crate/2024-01-02-000000_b/up.sql", None),
    ]
    assert repr(source) == f"Package({name!r}, 'crate', layout='diesel')"
