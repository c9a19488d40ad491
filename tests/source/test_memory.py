"""
Migrations that a program holds itself.
"""

from __future__ import annotations

import hashlib

import pytest

from st44_migrate.errors import SourceError
from st44_migrate.model import Migration
from st44_migrate.source import Memory


def test_text_and_bytes_become_migrations() -> None:
    """A str stands for its UTF-8; bytes are taken as they are."""
    source = Memory({"002_b.sql": "SELECT 'ä'", "001_a.sql": b"\xff\xfe"})
    assert list(source.load()) == [
        Migration(1, "001", "a", "001_a.sql", b"\xff\xfe", hashlib.sha256(b"\xff\xfe").hexdigest()),
        Migration(
            2,
            "002",
            "b",
            "002_b.sql",
            "SELECT 'ä'".encode(),
            hashlib.sha256("SELECT 'ä'".encode()).hexdigest(),
        ),
    ]
    assert source.describe() == "memory"


def test_half_a_surrogate_is_kept_for_the_reader() -> None:
    """Text that has no UTF-8 becomes bytes that are none: whoever decodes names the place."""
    (migration,) = Memory({"001_a.sql": "SELECT '\ud800'"}).load()
    with pytest.raises(UnicodeDecodeError):
        migration.content.decode("utf-8")


def test_names_with_a_slash_are_in_a_sub_folder() -> None:
    """The same mapping means the same as a folder of these files."""
    files = {"001_a.sql": "", "rollback/001_down.sql": "", "old/seed.sql": ""}
    assert [migration.path for migration in Memory(files).load()] == ["001_a.sql"]


def test_the_mapping_is_copied() -> None:
    """What a program does to its dict later does not change the migrations."""
    files = {"001_a.sql": "SELECT 1"}
    source = Memory(files)
    files["002_b.sql"] = "SELECT 2"
    assert len(source.load()) == 1


@pytest.mark.parametrize(
    ("files", "happened"),
    [
        ({}, "memory has no migration in it: it is empty."),
        (
            {"a/001_a.sql": "", "notes.txt": ""},
            "memory has no migration in it: it holds 1 other file (notes.txt) and the sub-folder a/.",
        ),
        ({"17-add.sql": ""}, "17-add.sql is not a migration's name: call it 17_add.sql."),
    ],
)
def test_memory_is_refused_like_a_folder(files: dict[str, str], happened: str) -> None:
    """Empty and misnamed are errors here too."""
    with pytest.raises(SourceError) as caught:
        Memory(files).load()
    assert caught.value.happened == happened
