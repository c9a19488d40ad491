"""
A folder of the file system: what it gives, and everything it refuses.
"""

from __future__ import annotations

import hashlib
import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from time import perf_counter
from typing import TYPE_CHECKING

import pytest

from st44_migrate.errors import SourceError
from st44_migrate.model import Migration
from st44_migrate.source import Folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from st44_migrate.protocols import Source

NOBODY = 65534
RULE = (
    "A migration is called <digits>_<name>.sql, like 001_create_users.sql; "
    "what is not one belongs in a sub-folder, which is never entered."
)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """
    An empty working directory.
    """
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write(folder: str | Path, *names: str) -> Path:
    path = Path(folder)
    path.mkdir(parents=True, exist_ok=True)
    for name in names:
        (path / name).write_bytes(name.encode("utf-8", "surrogateescape"))
    return path


def refusal(source: Source) -> SourceError:
    with pytest.raises(SourceError) as caught:
        source.load()
    assert caught.value.exit_code == 2
    assert "\n" not in caught.value.happened
    return caught.value


def test_a_file_becomes_a_migration(here: Path) -> None:
    """The bytes are kept as they are, the path as the user would write it."""
    content = b"\xef\xbb\xbfSELECT 1;\r\n\x00\xff"
    write("db/migrations")
    (here / "db/migrations/017_add.sql").write_bytes(content)
    assert list(Folder("db/migrations").load()) == [
        Migration(
            version=17,
            label="017",
            name="add",
            path="db/migrations/017_add.sql",
            content=content,
            raw_checksum=hashlib.sha256(content).hexdigest(),
        )
    ]


@pytest.mark.parametrize(
    ("given", "path", "described"),
    [
        ("m", "m/001_a.sql", "m"),
        ("m/", "m/001_a.sql", "m/"),
        ("./m", "./m/001_a.sql", "./m"),
        ("m/../m", "m/../m/001_a.sql", "m/../m"),
        (Path("m"), "m/001_a.sql", "m"),
    ],
)
def test_the_path_is_the_users(here: Path, given: str | Path, path: str, described: str) -> None:
    """Paths in messages are what was typed, joined with the file's name."""
    write(here / "m", "001_a.sql")
    assert [migration.path for migration in Folder(given).load()] == [path]
    assert Folder(given).describe() == described


def test_only_what_lies_in_the_folder_counts(here: Path) -> None:
    """Sub-folders are not entered, whatever they are called; other files are ignored."""
    write(here / "m", "001_a.sql", "002_b.sql", "README.md", "TEMPLATE.sql", ".002_b.sql.swp")
    write(here / "m/rollback", "001_down.sql")
    write(here / "m/003_folder.sql", "004_c.sql")
    assert [migration.label for migration in Folder("m").load()] == ["001", "002"]


def test_links_to_files_are_files(here: Path) -> None:
    """Kubernetes mounts every file of a ConfigMap as a link."""
    write(here / "m/..data", "001_a.sql")
    (here / "m/001_a.sql").symlink_to("..data/001_a.sql")
    assert [migration.content for migration in Folder("m").load()] == [b"001_a.sql"]


def test_a_folder_may_be_a_link(here: Path) -> None:
    """A deployment's "current" is a link."""
    write(here / "v2", "001_a.sql")
    (here / "current").symlink_to("v2")
    assert [migration.path for migration in Folder("current").load()] == ["current/001_a.sql"]


def test_all_wrong_names_are_told_at_once(here: Path) -> None:
    """The first wrong name is the headline, the others follow, each with its right name."""
    write(here / "m", "001_a.sql", "17-add.sql", "018.sql", "002_x.down.sql", "seed.sql")
    error = refusal(Folder("m"))
    assert str(error).splitlines() == [
        "m/002_x.down.sql looks like a rollback, which is never run: move it into a sub-folder.",
        "Nothing was run.",
        RULE,
        "also: m/17-add.sql is not a migration's name: call it 17_add.sql.",
        "also: m/018.sql is not a migration's name: call it 018_what_it_does.sql.",
        "also: m/seed.sql is not a migration's name: call it 019_seed.sql.",
    ]


def test_a_name_that_is_not_utf8_is_shown(here: Path) -> None:
    """Bytes that are no text neither crash nor reach a terminal as they are."""
    (here / "m").mkdir()
    Path(os.fsdecode(b"m/001_caf\xe9s.sql")).touch()
    error = refusal(Folder("m"))
    assert error.happened == r"m/001_caf\xe9s.sql is not a migration's name: call it 001_caf_s.sql."
    assert str(error).isascii()


def test_an_empty_folder_is_refused(here: Path) -> None:
    """An empty folder is an error, not "nothing to do"."""
    (here / "m").mkdir()
    assert refusal(Folder("m")).happened == "m has no migration in it: it is empty."


def test_a_folder_without_migrations_says_what_it_holds(here: Path) -> None:
    """The message names what was found instead: the typo shows."""
    write(here / "m", "README.md", "TEMPLATE.sql", "notes.txt")
    write(here / "m/rollback")
    error = refusal(Folder("m"))
    assert error.happened == (
        "m has no migration in it: it holds 3 other files (README.md, TEMPLATE.sql, notes.txt) "
        "and the sub-folder rollback/."
    )
    assert "001_create_users.sql" in error.remedy


def test_many_other_files_are_counted(here: Path) -> None:
    """A source tree given by mistake does not fill the screen."""
    write(here / "m", *(f"{n}.py" for n in range(1, 10)))
    for n in range(7):
        write(here / f"m/d{n}")
    assert refusal(Folder("m")).happened == (
        "m has no migration in it: it holds 9 other files (1.py, 2.py, 3.py, 4.py, 5.py "
        "and 4 more) and the sub-folders d0/, d1/, d2/, d3/, d4/ and 2 more."
    )


def test_the_parent_of_the_folder_leads_to_it(here: Path) -> None:
    """One level too high is the likeliest mistake."""
    write(here / "db/migrations", "001_a.sql")
    assert "Did you mean db/migrations?" in refusal(Folder("db")).remedy


@pytest.mark.parametrize(
    ("given", "meant"),
    [
        ("db/migratons", "db/migrations"),
        ("bd/migrations", "db/migrations"),
        ("bd/migratoins", "db/migrations"),
        ("migrations", "db/migrations"),
        ("./db/migration", "db/migrations"),
    ],
)
def test_a_missing_folder_suggests_the_nearest(here: Path, given: str, meant: str) -> None:
    """A misspelt path gets the existing one, and says from where it was looked for."""
    write(here / "db/migrations", "001_a.sql")
    error = refusal(Folder(given))
    assert error.happened == f"There is no folder {given} in {here}."
    assert error.remedy == f"Did you mean {meant}?"


def test_a_missing_folder_without_a_neighbour(here: Path) -> None:
    """Nothing is suggested where nothing is near; an absolute path needs no explanation."""
    error = refusal(Folder(here / "zzz" / "qqq"))
    assert error.happened == f"There is no folder {here}/zzz/qqq."
    assert error.remedy == "Give the path of the folder that holds the .sql files."


@pytest.mark.parametrize("given", ["m/001_a.sql", "m/001_a.sql/below"])
def test_a_file_is_not_a_folder(here: Path, given: str) -> None:
    """A file instead of a folder is told apart from a missing one."""
    write(here / "m", "001_a.sql")
    error = refusal(Folder(given))
    assert error.happened == f"{given} is not a folder."
    assert error.remedy == "Did you mean m?"


@pytest.mark.parametrize(
    ("given", "happened"),
    [
        ("", "The path of the migrations folder is empty."),
        ("a\0b", r"The folder a\x00b cannot be listed: embedded null byte."),
        ("x" * 300, f"The folder {'x' * 300} cannot be listed: File name too long."),
    ],
)
def test_an_impossible_path_is_refused(given: str, happened: str) -> None:
    """An unset variable or rubbish in it is a path that cannot be."""
    assert refusal(Folder(given)).happened == happened


def test_a_removed_working_directory(here: Path) -> None:
    """A folder that vanished with the working directory is missing, not a crash."""
    gone = write(here / "gone")
    os.chdir(gone)
    gone.rmdir()
    assert refusal(Folder("m")).happened == "There is no folder m."


def test_a_link_that_leads_nowhere_is_refused(here: Path) -> None:
    """A migration that is a broken link is missing, so the run stops."""
    write(here / "m", "001_a.sql")
    (here / "m/002_b.sql").symlink_to("elsewhere")
    assert refusal(Folder("m")).happened == (
        "m/002_b.sql is not a regular file, or a link that leads nowhere."
    )


def test_a_pipe_is_refused_and_not_waited_for(here: Path) -> None:
    """Opening a named pipe would block until somebody writes to it."""
    write(here / "m")
    os.mkfifo(here / "m/001_a.sql")
    assert "is not a regular file" in refusal(Folder("m")).happened


def test_a_file_that_vanishes_is_refused(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file that is listed and then gone is an error: another deploy swaps the folder."""
    folder = write(here / "m", "001_a.sql", "002_b.sql")
    scandir = os.scandir

    @contextmanager
    def swap(path: str) -> Iterator[Iterator[os.DirEntry[str]]]:
        with scandir(path) as entries:
            yield entries
        (folder / "002_b.sql").unlink()

    monkeypatch.setattr(os, "scandir", swap)
    error = refusal(Folder("m"))
    assert error.happened == "m/002_b.sql is gone: it was there when the folder was listed."


@pytest.fixture
def open_folder() -> Iterator[Path]:
    """
    A folder that every user of the machine can reach, unlike pytest's own.
    """
    with tempfile.TemporaryDirectory() as name:
        Path(name).chmod(0o755)
        yield write(Path(name) / "m", "001_a.sql", "002_b.sql")


@contextmanager
def as_ordinary_user() -> Iterator[None]:
    """
    Drop root's rights for a while: for root no file is unreadable.
    """
    me = os.geteuid()
    if me == 0:
        os.seteuid(NOBODY)
    try:
        yield
    finally:
        os.seteuid(me)


@pytest.mark.skipif(not hasattr(os, "seteuid"), reason="permissions are another matter there")
def test_forbidden_folders_and_files_are_refused(open_folder: Path) -> None:
    """What may not be read is an error with the reason, never an empty result."""
    with as_ordinary_user():
        assert len(Folder(open_folder).load()) == 2

    (open_folder / "002_b.sql").chmod(0o000)
    with as_ordinary_user():
        error = refusal(Folder(open_folder))
    assert error.happened == f"{open_folder}/002_b.sql cannot be read: Permission denied."

    open_folder.chmod(0o000)
    with as_ordinary_user():
        listed = refusal(Folder(open_folder))
        below = refusal(Folder(open_folder / "deeper"))
        missing = refusal(Folder(open_folder.parent / "deeper"))
    open_folder.chmod(0o755)
    assert listed.happened == f"The folder {open_folder} may not be listed: Permission denied."
    assert "Permission denied" in below.happened
    assert missing.happened == f"There is no folder {open_folder.parent}/deeper."


def test_ten_thousand_files_take_no_time(tmp_path: Path) -> None:
    """Loading a large folder stays far under a second: a deploy waits for it."""
    for n in range(10_000):
        with (tmp_path / f"{n:05}_a.sql").open("wb") as file:
            file.write(b"SELECT 1;\n")
    start = perf_counter()
    migrations = Folder(tmp_path).load()
    seconds = perf_counter() - start
    print(f"10,000 files: {seconds * 1000:.0f} ms")
    assert [migration.version for migration in migrations] == list(range(10_000))
    assert seconds < 5, "measured: 0.2 s on a quiet machine"
