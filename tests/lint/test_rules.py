"""
Each rule: where it is broken, where it only looks so, and how to let it be.
"""

from __future__ import annotations

import os
from collections.abc import Sequence
from pathlib import Path

import pytest

from corpora.corpus import corpora
from st44_migrate import Folder, Memory
from st44_migrate.lint import IGNORE_CODES, RULES, fails, lint, read_subject
from st44_migrate.model import Problem, Severity
from st44_migrate.source.naming import read_names

ROOT = Path(__file__).parents[2]
SHARED = Path(os.environ.get("ST44_SHARED") or ROOT.parent / "shared")


def findings(files: dict[str, str], dialect: str = "postgresql") -> Sequence[Problem]:
    """
    Lint a folder, leaving out what is only said of small examples.
    """
    found = lint(read_subject(Memory(files).load(), dialect=dialect))
    return [problem for problem in found if problem.code != "no-comment"]


def places(text: str, dialect: str = "postgresql") -> list[tuple[str, int, int]]:
    """
    Lint one file, and return codes, lines and columns.
    """
    found = findings({"007_add_things.sql": text}, dialect)
    return [(p.code, p.line or 0, p.column or 0) for p in found]


BROKEN = {
    "number": (
        "-- a\nINSERT INTO schema_migrations (version) VALUES ('7') ON CONFLICT DO NOTHING;",
        (2, 1),
    ),
    "record-without-on-conflict": (
        "\n  INSERT INTO app.schema_migrations (version, name) VALUES ('007', 'add_things');",
        (2, 3),
    ),
    "missing-if-not-exists": ("CREATE TABLE a (i int);", (1, 1)),
    "concurrent-if-not-exists": ("CREATE INDEX CONCURRENTLY IF NOT EXISTS i ON a (b);", (1, 1)),
    "drop-without-cascade": ("-- st44: phase contract\nDROP TABLE IF EXISTS a, b.c;", (2, 1)),
    "needless-no-transaction": ("-- st44: no-transaction\nSELECT 1;", (1, 1)),
    "breaking-change": ("BEGIN;\nALTER TABLE a DROP b;\nCOMMIT;", (2, 1)),
    "unreadable": ("SELECT 1;\nSELECT 'x", (2, 8)),
    "unused-ignore": ("-- st44: ignore number it once was wrong\nSELECT 1;", (1, 1)),
    "bad-ignore": ("SELECT 1; -- st44: ignore number", (1, 11)),
}
OF_FOLDERS = {
    "misnamed",
    "rollback-file",
    "duplicate",
    "gap",
    "file-name",
    "created-twice",
    "no-comment",
}


@pytest.mark.parametrize("code", BROKEN)
def test_a_broken_rule_is_found(code: str) -> None:
    """At its place, and nothing else is."""
    text, place = BROKEN[code]
    assert places(text) == [(code, *place)]


def test_every_rule_has_a_case() -> None:
    """Here, or in the tests of folders below; and codes are there once."""
    codes = [rule.code for rule in RULES] + list(IGNORE_CODES)
    assert len(set(codes)) == len(codes)
    assert set(codes) == set(BROKEN) | OF_FOLDERS


@pytest.mark.parametrize(
    "text",
    [
        "CREATE TABLE IF NOT EXISTS a (i int); CREATE OR REPLACE VIEW v AS SELECT 1;",
        "CREATE INDEX CONCURRENTLY i ON a (b);",
        "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS $$ CREATE TABLE a (i int) $$;",
        "INSERT INTO schema_migrations VALUES ('007', 'x') ON CONFLICT (version) DO NOTHING;",
        "INSERT INTO other (version) VALUES ('9');",
        "SELECT 'DROP TABLE a'; -- DROP TABLE a",
        "-- st44: phase contract\nALTER TABLE a DROP COLUMN b, RENAME c TO d;",
        "-- st44: no-transaction\nVACUUM a;",
        "ALTER TABLE a DROP CONSTRAINT b, RENAME CONSTRAINT c TO d, ADD CONSTRAINT e CHECK (f IS NOT NULL);",
        "ALTER TABLE a ADD COLUMN b int NOT NULL DEFAULT 0, ADD c int, ADD d bigserial NOT NULL;",
        "ALTER TABLE a ALTER b SET DEFAULT 1, ALTER COLUMN c DROP NOT NULL;",
        "CREATE TABLE IF NOT EXISTS a (i int); ALTER TABLE a DROP COLUMN i; DROP TABLE a CASCADE;",
        "CREATE TEMP TABLE a ON COMMIT DROP AS SELECT 1; DROP TABLE a;",
    ],
)
def test_what_is_right_is_not_found(text: str) -> None:
    """Including what only looks like the broken thing."""
    assert places(text) == []


@pytest.mark.parametrize(
    ("action", "what"),
    [
        ("DROP COLUMN IF EXISTS b", "DROP COLUMN b"),
        ('drop "B c"', 'DROP COLUMN "B c"'),
        ("RENAME TO z", "RENAME TO z"),
        ("RENAME b TO c", "RENAME COLUMN b"),
        ("ADD COLUMN IF NOT EXISTS b numeric(4, 2) NOT NULL", "ADD COLUMN b NOT NULL without"),
        ("ADD b int NOT NULL", "ADD COLUMN b NOT NULL without"),
        ("ALTER b SET DATA TYPE text", "another type of b"),
        ("ALTER COLUMN b TYPE text", "another type of b"),
        ("ALTER COLUMN b SET NOT NULL", "SET NOT NULL of b"),
        ("ALTER COLUMN b DROP DEFAULT", "DROP DEFAULT of b"),
        ("ADD c int, DROP b", "DROP COLUMN b"),
    ],
)
def test_what_breaks_running_code(action: str, what: str) -> None:
    """Each with the table and the column in the message."""
    for table in ("a", "IF EXISTS ONLY public.a"):
        (found,) = findings({"007_change_a.sql": f"ALTER TABLE {table} {action};"})
        assert found.code == "breaking-change"
        assert f"a: {what}" in found.message
        assert "phase contract" in found.remedy


def test_a_table_built_anew_is_not_broken() -> None:
    """As SQLite changes a table: a new one is filled and takes the name."""
    text = """CREATE TABLE IF NOT EXISTS new_a (i int);
    INSERT INTO new_a SELECT i FROM a; DROP TABLE a; ALTER TABLE new_a RENAME TO a;"""
    assert places(text, "sqlite") == []
    assert [code for code, *_ in places("DROP TABLE a;", "sqlite")] == ["breaking-change"]


def test_a_table_is_created_once() -> None:
    """A second IF NOT EXISTS does nothing, unless the table went meanwhile."""
    create = "CREATE TABLE IF NOT EXISTS {} (i int);"
    files = {
        "001_one_thing.sql": create.format("a") + create.format("b") + create.format("old"),
        "002_drop_b.sql": "-- st44: phase contract\nDROP TABLE b CASCADE; ALTER TABLE old RENAME TO c;",
        "003_three_more.sql": create.format("b") + create.format("old") + "\n" + create.format("A"),
        "004_one_more.sql": create.format("c")
        + create.format('"A"')
        + "CREATE TEMP TABLE IF NOT EXISTS a ();",
    }
    found = [(p.code, p.path, p.line) for p in findings(files)]
    assert found == [
        ("created-twice", "003_three_more.sql", 2),
        ("created-twice", "004_one_more.sql", 1),
    ]


def test_the_weight_of_a_missing_if_not_exists() -> None:
    """A note where a file is applied whole, a warning where it can stop half-way."""
    (whole,) = findings({"001_add_a.sql": "CREATE TABLE a ()"})
    (part, _) = findings({"001_add_a.sql": "-- st44: no-transaction\nCREATE TABLE a ()"})[::-1]
    assert (whole.severity, part.severity) == (Severity.NOTE, Severity.WARNING)
    assert not fails([whole])
    assert fails([whole, part])


# --- folders ------------------------------------------------------------------


def test_names_and_numbers() -> None:
    """What lies in the folder, and how it is called."""
    files = {
        "001_add_a.sql": "SELECT 1",
        "003_add_b.sql": "SELECT 1",
        "003_Add-C.sql": "-- why\nSELECT 1",
        "004_fix.sql": "SELECT 1",
    }
    wrong = read_names(["004.sql", "002_down.sql"]).wrong
    subject = read_subject(
        Memory(files).load(), misnamed=wrong, folders=["rollback", "seeds"], prefix="db/"
    )
    found = {(p.code, p.path) for p in lint(subject)}
    assert found == {
        ("misnamed", "db/004.sql"),
        ("rollback-file", "db/002_down.sql"),
        ("rollback-file", "db/rollback/"),
        ("gap", "003_Add-C.sql"),
        ("duplicate", "003_add_b.sql"),
        ("file-name", "003_Add-C.sql"),
        ("file-name", "004_fix.sql"),
        *(("no-comment", f"{name}.sql") for name in ("001_add_a", "003_add_b", "004_fix")),
    }
    assert all(p.line == 1 and p.column == 1 for p in lint(subject))


# --- ignores ------------------------------------------------------------------

DROP = "ALTER TABLE a DROP b"
WHY = "-- st44: ignore breaking-change nothing used it"


@pytest.mark.parametrize(
    "text",
    [
        f"{WHY}\n{DROP};",
        f"{WHY}\n\n-- more\n{DROP};",
        f"SELECT 1; {DROP}; {WHY}",
        f"ALTER TABLE a {WHY}\nDROP b;",
        f"{DROP};\n{DROP};\n{WHY.replace('ignore', 'ignore-file')}",
    ],
)
def test_an_ignore_is_for_its_statement(text: str) -> None:
    """The one it stands in, whose line it ends, or the next; or for the whole file."""
    assert places(text) == []


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        (f"{WHY}\nSELECT 1;\n{DROP};", ["unused-ignore", "breaking-change"]),
        (f"{DROP};\n{WHY}", ["breaking-change", "unused-ignore"]),
        (f"{WHY}\n{WHY}\n{DROP};", ["unused-ignore"]),
        (f"{WHY}\n{DROP}; {DROP};", ["breaking-change"]),
        ("-- st44: ignore no-such-rule why\nSELECT 1", ["bad-ignore"]),
        ("-- st44: ignore\nSELECT 1", ["bad-ignore"]),
        ("-- st44: ignore number, gap why\nSELECT 1", ["bad-ignore"]),
        ("-- st44: ignore squawk/x since\nSELECT 1", []),
        ("-- st44: ignore unused-ignore since\nSELECT 1", ["bad-ignore"]),
    ],
)
def test_an_ignore_that_is_wrong(text: str, expected: list[str]) -> None:
    """Is reported, and silences nothing else."""
    assert [code for code, *_ in places(text)] == expected


def test_an_ignore_of_several_rules_says_what_to_write() -> None:
    """The comma is not a part of a rule's name."""
    (found,) = findings({"001_a.sql": "-- st44: ignore number, gap why\nSELECT 1"})
    assert "is for one rule" in found.message


def test_a_file_as_a_whole_needs_ignore_file() -> None:
    """A name has no statement."""
    text = "-- st44: ignore{} file-name it is what it is\nSELECT 1;"
    codes = [[p.code for p in findings({"001_fix.sql": text.format(end)})] for end in ("-file", "")]
    assert codes == [[], ["file-name", "unused-ignore"]]


# --- real folders -------------------------------------------------------------


def test_the_example_is_clean() -> None:
    """Our own folder has the gap of the guide's, and nothing else."""
    found = lint(read_subject(Folder(ROOT / "examples/household/migrations").load()))
    assert [problem.code for problem in found] == ["gap"]


@pytest.mark.skipif(not (SHARED / "household/migrations").is_dir(), reason="no household folder")
def test_the_real_household() -> None:
    """What its README says is wrong with it is found."""
    found = lint(read_subject(Folder(SHARED / "household/migrations").load()))
    by_code: dict[str, set[str | None]] = {}
    for problem in found:
        by_code.setdefault(problem.code, set()).add(problem.version)
    assert by_code["number"] == {"046", "047", "048", "049"}
    assert by_code["duplicate"] == {"040"}
    assert "040" in by_code["record-without-on-conflict"]
    assert by_code["breaking-change"] == {"020", "021"}
    assert "unreadable" not in by_code


@pytest.mark.parametrize("name", [*corpora()] or ["none"])
def test_real_folders_are_read_to_their_end(name: str) -> None:
    """Nothing crashes, nothing that a run takes is called unreadable, and places are in the file."""
    if name == "none":
        pytest.skip("no corpora")
    corpus = corpora()[name]
    migrations = corpus.load()
    dialect = "sqlite" if corpus.dialect == "sqlite" else "postgresql"
    found = lint(read_subject(migrations, dialect=dialect, layout=corpus.layout.name))
    assert [p for p in found if p.code == "unreadable"] == []
    texts = {m.path: m.content.decode("utf-8-sig").replace("\r\n", "\n") for m in migrations}
    for problem in found:
        assert problem.line
        assert problem.column
        if problem.excerpt and problem.path:
            line = texts[problem.path].split("\n")[problem.line - 1]
            assert problem.column <= len(line) + 1
