"""
Laws of sources: what a folder holds is what is loaded, and no name gets lost.
"""

from __future__ import annotations

import importlib
import os
import sys
import tempfile
import zipfile
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate.errors import SourceError
from st44_migrate.model import Version
from st44_migrate.source import Folder, Memory, Package
from st44_migrate.source.listing import printable
from st44_migrate.source.naming import read_name, read_names

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping

    from st44_migrate.protocols import Source

pytestmark = pytest.mark.property

# Words that are near to meaning something, put together in any way.
PIECES = (
    *("017", "7", "0", "40", "2019-11-15", "99999999999999999999", "1.7", "1_7", "\u0667", "²"),
    *("_", "__", "-", ".", " ", "\n", "\u00a0", "V", "U", "R__", "add", "ß", "\udce9", "\u202e"),
    *("up", "down", ".up", ".down", ".do", "rollback", "README", "TEMPLATE", "~", "#"),
    *(".sql", ".SQL", ".sql", ".txt", ""),
)
near_names = st.lists(st.sampled_from(PIECES), max_size=7).map("".join)
sql_names = near_names.map(lambda name: f"{name}.sql")
any_names = st.one_of(near_names, sql_names, st.text(), st.text().map(lambda name: f"{name}.sql"))

titles = st.text("abcxyz_-ä", min_size=1, max_size=8)
good_names = st.builds(
    lambda version, zeros, title: f"{'0' * zeros}{version}_{title}.sql",
    st.integers(0, 2**63 - 1) | st.integers(0, 50),
    st.integers(0, 3),
    titles,
)
good_files = st.dictionaries(good_names, st.binary(max_size=40), min_size=1, max_size=6)

# Bytes, because that is what a file system holds; "/" and NUL are its own.
disk_names = (
    st.one_of(near_names.map(os.fsencode), st.binary(min_size=1, max_size=40))
    .map(lambda raw: raw.replace(b"/", b"").replace(b"\0", b"")[:200])
    .filter(lambda raw: raw not in {b"", b".", b".."})
    .map(os.fsdecode)
)

_serial = count()


@contextmanager
def on_disk(files: Mapping[str, bytes]) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as name:
        for file, content in files.items():
            (Path(name) / file).write_bytes(content)
        yield Path(name)


@contextmanager
def zipped(files: Mapping[str, bytes]) -> Iterator[str]:
    """
    A package of these files in a zip file, importable for a while.
    """
    package = f"st44_law_{next(_serial)}"
    with tempfile.TemporaryDirectory() as folder:
        archive = f"{folder}/a.zip"
        with zipfile.ZipFile(archive, "w") as writer:
            writer.writestr(f"{package}/__init__.py", "")
            for file, content in files.items():
                writer.writestr(f"{package}/sql/{file}", content)
        sys.path.insert(0, archive)
        importlib.invalidate_caches()
        try:
            yield package
        finally:
            sys.path.remove(archive)
            sys.modules.pop(package, None)


def essence(source: Source) -> list[tuple[Version, str, str, bytes, str]] | str:
    """
    What a source gives, without its paths; or why it gives nothing.
    """
    try:
        loaded = source.load()
    except SourceError:
        return "refused"
    return [(m.version, m.label, m.name, m.content, m.raw_checksum) for m in loaded]


@given(good_files)
def test_what_is_written_is_loaded(files: dict[str, bytes]) -> None:
    """Every migration of a folder comes back with its bytes, its number and its name."""
    with on_disk(files) as folder:
        loaded = Folder(folder).load()
    assert {migration.path.rpartition("/")[2]: migration.content for migration in loaded} == files
    for migration in loaded:
        file = migration.path.rpartition("/")[2]
        assert f"{migration.label}_{migration.name}.sql" == file
        assert int(migration.label) == migration.version


@given(good_files)
def test_order_is_by_integer_then_by_name(files: dict[str, bytes]) -> None:
    """9 comes before 10, and files of one number are ordered by name."""
    expected = sorted(files, key=lambda file: (int(file.partition("_")[0]), file))
    assert [migration.path for migration in Memory(files).load()] == expected


@given(st.dictionaries(disk_names, st.binary(max_size=20), max_size=6))
def test_folder_and_memory_agree(files: dict[str, bytes]) -> None:
    """The same files give the same migrations, or are refused, wherever they lie."""
    with on_disk(files) as folder:
        found = {name: content for name, content in files.items() if (folder / name).is_file()}
        assert essence(Folder(folder)) == essence(Memory(found))


@given(good_files, st.sampled_from(["notes.txt", "README.md", "17-add.sql", "a/b.sql"]))
def test_package_and_memory_agree(files: dict[str, bytes], other: str) -> None:
    """A zip file gives what memory gives, ignores and refuses what memory does."""
    files = {**files, other: b"x"}
    with zipped(files) as package:
        assert essence(Package(package, "sql")) == essence(Memory(files))
        assert essence(Package(f"{package}.sql")) == essence(Memory(files))


@given(st.sets(any_names, max_size=8))
def test_every_name_is_accounted_for(files: set[str]) -> None:
    """A name is a migration, a mistake or ignored: exactly one of these, and nothing raises."""
    names = read_names(files)
    told = [
        *(name.file for name in names.migrations),
        *(wrong.file for wrong in names.wrong),
        *names.ignored,
    ]
    assert sorted(told) == sorted(files)


@given(st.sets(any_names.filter(lambda name: "/" not in name), min_size=1, max_size=8))
def test_no_sql_file_is_passed_over(files: set[str]) -> None:
    """Loading gives every visible .sql file, or an error that names the wrong ones."""
    names = read_names(files)
    try:
        loaded = {migration.path for migration in Memory(dict.fromkeys(files, "")).load()}
    except SourceError as error:
        assert names.wrong or not names.migrations
        lines = str(error).splitlines()
        for wrong in names.wrong:
            assert any(line.startswith(f"{printable(wrong.file)} ") for line in unprefixed(lines))
    else:
        assert loaded == {name.file for name in names.migrations}
        assert not names.wrong
    special = ("template.sql", "readme", ".")
    for file in names.ignored:
        assert not file.lower().endswith(".sql") or file.lower().startswith(special)


def unprefixed(lines: Iterable[str]) -> list[str]:
    return [line.removeprefix("also: ") for line in lines]


@given(st.sets(any_names, max_size=8))
def test_a_correct_name_is_correct(files: set[str]) -> None:
    """Whoever follows the advice is done: the name that is offered is a migration's."""
    names = read_names(files)
    offered = [read_name(wrong.correct) for wrong in names.wrong if wrong.correct is not None]
    assert None not in offered


@given(any_names.filter(lambda name: read_name(name) is None))
def test_messages_can_be_printed(file: str) -> None:
    """Whatever a file is called, the headline is one line that any UTF-8 terminal takes."""
    with pytest.raises(SourceError) as caught:
        Memory({file: ""}).load()
    str(caught.value).encode("utf-8")
    assert caught.value.happened.isprintable()
