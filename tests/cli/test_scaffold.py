"""
The next migration's number, name and text.
"""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from st44_migrate.cli.scaffold import OUR_TEMPLATE, fill, next_label, slug
from st44_migrate.source.correction import is_one_way
from st44_migrate.source.naming import Name, read_name, read_names

NOW = datetime(2025, 12, 14, 9, 30, 5, tzinfo=UTC)

HOUSEHOLD = """\
-- Migration: NNN_descriptive_name
-- Date: YYYY-MM-DD
-- Related Task: task-XXX-name (if applicable)
-- Author: [Agent Name]
VALUES ('NNN', 'descriptive_name', NOW())
-- see XXX_description.sql and NNN.
"""


def labels(*files: str) -> tuple[Name, ...]:
    return read_names(files).migrations


@pytest.mark.parametrize(
    ("title", "name"),
    [
        ("Add rewards table", "add_rewards_table"),
        ("  add--rewards!  ", "add_rewards"),
        ("add_rewards.sql", "add_rewards"),
        ("Prénom à l'élève", "prenom_a_l_eleve"),
        ("Lønn på søndag", "lonn_pa_sondag"),
        ("2FA codes", "2fa_codes"),
        ("日本", ""),
        ("...", ""),
    ],
)
def test_a_slug_is_plain(title: str, name: str) -> None:
    """
    Lower-case ASCII letters and digits, one underscore between them.
    """
    assert slug(title) == name


@pytest.mark.property
@given(st.text())
def test_every_slug_names_a_migration(title: str) -> None:
    """
    Behind a number it is a migration's name, unless it says "rollback"; making it
    twice changes nothing.
    """
    name = slug(title)
    assert slug(name) == name
    if name and not is_one_way(name):
        found = read_name(f"001_{name}.sql")
        assert found is not None
        assert (1, name) == (found.version, found.name)


@pytest.mark.parametrize(
    ("files", "label"),
    [
        ((), "001"),
        (("016_a.sql",), "017"),
        (("016_a.sql", "002_b.sql"), "017"),
        (("0009_a.sql",), "0010"),
        (("1_a.sql", "9_b.sql"), "10"),
        (("999_a.sql",), "1000"),
        (("016_a.sql", "README.md", "TEMPLATE.sql"), "017"),
        (("016_a.sql", "20251201120000_b.sql"), "20251214093005"),
        (("20991201120000_b.sql",), "20991201120001"),
    ],
)
def test_the_next_number(files: tuple[str, ...], label: str) -> None:
    """
    One above the highest, as wide; the time where the highest is one.
    """
    assert next_label(labels(*files), NOW, timestamp=False) == label


def test_a_timestamp_on_request() -> None:
    """
    A folder that counts may change over.
    """
    assert next_label(labels("016_a.sql"), NOW, timestamp=True) == "20251214093005"


@pytest.mark.property
@given(st.lists(st.integers(0, 10**15), max_size=5), st.booleans())
def test_the_next_number_is_above_all_others(numbers: list[int], timestamp: bool) -> None:
    """
    Whatever is in the folder, the new file comes last.
    """
    names = labels(*(f"{number}_x.sql" for number in numbers))
    assert all(int(next_label(names, NOW, timestamp=timestamp)) > name.version for name in names)


def test_a_template_is_filled() -> None:
    """
    Number, name and date; not what is a placeholder of something else.
    """
    assert fill(HOUSEHOLD, "017", "add_rewards", NOW) == (
        "-- Migration: 017_add_rewards\n"
        "-- Date: 2025-12-14\n"
        "-- Related Task: task-XXX-name (if applicable)\n"
        "-- Author: [Agent Name]\n"
        "VALUES ('017', 'add_rewards', NOW())\n"
        "-- see 017_add_rewards.sql and 017.\n"
    )


def test_words_that_only_look_like_placeholders() -> None:
    """
    A name with three capital letters in it is no number.
    """
    text = "-- a description of XXXL shirts, NNNx, name, ANNNA\n"
    assert fill(text, "017", "add_rewards", NOW) == text


def test_our_own_template() -> None:
    """
    It says what it is, and needs no transaction or record of its own.
    """
    assert fill(OUR_TEMPLATE, "001", "first", NOW).splitlines() == [
        "-- Migration: 001_first",
        "-- Description:",
        "-- Date: 2025-12-14",
        "",
        "-- One change goes here.  The transaction and the record come by themselves.",
    ]
