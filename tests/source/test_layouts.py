"""
How each layout reads the names of files, and what it refuses.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest

from st44_migrate import ConfigError, Folder, Memory, Migration, SourceError
from st44_migrate.model import LongVersion
from st44_migrate.source.layout import FileLayout
from st44_migrate.source.layouts import BUILT_IN, builtin, layout_named
from st44_migrate.source.tree import FileTree
from st44_migrate.sqltext import read_script

UP = {
    "dbmate": "-- migrate:up\n",
    "goose": "-- +goose Up\n",
    "sql-migrate": "-- +migrate Up\n",
}


def load(
    layout: str, files: Mapping[str, str], values: Mapping[str, str] | None = None
) -> list[Migration]:
    return list(Memory(files, layout=layout, values=values).load())


def one(layout: str, file: str) -> Migration:
    (migration,) = load(layout, {file: ""})
    return migration


def refused(layout: str, *files: str, **values: str) -> str:
    with pytest.raises(SourceError) as caught:
        load(layout, dict.fromkeys(files, ""), values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("layout", "file", "label", "name", "key"),
    [
        ("plain", "007_a.sql", "007", "a", ""),
        ("golang-migrate", "007_a.up.sql", "007", "a", "7"),
        ("golang-migrate", "20240813211251_flags..up.sql", "20240813211251", "flags", ""),
        ("golang-migrate", "V0007.Some_Thing.up.sql", "0007", "Some_Thing", "7"),
        ("dbmate", "0007_a.sql", "0007", "a", ""),
        ("dbmate", "0007.sql", "0007", "", ""),
        ("goose", "00007_a.sql", "00007", "a", "7"),
        ("flyway", "V1_10__a_b.sql", "1.10", "a_b", ""),
        ("flyway", "V01.2.0__a.sql", "01.2.0", "a", ""),
        ("flyway", "v2/deeper/V3__a.sql", "3", "a", ""),
        ("flyway", "R__some_view.sql", "R__some_view", "some_view", ""),
        ("sqlx", "20240528214728_a_b.sql", "20240528214728", "a_b", ""),
        ("sqlx", "7_a.up.sql", "7", "a", ""),
        ("refinery", "V7__a.sql", "7", "a", ""),
        ("refinery", "users/U8__b.sql", "8", "b", ""),
        ("diesel", "2024-05-28-214728_a/up.sql", "20240528214728", "a", ""),
        (
            "diesel",
            "2024-05-28-214728-0001_a/up.sql",
            "20240528214728-0001",
            "a",
            "202405282147280001",
        ),
        ("prisma", "20240528214728_a/migration.sql", "20240528214728_a", "a", ""),
        ("prisma", "0_init/migration.sql", "0_init", "init", ""),
        ("sql-migrate", "2024-a.sql", "2024-a", "a", "2024-a.sql"),
        ("sql-migrate", "first.sql", "first", "first", "first.sql"),
        ("tern", "007_a.sql", "007", "a", "7"),
        ("yoyo", "20240528_01_xY1z-a.sql", "20240528_01_xY1z-a", "01_xY1z-a", ""),
        ("node-pg-migrate", "1716932848000_a-b.sql", "1716932848000_a-b", "a-b", ""),
        ("node-pg-migrate", "1716932848000_a.up.sql", "1716932848000_a", "a", ""),
        ("postgres-migrations", "0007-a-b.sql", "0007", "a-b", "7"),
        ("postgres-migrations", "7_a.sql", "7", "a", ""),
    ],
)
def test_a_name_is_read(layout: str, file: str, label: str, name: str, key: str) -> None:
    """Version and name as written, and what the tool itself calls it where that differs."""
    migration = one(layout, file)
    assert (migration.label, migration.name, migration.key, migration.path) == (
        label,
        name,
        key,
        file,
    )


@pytest.mark.parametrize(
    ("layout", "files"),
    [
        ("golang-migrate", ["1_a.up.sql", "1_a.down.sql", "migrations.go", "1_a.down.go"]),
        ("goose", ["1_a.sql", "embed.go", "1_a_test.go", "notes.txt", ".2_b.sql"]),
        (
            "flyway",
            ["V1__a.sql", "U1__a.sql", "V1__a.sql.conf", "docs/readme.md", ".git/V2__x.sql"],
        ),
        ("sqlx", ["1_a.sql", "1_b.down.sql", "seed.sql"]),
        ("refinery", ["V1__a.sql", "mod.rs"]),
        ("diesel", ["1_a/up.sql", "1_a/down.sql", "1_a/metadata.toml", ".keep", "old/x/up.sql"]),
        ("prisma", ["1_a/migration.sql", "migration_lock.toml", "1_a/down.sql"]),
        ("tern", ["1_a.sql", "should_be_ignored.sql", "shared/1_b.sql", "tern.conf"]),
        ("yoyo", ["1_a.sql", "1_a.rollback.sql", "__init__.py", "yoyo.ini"]),
        ("node-pg-migrate", ["1_a.sql", "1_a.down.sql", "types.d.ts"]),
    ],
)
def test_what_the_tool_leaves_alone_is_left_alone(layout: str, files: list[str]) -> None:
    """The way back, sub-folders that are none of its own, files of other kinds."""
    assert [m.path for m in load(layout, dict.fromkeys(files, ""))] == files[:1]


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        ("golang-migrate", "002_b.sql"),
        ("goose", "002-b.sql"),
        ("flyway", "V2_b.sql"),
        ("flyway", "2__b.sql"),
        ("flyway", "R_view.sql"),
        ("sqlx", "002-b.sql"),
        ("refinery", "V1.2__b.sql"),
        ("refinery", "V2__b-c.sql"),
        ("diesel", "2024_b.sql"),
        ("prisma", "2024_b.sql"),
        ("tern", "002-b.sql"),
        ("goose", "create_b.sql"),
        ("sqlx", "create_b.sql"),
        ("postgres-migrations", "create_b.sql"),
        ("flyway", "V2__b.sql "),
        ("goose", "99999999999999999999_b.sql"),
        ("goose", "002_b\n.sql"),
    ],
)
def test_what_looks_like_a_migration_and_is_none_is_refused(layout: str, file: str) -> None:
    """The tool would pass it over, or fail; the error shows how one is called."""
    said = refused(layout, file)
    assert builtin(layout).rule in said
    assert "Nothing was run." in said


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        ("tern", "001_a.down.sql"),
        ("sqlx", "001_a.rollback.sql"),
        ("yoyo", "001_a.down.sql"),
        ("postgres-migrations", "001_a.undo.sql"),
        ("flyway", "V1__a.down.sql"),
    ],
)
def test_a_way_back_of_another_tool_is_refused(layout: str, file: str) -> None:
    """Nothing that says so in its name is ever run."""
    assert "looks like a rollback" in refused(layout, file)


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        ("goose", "00002_b.go"),
        ("golang-migrate", "2_b.up.go"),
        ("flyway", "V2__B.java"),
        ("flyway", "db/R__B.kt"),
        ("refinery", "V2__b.rs"),
        ("yoyo", "0002_b.py"),
        ("node-pg-migrate", "2_b.js"),
        ("node-pg-migrate", "2_b.mts"),
        ("postgres-migrations", "2-b.js"),
    ],
)
def test_a_program_is_refused_unless_its_sql_is_given(layout: str, file: str) -> None:
    """By its name; empty where nothing is to be done."""
    said = refused(layout, file)
    assert file in said
    assert "--set" in said
    (migration,) = load(layout, {file: "package x"}, {file: "UPDATE a SET b = 1"})
    assert migration.content == b"UPDATE a SET b = 1"
    (migration,) = load(layout, {file: "package x"}, {file: ""})
    assert migration.content.startswith(b"--")


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        ("flyway", "afterMigrate.sql"),
        ("flyway", "beforeEachMigrate__grants.sql"),
        ("golang-migrate", "2_b.up.psql"),
        ("golang-migrate", "2_b.up.sql.bak"),
        ("golang-migrate", "2_b.up.postgres.sql"),
        ("yoyo", "post-apply.sql"),
    ],
)
def test_what_the_tool_would_run_beside_is_refused(layout: str, file: str) -> None:
    """Rather than left out without a word."""
    files = {"flyway": "V1__a.sql", "golang-migrate": "1_a.up.sql"}.get(layout, "1_a.sql")
    assert file in refused(layout, files, file)


@pytest.mark.parametrize(("layout", "inner"), [("diesel", "up.sql"), ("prisma", "migration.sql")])
def test_a_folder_without_its_file_is_refused(layout: str, inner: str) -> None:
    """It looks like a migration, and there is nothing to run."""
    assert f"has no {inner}" in refused(layout, f"1_a/{inner}", "2_b/down.sql")


class Unsearched(list[str]):
    """
    Names that nobody looks through for one of them: of 10,000 that takes a second.
    """

    def __contains__(self, name: object) -> bool:
        raise AssertionError(name)


@pytest.mark.parametrize(
    ("layout", "file"),
    [
        ("flyway", "V1__a.sql"),
        ("diesel", "1_a/up.sql"),
        ("diesel", "1_up.sql_lost/up.sql"),
        ("prisma", "1_a/migration.sql"),
        ("goose", "1_a.sql"),
    ],
)
def test_a_large_folder_is_not_searched_for_each_file(layout: str, file: str) -> None:
    """What stands beside a migration, or is in its folder, is known at once."""
    folders = [file.partition("/")[0]] if "/" in file else []
    tree = FileTree("m", "m/", Unsearched([file]), folders, lambda _: b"SELECT 1;")
    (migration,) = builtin(layout).migrations(tree, {})
    assert migration.path == f"m/{file}"


# --- order --------------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "files"),
    [
        ("goose", ["9_a.sql", "10_b.sql", "0011_c.sql"]),
        ("golang-migrate", ["9_a.up.sql", "10_b.up.sql"]),
        ("sqlx", ["9_a.sql", "10_b.sql"]),
        ("refinery", ["V9__a.sql", "V10__b.sql"]),
        (
            "flyway",
            ["V1__a.sql", "V1_9__b.sql", "V1.10__c.sql", "V2__d.sql", "R__a.sql", "R__b.sql"],
        ),
        ("dbmate", ["10_b.sql", "9_a.sql"]),
        (
            "diesel",
            [
                "20240101000000_a/up.sql",
                "2024-01-01-000000-0001_b/up.sql",
                "2024-01-02-000000_c/up.sql",
            ],
        ),
        (
            "prisma",
            [
                "20240101000000_a/migration.sql",
                "20240101000000_b/migration.sql",
                "20240102_c/migration.sql",
                "20240103000000_d/migration.sql",
            ],
        ),
        ("sql-migrate", ["9-a.sql", "10-b.sql", "10-c.sql", "x.sql"]),
        ("node-pg-migrate", ["1_a.sql", "1716932848000_b.sql", "20240528214729000_c.sql"]),
        ("tern", ["9_a.sql", "10_b.sql"]),
    ],
)
def test_the_order_is_the_tools(layout: str, files: list[str]) -> None:
    """By integers, part by part, or as text: however it compares."""
    turned = dict.fromkeys(reversed(files), "")
    assert [migration.path for migration in load(layout, turned)] == files


def test_a_rank_is_given_only_where_the_versions_do_not_tell() -> None:
    """So that most folders can be compared with a ledger by their versions alone."""
    assert [m.rank for m in load("dbmate", dict.fromkeys(["09_a.sql", "10_b.sql"], ""))] == [0, 0]
    assert [m.rank for m in load("dbmate", dict.fromkeys(["9_a.sql", "10_b.sql"], ""))] == [1, 2]


def test_yoyo_puts_what_is_depended_on_first() -> None:
    """Else by name, in which the ending counts; a circle or a missing file is an error."""
    files = {
        "a.sql": "-- depends: c\nSELECT 1",
        "a-b.sql": "",
        "b.sql": "\n-- A title\n-- depends: a-b\n-- depends: c a\n",
        "c.sql": "SELECT 1;\n-- depends: b",
    }
    assert [m.label for m in load("yoyo", files)] == ["a-b", "c", "a", "b"]
    with pytest.raises(SourceError, match="circle: a, b"):
        load("yoyo", {"a.sql": "-- depends: b", "b.sql": "-- depends: a", "c.sql": ""})
    with pytest.raises(SourceError, match=r"a\.sql depends on x"):
        load("yoyo", {"a.sql": "-- depends: x"})


def test_a_refinery_file_with_a_u_may_come_late() -> None:
    """As refinery lets it."""
    assert [m.header.late for m in load("refinery", {"V1__a.sql": "", "U2__b.sql": ""})] == [
        False,
        True,
    ]


# --- beside the file ----------------------------------------------------------


def test_diesel_reads_its_metadata() -> None:
    """What stands there about transactions."""
    files = {
        "1_a/up.sql": "",
        "1_a/metadata.toml": "run_in_transaction = false",
        "2_b/up.sql": "",
        "2_b/metadata.toml": "run_in_transaction = true",
        "3_c/up.sql": "",
    }
    assert [m.header.transaction for m in load("diesel", files)] == [False, None, None]
    with pytest.raises(SourceError, match=r"1_a/metadata\.toml is not TOML"):
        load("diesel", {**files, "1_a/metadata.toml": "run in"})


def test_flyway_reads_its_configuration() -> None:
    """A script's own: no transaction, no placeholders."""
    files = {
        "V1__a.sql": "SELECT '${x}'",
        "V1__a.sql.conf": "executeInTransaction=false\nplaceholderReplacement = FALSE\n",
        "V2__b.sql": "SELECT '${x}'",
    }
    first, second = load("flyway", files, {"x": "1", "unused": "2"})
    assert first.header.transaction is False
    assert first.notation is not None
    assert first.notation.placeholder is None
    assert first.values == ()
    assert second.values == (("x", "1"),)


def test_a_value_is_part_of_what_is_applied() -> None:
    """The bytes alone do not vouch for a file that is filled in."""
    files = {"V1__a.sql": "SELECT '${x}'", "V2__b.sql": "SELECT 1"}
    one, other = load("flyway", files, {"x": "1"}), load("flyway", files, {"x": "2"})
    assert one[0].raw_checksum != other[0].raw_checksum
    assert one[1].raw_checksum == other[1].raw_checksum
    assert "secret" not in repr(load("flyway", files, {"x": "secret"}))


def test_tern_includes_files() -> None:
    """With their own placeholders filled in, or refused with their place."""
    files = {
        "001_a.sql": '{{ template "shared/f.sql" . }}\nSELECT 2;',
        "shared/f.sql": '{{ template "shared/g.sql" . }}\nSELECT {{.x}};',
        "shared/g.sql": "SELECT 0;",
    }
    (migration,) = load("tern", files, {"x": "1"})
    filled = dict(migration.values)['template "shared/f.sql" .']
    assert filled == "SELECT 0;\nSELECT 1;"
    with pytest.raises(SourceError, match=r"^shared/f\.sql:2:8: \{\{\.x\}\}"):
        load("tern", files)
    with pytest.raises(SourceError, match=r"no file shared/g\.sql"):
        load(
            "tern", {name: text for name, text in files.items() if "g.sql" not in name}, {"x": "1"}
        )


# --- choosing a layout ---------------------------------------------------------


@pytest.mark.parametrize("name", BUILT_IN)
def test_a_layout_is_known_by_its_name(name: str) -> None:
    """And says how a migration is called, with one that it takes itself."""
    layout = layout_named(name)
    assert isinstance(layout, FileLayout)
    assert layout.name == name
    version = layout.writing.stamp and "20240528214728"
    file = layout.writing.file.replace("{version}", version or "1").replace("{name}", "a")
    assert one(name, file).name == "a"


@pytest.mark.parametrize("file", ["../secret.sql", "/etc/hostname", "x.sql", "../../a/b.sql"])
def test_a_template_is_a_file_of_a_sub_folder(tmp_path: Path, file: str) -> None:
    """As tern has it: nothing from elsewhere on the disk gets into a migration."""
    (tmp_path / "m").mkdir()
    for name in ("secret.sql", "m/x.sql"):
        (tmp_path / name).write_text("SELECT 'secret'", "utf-8")
    (tmp_path / "m" / "1_a.sql").write_text(f'{{{{ template "{file}" . }}}}', "utf-8")
    (migration,) = Folder(tmp_path / "m", layout="tern").load()
    assert migration.values == ()
    with pytest.raises(SourceError, match="nothing is said to stand for it"):
        read_script(migration, "postgresql")


def test_a_template_that_is_not_there_was_never_there(tmp_path: Path) -> None:
    (tmp_path / "1_a.sql").write_text('{{ template "shared/b.sql" . }}', "utf-8")
    with pytest.raises(SourceError, match=r"There is no file .*/shared/b\.sql"):
        Folder(tmp_path, layout="tern").load()


def test_a_layout_that_is_not_there_is_refused_in_words() -> None:
    """With the one that was perhaps meant."""
    with pytest.raises(ConfigError, match="Did you mean golang-migrate"):
        Memory({}, layout="golangmigrate").load()
    with pytest.raises(ConfigError, match=r"st44_migrate\.sources"):
        layout_named("rails")


def test_versions_of_the_integer_layouts_are_those_of_a_plain_folder() -> None:
    """Whoever moves the files later keeps the ledger."""
    layouts = ("golang-migrate", "goose", "dbmate", "sqlx", "tern", "postgres-migrations")
    for layout in layouts:
        file = builtin(layout).writing.file.replace("{version}", "0007").replace("{name}", "a")
        migration = one(layout, file)
        assert (migration.version, migration.label) == (7, "0007")
        assert isinstance(migration.version, int)
    assert isinstance(one("flyway", "V7__a.sql").version, LongVersion)
    assert one("flyway", "V7__a.sql").version == 7


def test_a_plain_folder_takes_repeatable_files() -> None:
    """Behind the others, by their names."""
    files = ["002_b.sql", "10_c.sql", "R__a_view.sql", "R__b_view.sql"]
    loaded = load("plain", dict.fromkeys(reversed(files), "SELECT 1"))
    assert [(m.path, m.repeatable) for m in loaded] == [
        (file, file.startswith("R")) for file in files
    ]
    assert "call it R__view.sql" in refused("plain", "R_view.sql")
    assert "call it R__view.sql" in refused("plain", "r__view.SQL")
    assert "looks like a rollback" in refused("plain", "R__down.sql")


def test_a_wrong_folder_says_whose_it_may_be(tmp_path: object) -> None:
    """A plain folder that is not one, but looks like another tool's."""
    del tmp_path
    said = refused("plain", "1_a.up.sql", "1_a.down.sql")
    assert "It looks like a folder of golang-migrate: --layout golang-migrate" in said
    said = refused("plain", "2024_a/migration.sql", "migration_lock.toml")
    assert "--layout prisma" in said
    assert "--layout" not in refused("plain", "a.sql")


@pytest.mark.parametrize("layout", ["plain", "sqlx", "prisma", "golang-migrate"])
def test_values_that_nothing_asks_for_are_refused(layout: str) -> None:
    """Whoever gives one counts on its effect, and the SQL would run as it stands."""
    with pytest.raises(ConfigError, match="has no placeholders"):
        load(layout, {"1_a.sql": "SELECT ${x}"}, {"x": "1"})
    with pytest.raises(ConfigError, match="has no placeholders"):
        load("golang-migrate", {"1_a.up.go": ""}, {"2_b.up.go": "SELECT 1"})


def test_a_source_is_described_with_its_layout() -> None:
    """Values are left out: they may be secrets."""
    source = Folder("db", layout="goose", values={"password": "secret"})
    assert repr(source) == "Folder('db', layout='goose')"
    assert repr(Folder("db")) == "Folder('db')"
    assert repr(Memory({}, layout=builtin("tern"))) == "Memory([], layout='tern')"
