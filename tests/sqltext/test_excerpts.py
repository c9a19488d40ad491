"""
What is read of a file that another tool wrote, and where its places are.
"""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from sqltext.kit import PATH, read_as, texts, units
from st44_migrate.errors import SourceError
from st44_migrate.model import Header, Migration, Notation
from st44_migrate.source.layouts import BUILT_IN
from st44_migrate.sqltext import read_script


def statements(layout: str, text: str, values: Mapping[str, str] | None = None) -> list[str]:
    return texts(read_as(layout, text, values).statements)


def refusal(layout: str, text: str, values: Mapping[str, str] | None = None) -> SourceError:
    with pytest.raises(SourceError) as caught:
        read_as(layout, text, values)
    assert caught.value.place is not None
    return caught.value


BOTH_WAYS = {
    "goose": "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 'never",
    "sql-migrate": "-- +migrate Up\nSELECT 1;\n-- +migrate Down\nSELECT 'never",
    "dbmate": "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 'never",
    "tern": "SELECT 1;\n---- create above / drop below ----\nSELECT 'never",
    "node-pg-migrate": "-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 'never",
}


@pytest.mark.parametrize("layout", BOTH_WAYS)
def test_the_way_back_is_never_read(layout: str) -> None:
    """Not even by the lexer: nobody says that it is SQL."""
    assert statements(layout, BOTH_WAYS[layout]) == ["SELECT 1"]


@pytest.mark.parametrize("layout", BOTH_WAYS)
def test_a_marker_in_a_quote_is_none(layout: str) -> None:
    """A line that looks like one is a part of a string, a function's body, a comment."""
    first, _, down = BOTH_WAYS[layout].partition("SELECT 1;\n")
    marker = down.partition("\n")[0]
    quoted = f"SELECT '\n{marker}\n'"
    body = f"DO $x$\n{marker}\nBEGIN END $x$"
    text = f"{first}{quoted};\n/*\n{marker}\n*/\n{body};\nSELECT 2;\n{down}"
    assert statements(layout, text) == [quoted, body, "SELECT 2"]


@pytest.mark.parametrize("layout", sorted(BOTH_WAYS.keys() - {"node-pg-migrate"}))
def test_a_marker_behind_a_statement_is_refused(layout: str) -> None:
    """Tools do not agree whether it is one."""
    first, _, down = BOTH_WAYS[layout].partition("SELECT 1;\n")
    marker = down.partition("\n")[0]
    error = refusal(layout, f"{first}SELECT 1; {marker}\nSELECT 2;\n")
    assert f"'{marker}' looks like a marker" in str(error)


@pytest.mark.parametrize(
    ("layout", "slip"),
    [
        ("goose", "-- +goose Dwn"),
        ("goose", "--+goose Down"),
        ("goose", "--  +goose Down"),
        ("goose", "  -- +goose Down"),
        ("goose", "-- +goose Down;"),
        ("goose", "-- + goose Down"),
        ("goose", "-- +goose Down of users"),
        ("sql-migrate", "-- +migrate Dwn"),
        ("sql-migrate", "--+migrate Down"),
        ("sql-migrate", "  -- +migrate Down"),
        ("dbmate", "-- migrate: down"),
        ("dbmate", "-- migrate:dwn"),
        ("dbmate", "-- migrate:down;"),
        ("dbmate", "-- MIGRATE:DOWN"),
        ("dbmate", "  -- migrate:down"),
        ("tern", "  ---- create above / drop below ----"),
        ("tern", "---- Create Above / Drop Below ----"),
        ("tern", "-- create above/drop below --"),
        ("tern", "---- tern: disable tx ----"),
        ("node-pg-migrate", "-- Down"),
        ("node-pg-migrate", "-- Migration Down"),
    ],
)
def test_what_is_nearly_a_marker_is_refused(layout: str, slip: str) -> None:
    """Taken for a remark, it would let the way back run right behind the way there."""
    text = BOTH_WAYS[layout]
    first, _, down = text.partition("SELECT 1;\n")
    error = refusal(layout, f"{first}SELECT 1;\n{slip}\nSELECT 2;\n{down}")
    assert f"'{slip.strip()}' looks like a marker of {layout} and is none" in str(error)
    assert error.place is not None
    assert error.place.line == text[: len(first)].count("\n") + 2


def test_a_slip_in_the_way_back_is_refused_too() -> None:
    """What it was to bring back would be left out."""
    error = refusal("goose", f"{BOTH_WAYS['goose']}\n--+goose Up\nSELECT 2;\n")
    assert error.place is not None
    assert (error.place.line, error.place.column) == (5, 1)


@pytest.mark.parametrize(
    ("layout", "remark"),
    [
        ("goose", "-- this is for goose: Down is below"),
        ("goose", "-- +goose StatementBegin"),
        ("goose", "-- +goose statementend"),
        ("sql-migrate", "-- +migrate StatementBegin"),
        ("dbmate", "-- we migrate: down there is the way back"),
        ("tern", "-- the pattern: create a table above"),
        ("node-pg-migrate", "-- the up migration was once a program"),
        ("node-pg-migrate", "-- up to here it was tried"),
    ],
)
def test_other_remarks_are_remarks(layout: str, remark: str) -> None:
    first, _, down = BOTH_WAYS[layout].partition("SELECT 1;\n")
    assert statements(layout, f"{first}{remark}\nSELECT 1;\n{down}") == ["SELECT 1"]


@pytest.mark.parametrize("layout", BOTH_WAYS)
def test_the_checksum_does_not_count_the_way_back(layout: str) -> None:
    """Whoever edits it has changed nothing that was applied."""
    edited = BOTH_WAYS[layout].replace("never", "ever'")
    assert read_as(layout, BOTH_WAYS[layout]).checksum == read_as(layout, edited).checksum


@pytest.mark.parametrize("layout", ["goose", "sql-migrate", "dbmate", "node-pg-migrate"])
def test_several_parts_are_read_one_after_the_other(layout: str) -> None:
    """Whatever a part ends with, the next begins a statement; places are the file's."""
    once = BOTH_WAYS[layout].replace("1;", "1")
    script = read_as(layout, f"{once}\n{BOTH_WAYS[layout].replace('1', '2')}")
    assert texts(script.statements) == ["SELECT 1", "SELECT 2"]
    assert [(s.line, s.column) for s in script.statements] == [(2, 1), (6, 1)]


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("goose", "-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\nSELECT 2;"),
        ("goose", "-- +goose Up\n-- +goose no transaction\nSELECT 1;\nSELECT 2;"),
        ("sql-migrate", "-- +migrate Up notransaction\nSELECT 1;\nSELECT 2;"),
        ("dbmate", "-- migrate:up transaction:false\nSELECT 1;\nSELECT 2;"),
        ("tern", "---- tern: disable-tx ----\nSELECT 1;\nSELECT 2;"),
        ("sqlx", "-- no-transaction\nSELECT 1;\nSELECT 2;"),
        ("yoyo", "-- A title\n-- transactional: false\n\nSELECT 1;\nSELECT 2;"),
        (
            "postgres-migrations",
            "SELECT 1;\n-- postgres-migrations disable-transaction\nSELECT 2;",
        ),
    ],
)
def test_a_file_may_want_no_transaction(layout: str, text: str) -> None:
    """Each tool has its own word for it."""
    script = read_as(layout, text)
    assert not script.transactional
    assert units(script) == [["SELECT 1"], ["SELECT 2"]]


@pytest.mark.parametrize(
    ("layout", "text"),
    [
        ("sqlx", "\n-- no-transaction\nSELECT 1;"),
        ("sqlx", "--no-transaction\nSELECT 1;"),
        ("yoyo", "SELECT 1;\n-- transactional: false\nSELECT 2;"),
        ("yoyo", "-- transactional: true\nSELECT 1;"),
        ("goose", "-- +goose Up\nSELECT 1;\n-- +goose Down\n-- +goose NO TRANSACTION\n"),
        ("dbmate", "-- migrate:up\nSELECT 1;\n-- migrate:down transaction:false\nSELECT 2;"),
        ("dbmate", "-- migrate:up transaction:true\nSELECT 1;"),
    ],
)
def test_what_its_tool_does_not_understand_is_a_comment(layout: str, text: str) -> None:
    """A word in another place, or in other letters, asks for nothing."""
    assert read_as(layout, text).transactional


def test_our_own_headers_count_in_every_layout() -> None:
    """They have the last word."""
    text = (
        "-- st44: transaction, late\n-- +goose NO TRANSACTION\n-- +goose Up\nSELECT 1;\nSELECT 2;"
    )
    script = read_as("goose", text)
    assert script.transactional
    assert script.late


def test_a_layout_may_know_from_elsewhere() -> None:
    """A file beside it says what a header would."""
    data = b"SELECT 1; SELECT 2"
    header = Header(transaction=False, late=True)
    migration = Migration(1, "1", "a", PATH, data, "", header=header)
    script = read_script(migration, "postgresql")
    assert (script.transactional, script.late) == (False, True)


def test_statement_markers_are_comments() -> None:
    """A lexer needs nobody to say where a statement ends."""
    text = """-- +goose Up
-- +goose StatementBegin
CREATE FUNCTION f() RETURNS int AS $$
BEGIN
  RETURN 1;
END $$ LANGUAGE plpgsql;
-- +goose StatementEnd
SELECT 2; SELECT 3
-- +goose Down
"""
    found = statements("goose", text)
    assert [one.partition(" ")[0] for one in found] == ["CREATE", "SELECT", "SELECT"]


@pytest.mark.parametrize(
    ("layout", "opening"),
    [("goose", "-- +goose Up"), ("sql-migrate", "-- +migrate Up"), ("dbmate", "-- migrate:up")],
)
def test_what_no_tool_would_run_is_refused(layout: str, opening: str) -> None:
    """A file without a marker, and SQL before the first one."""
    error = refusal(layout, "CREATE TABLE a (i int);")
    assert opening in str(error)
    error = refusal(layout, f"\n  SELECT 1;\n{opening}\nSELECT 2;")
    assert error.place is not None
    assert (error.place.line, error.place.column) == (2, 3)
    error = refusal(
        layout, f"-- only a comment\n{opening.lower().replace('up', 'down')}\nSELECT 2;"
    )
    assert opening in error.happened


def test_sql_before_the_first_part_is_refused_where_parts_are_optional() -> None:
    """node-pg-migrate reads all of a file that has no marker, and else from the marker on."""
    assert statements("node-pg-migrate", "SELECT 1;") == ["SELECT 1"]
    error = refusal("node-pg-migrate", "SELECT 1;\n-- Up Migration\nSELECT 2;")
    assert error.place is not None
    assert error.place.line == 1


@pytest.mark.parametrize("layout", [*BOTH_WAYS])
def test_a_plain_folder_refuses_what_would_go_back_at_once(layout: str) -> None:
    """The same file without its layout would be undone, or fail: it is refused with its place."""
    text = BOTH_WAYS[layout].replace("'never", "2")
    error = refusal("plain", text)
    assert f"--layout {layout}" in error.remedy
    assert error.place is not None
    assert text.split("\n")[error.place.line - 1].startswith("--")


WHOLE = sorted({*BUILT_IN} - {"goose", "sql-migrate", "dbmate", "plain"})


@pytest.mark.parametrize("layout", WHOLE)
@pytest.mark.parametrize("whose", [*BOTH_WAYS])
def test_a_layout_that_reads_all_of_a_file_does_so_too(layout: str, whose: str) -> None:
    """Under the name of the wrong tool, it would be undone as well."""
    if layout == whose:
        return
    text = BOTH_WAYS[whose].replace("'never", "2")
    assert f"--layout {whose}" in refusal(layout, text).remedy
    assert statements(layout, text.replace("SELECT 2", "-- SELECT 2")) == ["SELECT 1"]


def test_a_remark_about_the_way_back_is_fine() -> None:
    """As long as no statement follows."""
    text = "CREATE TABLE a (i int);\n\n-- Down migration:\n-- DROP TABLE a;\n"
    assert statements("plain", text) == ["CREATE TABLE a (i int)"]


@pytest.mark.parametrize("layout", ["goose", "dbmate", "tern"])
def test_places_are_those_of_the_file(layout: str) -> None:
    """Line, column and excerpt, for a flaw behind a part that is left out."""
    opening = BOTH_WAYS[layout].partition("SELECT 1")[0]
    down = BOTH_WAYS[layout].partition("1;\n")[2]
    text = f"{opening}SELECT 1;\n  SELECT $$oops;\n"
    error = refusal(layout, text)
    line = opening.count("\n") + 2
    assert str(error).startswith(f"{PATH}:{line}:10: ")
    if layout == "dbmate":
        text = f"{opening}SELECT 1;\n{down}\n{opening}SELECT 2;\n  COMMIT;\n"
        assert str(refusal(layout, text)).startswith(f"{PATH}:7:3: ")


def test_a_tool_without_transactions_leaves_blocks_alone() -> None:
    """Prisma sends a file as it is: blocks of its own beside other statements are units."""
    text = "BEGIN;\nSELECT 1;\nSELECT 2;\nCOMMIT;\nSELECT 3;\nBEGIN; SELECT 4; COMMIT;"
    assert units(read_as("prisma", text)) == [["SELECT 1", "SELECT 2"], ["SELECT 3"], ["SELECT 4"]]
    assert read_as("prisma", "BEGIN; SELECT 1; COMMIT;").transactional
    assert read_as("prisma", "SELECT 1; SELECT 2").transactional
    assert "stands outside" in str(refusal("sqlx", "BEGIN; SELECT 1; COMMIT; SELECT 2"))


def test_a_file_with_nothing_in_it_does_nothing_elsewhere() -> None:
    """Other tools write such files for the databases that need no change."""
    assert statements("golang-migrate", "") == []
    assert "empty" in str(refusal("plain", "\n"))


# --- placeholders -------------------------------------------------------------


@pytest.mark.parametrize(
    ("layout", "text", "values", "expected"),
    [
        ("flyway", "CREATE TABLE ${s}.a (i int)", {"s": "app"}, "CREATE TABLE app.a (i int)"),
        ("flyway", "SELECT '${flyway:database}'", {"flyway:database": "d"}, "SELECT 'd'"),
        ("flyway", "SELECT $$${x}$$", {"x": "1"}, "SELECT $$1$$"),
        ("tern", "CREATE TABLE {{.p}}_a (i int)", {"p": "x"}, "CREATE TABLE x_a (i int)"),
        (
            "tern",
            "CREATE TABLE a{{ sub 43 1 }} (i int)",
            {"sub 43 1": "42"},
            "CREATE TABLE a42 (i int)",
        ),
        ("tern", "SELECT {{/* why */}}1{{- .x -}}", {"x": "0"}, "SELECT 10"),
    ],
)
def test_placeholders_are_filled_in(
    layout: str, text: str, values: dict[str, str], expected: str
) -> None:
    """Wherever they stand, in strings too."""
    assert statements(layout, text, values) == [expected]


@pytest.mark.parametrize(
    ("layout", "text", "column"),
    [
        ("flyway", "SELECT '${x}'", 9),
        ("flyway", "CREATE TABLE ${x} (i int)", 14),
        ("tern", "SELECT {{ .x }}", 8),
        ("tern", "SELECT {{if .x}}1{{end}}", 8),
        ("goose", "SELECT $x", 8),
        ("goose", "SELECT ${x:-1}", 8),
    ],
)
def test_a_placeholder_without_a_value_is_refused(layout: str, text: str, column: int) -> None:
    """With its place; a default does not make it safe to guess."""
    lead = "-- +goose Up\n-- +goose ENVSUB ON\n" if layout == "goose" else ""
    error = refusal(layout, f"{lead}{text};", {"y": "1"})
    assert error.place is not None
    assert (error.place.line, error.place.column) == (lead.count("\n") + 1, column)
    assert "--set" in error.remedy


def test_a_placeholder_in_a_comment_stands_for_nothing() -> None:
    """It may stay as it is."""
    assert statements("flyway", "-- ${x}\nSELECT 1 /* ${y} */") == ["SELECT 1"]


def test_other_layouts_have_no_placeholders() -> None:
    """What looks like one is SQL."""
    assert statements("sqlx", "SELECT '${x} {{ .y }}'") == ["SELECT '${x} {{ .y }}'"]
    assert statements("goose", "-- +goose Up\nSELECT '${x}'") == ["SELECT '${x}'"]


def test_the_environment_is_filled_in_between_its_markers() -> None:
    """On and off by the line, in a function's body too, whose marker lines go."""
    text = r"""-- +goose Up
SELECT '${A}';
-- +goose ENVSUB ON
SELECT '${A}', '$A', '${A:-x}', '\$A', '$$A';
-- +goose ENVSUB OFF
SELECT '$A';
CREATE FUNCTION f() RETURNS void AS $$
-- +goose ENVSUB ON
BEGIN RAISE NOTICE '$A'; END
-- +goose ENVSUB OFF
$$ LANGUAGE plpgsql;
"""
    assert statements("goose", text, {"A": "1"}) == [
        "SELECT '${A}'",
        "SELECT '1', '1', '1', '$A', '$A'",
        "SELECT '$A'",
        "CREATE FUNCTION f() RETURNS void AS $$\nBEGIN RAISE NOTICE '1'; END\n$$ LANGUAGE plpgsql",
    ]


def test_places_behind_a_placeholder_are_those_of_the_file() -> None:
    """However long the value, and however many lines it has."""
    text = "SELECT ${long}; SELECT 2;\nSELECT ${short}, 'oops"
    error = refusal("flyway", text, {"long": "1,\n2,\n3", "short": "1"})
    assert str(error).startswith(f"{PATH}:2:18: ")
    script = read_as("flyway", "SELECT ${long}; SELECT 2;\nSELECT 3", {"long": "1,\n2,\n3"})
    assert [(s.line, s.column) for s in script.statements] == [(1, 1), (1, 17), (2, 1)]


def test_a_flaw_in_a_value_is_at_its_placeholder() -> None:
    """There is no other place for it in the file."""
    error = refusal("flyway", "SELECT 1;\nSELECT ${x};", {"x": "'oops"})
    assert str(error).startswith(f"{PATH}:2:8: ")


def test_a_notation_of_nothing_changes_nothing() -> None:
    """The text is the file's, and so are the places."""
    migration = Migration(1, "1", "a", PATH, b"SELECT 1", "", notation=Notation("nobody"))
    assert read_script(migration, "postgresql").origin is None
