"""
The rule of names, and the name that a misnamed file should have.
"""

from __future__ import annotations

import pytest

from st44_migrate.source.naming import Misnamed, Name, read_name, read_names


@pytest.mark.parametrize(
    ("file", "version", "label", "name"),
    [
        ("000_create_migrations_table.sql", 0, "000", "create_migrations_table"),
        ("017_add_rewards.sql", 17, "017", "add_rewards"),
        ("20251214093000_add.sql", 20251214093000, "20251214093000", "add"),
        ("9223372036854775807_last.sql", 2**63 - 1, "9223372036854775807", "last"),
        (f"{'0' * 30}7_padded.sql", 7, f"{'0' * 30}7", "padded"),
        ("3_a.sql", 3, "3", "a"),
        ("003__a.sql", 3, "003", "_a"),
        ("20240930_01_x.sql", 20240930, "20240930", "01_x"),
        ("001_Kundendaten ändern.sql", 1, "001", "Kundendaten ändern"),
        ("001_to_v1.2.sql", 1, "001", "to_v1.2"),
        ("001_scale_down.sql", 1, "001", "scale_down"),
        ("001_rollback_points.sql", 1, "001", "rollback_points"),
        ("001_template.sql", 1, "001", "template"),
    ],
)
def test_a_migration_is_digits_and_a_name(file: str, version: int, label: str, name: str) -> None:
    """The digits before the first underscore are the version, the rest is the name."""
    assert read_name(file) == Name(file, version, label, name)


@pytest.mark.parametrize(
    ("file", "correct"),
    [
        ("17-add.sql", "17_add.sql"),
        ("017.sql", "017_what_it_does.sql"),
        ("017_.sql", "017_what_it_does.sql"),
        ("017add.sql", "017_add.sql"),
        ("017 add rewards.sql", "017_add_rewards.sql"),
        ("017_ add.sql", "017_add.sql"),
        ("add_rewards_017.sql", "017_add_rewards.sql"),
        ("V17__add.sql", "17_add.sql"),
        ("v017_add.sql", "017_add.sql"),
        ("V0006.ConsentPreConfiguration.up.sql", "0006_ConsentPreConfiguration.sql"),
        ("017_x.up.sql", "017_x.sql"),
        ("017_x.UP.sql", "017_x.sql"),
        ("017.do.sql", "017_what_it_does.sql"),
        ("017_add.SQL", "017_add.sql"),
        ("017_add.Sql", "017_add.sql"),
        ("017_add.sql ", "017_add.sql"),
        ("2019-11-15-182353_add.sql", "20191115182353_add.sql"),
        ("20170726155056-twilio-sms.sql", "20170726155056_twilio-sms.sql"),
        ("017-2fa-tokens.sql", "017_2fa-tokens.sql"),
        ("\u0660\u0661\u0667_add.sql", "017_add.sql"),
        ("017_add\n.sql", "017_add.sql"),
        ("017_a\nb.sql", "017_a_b.sql"),
        ("017_a\u202eb.sql", "017_a_b.sql"),
        ("017_caf\udce9s.sql", "017_caf_s.sql"),
    ],
)
def test_a_wrong_name_is_corrected(file: str, correct: str) -> None:
    """A .sql file that is not called as a migration is wrong, and the right name is known."""
    assert read_names([file]).wrong == (Misnamed(file, correct),)


@pytest.mark.parametrize(
    ("file", "correct"),
    [
        ("seed.sql", "052_seed.sql"),
        ("schema_v.sql", "052_schema_v.sql"),
        ("_.sql", "052_what_it_does.sql"),
        ("V1_7__queue.sql", "052_queue.sql"),
        ("1.7_queue.sql", "052_queue.sql"),
        ("v1.7.3.sql", "052_what_it_does.sql"),
        ("9223372036854775808_x.sql", "052_x.sql"),
        (f"{'9' * 5000}_x.sql", "052_x.sql"),
    ],
)
def test_no_number_means_the_next_one(file: str, correct: str) -> None:
    """Where a name has no usable number, the next one of the folder is offered."""
    names = read_names([file, "000_a.sql", "051_b.sql", "040_c.sql"])
    assert names.wrong == (Misnamed(file, correct),)


def test_offered_numbers_keep_the_order_of_versions() -> None:
    """V1_10 comes after V1_9, and both after the numbers that are taken or claimed."""
    names = read_names(["V1_10__b.sql", "V1_9__a.sql", "030-c.sql", "007_d.sql"])
    assert {wrong.file: wrong.correct for wrong in names.wrong} == {
        "030-c.sql": "030_c.sql",
        "V1_9__a.sql": "031_a.sql",
        "V1_10__b.sql": "032_b.sql",
    }


@pytest.mark.parametrize(
    "file",
    [
        "011_create_users.down.sql",
        "011_create_users.DOWN.SQL",
        "011_create_users.rollback.sql",
        "011_down.sql",
        "011-down.sql",
        "011.undo.sql",
        "rollback_011.sql",
        "rollback.sql",
        "U17__add.sql",
    ],
)
def test_a_rollback_gets_no_name(file: str) -> None:
    """What would undo a migration has no right name in this folder."""
    assert read_name(file) is None
    assert read_names([file]).wrong == (Misnamed(file, None),)


@pytest.mark.parametrize(
    "file",
    [
        "TEMPLATE.sql",
        "template.SQL",
        "README",
        "README.md",
        "readme.sql",
        "Readme_first.sql",
        ".gitkeep",
        ".hidden.sql",
        ".#017_add.sql",
        "._017_add.sql",
        ".017_add.sql.swp",
        "#017_add.sql#",
        "017_add.sql~",
        "017_add.sql.bak",
        "017_add.py",
        "017_add",
        "sql",
        "",
    ],
)
def test_what_is_not_ours_is_ignored(file: str) -> None:
    """Templates, readmes, hidden files, backups and whatever is not SQL are left alone."""
    names = read_names([file])
    assert names.ignored == (file,)
    assert names.wrong == ()
    assert names.migrations == ()


def test_equal_versions_are_all_there() -> None:
    """Files of one number are ordered by name; the plan says what to do about them."""
    files = ["10_c.sql", "040_b.sql", "9_d.sql", "40_a.sql", "040_a.sql"]
    migrations = read_names(files).migrations
    assert [name.file for name in migrations] == [
        "9_d.sql",
        "10_c.sql",
        "040_a.sql",
        "040_b.sql",
        "40_a.sql",
    ]
