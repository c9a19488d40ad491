"""
What runs in which transaction (R6, R7), and what is refused.
"""

from __future__ import annotations

import pytest

from sqltext.kit import place, read, refusal, texts, units

TABLE = "CREATE TABLE a (id int)"
INDEX = "CREATE INDEX CONCURRENTLY i ON a (id)"


def test_a_file_without_transaction_control_is_one_unit() -> None:
    """It runs in the runner's transaction as it stands."""
    script = read(f"{TABLE}; INSERT INTO a VALUES (1);")
    assert units(script) == [[TABLE, "INSERT INTO a VALUES (1)"]]
    assert (script.transactional, script.begin, script.autonomous) == (True, "", frozenset())


@pytest.mark.parametrize("text", ["-- nothing to do", "BEGIN; COMMIT;", ";"])
def test_a_file_without_statements_is_one_empty_unit(text: str) -> None:
    """A comment is enough of a file; so is a transaction in which nothing happens."""
    script = read(text)
    assert (script.units, script.statements, script.transactional) == (((),), (), True)


@pytest.mark.parametrize(
    ("begin", "commit", "dialect"),
    [
        ("BEGIN", "COMMIT", "postgresql"),
        ("begin work", "end work", "postgresql"),
        ("BEGIN /* now */ TRANSACTION", "COMMIT TRANSACTION AND NO CHAIN", "postgresql"),
        ("START TRANSACTION", "END", "postgresql"),
        ("BEGIN", "COMMIT", "sqlite"),
        ("BEGIN IMMEDIATE", "END TRANSACTION", "sqlite"),
        ("begin exclusive transaction", "commit transaction", "sqlite"),
        ("BEGIN DEFERRED TRANSACTION", "COMMIT", "sqlite"),
        ("START TRANSACTION", "COMMIT", "other"),
    ],
)
def test_the_files_own_transaction_is_elided(begin: str, commit: str, dialect: str) -> None:
    """The runner's takes its place, with nothing lost between."""
    script = read(f"-- one\n{begin};\n{TABLE};\nSELECT 1;\n{commit};\n-- end", dialect)
    assert units(script) == [[TABLE, "SELECT 1"]]
    assert (script.transactional, script.begin) == (True, "")


@pytest.mark.parametrize(
    ("text", "begin"),
    [
        ("BEGIN ISOLATION LEVEL SERIALIZABLE; SELECT 1; COMMIT", "ISOLATION LEVEL SERIALIZABLE"),
        (
            "start transaction isolation level repeatable read, /* and */ read write,\n"
            " not deferrable; SELECT 1; COMMIT",
            "ISOLATION LEVEL REPEATABLE READ READ WRITE NOT DEFERRABLE",
        ),
        (
            "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE; SELECT 1",
            "ISOLATION LEVEL SERIALIZABLE",
        ),
        (
            "BEGIN READ WRITE; SET x = 1; SET LOCAL TRANSACTION DEFERRABLE; SELECT 1; COMMIT",
            "READ WRITE DEFERRABLE",
        ),
    ],
)
def test_options_move_to_our_begin(text: str, begin: str) -> None:
    """Those of BEGIN, and those of a SET TRANSACTION that comes first."""
    script = read(text)
    assert script.begin == begin
    assert texts(script.statements)[-1] == "SELECT 1"
    assert not any("TRANSACTION" in statement.text for statement in script.statements)


def test_savepoints_are_allowed() -> None:
    """They stay inside the one transaction."""
    body = ["SAVEPOINT a", "SELECT 1", "ROLLBACK TO SAVEPOINT a", "RELEASE a"]
    assert units(read("; ".join(body))) == [body]
    assert units(read(f"BEGIN; {'; '.join(body)}; COMMIT")) == [body]
    assert units(read(f"BEGIN; {'; '.join(body)}; COMMIT", "sqlite")) == [body]


def test_settings_around_the_transaction_move_into_it() -> None:
    """As pg_dump writes them before, and as people reset them after."""
    lead = [
        "SET statement_timeout = 0",
        "SELECT pg_catalog.set_config('search_path', '', false)",
    ]
    script = read(f"{lead[0]}; {lead[1]}; BEGIN; {TABLE}; COMMIT; RESET ALL;")
    assert units(script) == [[*lead, TABLE, "RESET ALL"]]
    assert (script.prologue, script.epilogue) == ((), ())


@pytest.mark.parametrize(
    "statement",
    [
        TABLE,
        "SET LOCAL lock_timeout = '1s'",
        "SET CONSTRAINTS ALL DEFERRED",
        "SET TRANSACTION ISOLATION LEVEL SERIALIZABLE",
        "SELECT set_config('search_path', '', true)",
        "SELECT set_config('a.b', '', false) FROM t",
        "SAVEPOINT a",
    ],
)
def test_only_settings_may_stand_outside_of_the_transaction(statement: str) -> None:
    """Anything else would commit by itself, or do nothing where it stands."""
    assert place(f"{statement};\nBEGIN; SELECT 1; COMMIT") == (1, 1)
    assert place(f"BEGIN; SELECT 1;\nCOMMIT; {statement}") == (2, 9)
    error = refusal(f"BEGIN; SELECT 1;\nCOMMIT; {statement}")
    assert "outside of the BEGIN ... COMMIT of lines 1 to 2" in error.happened
    assert "-- st44: no-transaction" in error.remedy


@pytest.mark.parametrize(
    ("text", "line", "column", "words"),
    [
        ("SELECT 1;\nCOMMIT;", 2, 1, "COMMIT without a BEGIN"),
        ("BEGIN;\nSELECT 1", 1, 1, "this BEGIN has no COMMIT"),
        ("START TRANSACTION", 1, 1, "this START TRANSACTION has no COMMIT"),
        ("BEGIN;\n BEGIN;\nCOMMIT", 2, 2, "BEGIN inside of the BEGIN in line 1"),
        ("BEGIN;COMMIT;\nBEGIN;COMMIT", 2, 1, "a second BEGIN"),
        ("BEGIN;\nROLLBACK;", 2, 1, "ROLLBACK undoes"),
        ("SELECT 1;\nABORT WORK", 2, 1, "ROLLBACK undoes"),
        ("BEGIN;\nROLLBACK AND NO CHAIN;", 2, 1, "ROLLBACK undoes"),
        ("BEGIN;\nCOMMIT AND CHAIN; COMMIT", 2, 1, "AND CHAIN opens another"),
        ("BEGIN; ROLLBACK WORK AND CHAIN; COMMIT", 1, 8, "AND CHAIN opens another"),
        ("BEGIN; PREPARE TRANSACTION 'a'", 1, 8, "PREPARE TRANSACTION leaves"),
        ("SET SESSION CHARACTERISTICS AS TRANSACTION READ ONLY", 1, 1, "transactions to come"),
        ("SELECT 1;\nSET TRANSACTION READ WRITE", 2, 1, "comes too late"),
        ("BEGIN READ ONLY; SELECT 1; COMMIT", 1, 1, "READ ONLY cannot record"),
        ("SET TRANSACTION SNAPSHOT 'a'", 1, 1, "cannot be passed on"),
        ("BEGIN QUICKLY; COMMIT", 1, 1, "cannot be passed on: QUICKLY."),
        ("BEGIN;\nEND IF;\nCOMMIT;", 2, 1, "END as it is written here"),
        ("BEGIN;\nVACUUM a;\nCOMMIT;", 2, 1, "VACUUM cannot run in a transaction, and BEGIN"),
        (f"BEGIN;\n {INDEX};\nCOMMIT;", 2, 2, "CREATE INDEX CONCURRENTLY cannot run"),
    ],
)
def test_other_transaction_control_is_refused_with_its_place(
    text: str, line: int, column: int, words: str
) -> None:
    """Before anything runs, naming the statement and what to do."""
    error = refusal(text)
    assert place(text) == (line, column)
    assert words in error.happened
    assert error.remedy
    assert error.excerpt.endswith("^") or "^\n" in error.excerpt


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("SELECT 1; ROLLBACK TRANSACTION", "ROLLBACK undoes"),
        ("BEGIN; VACUUM; COMMIT", "VACUUM cannot run"),
        ("BEGIN; SELECT 1; PRAGMA journal_mode = wal; COMMIT", "PRAGMA journal_mode cannot run"),
        ("BEGIN CONCURRENT; COMMIT", "BEGIN as it is written here"),
        ("SELECT 1; BEGIN; COMMIT", "outside of the BEGIN ... COMMIT in line 1"),
    ],
)
def test_sqlite_control_is_refused_too(text: str, words: str) -> None:
    """The same rules hold, in SQLite's words."""
    assert words in refusal(text, "sqlite").happened


def test_strings_comments_and_names_are_no_keywords() -> None:
    """Only a keyword is transaction control."""
    for sql in (
        "SELECT 'COMMIT; ROLLBACK'",
        'SELECT 1 AS "begin"',
        "SELECT /* ; COMMIT; */ 1",
        "begin_a()",
        "COMMENT ON TABLE a IS 'x'",
        "PREPARE a AS SELECT 1",
    ):
        assert units(read(sql)) == [[sql]]


# --- files that commit unit by unit -------------------------------------------


def test_a_file_with_a_statement_that_runs_alone_commits_unit_by_unit() -> None:
    """Each statement is a unit, a BEGIN ... COMMIT is one, and its own control is gone."""
    script = read(f"{TABLE}; {INDEX}; BEGIN; SELECT 1; SELECT 2; COMMIT; BEGIN; COMMIT; VACUUM a;")
    assert units(script) == [[TABLE], [INDEX], ["SELECT 1", "SELECT 2"], ["VACUUM a"]]
    assert (script.transactional, script.autonomous) == (False, frozenset({1, 3}))


def test_the_header_makes_any_file_commit_unit_by_unit() -> None:
    """Nothing in it has to run alone; savepoints belong into its transactions."""
    script = read(f"-- st44: no-transaction\n{TABLE}; BEGIN; SAVEPOINT a; END; SELECT 1")
    assert units(script) == [[TABLE], ["SAVEPOINT a"], ["SELECT 1"]]
    assert (script.transactional, script.autonomous) == (False, frozenset())


def test_what_such_a_file_sets_first_is_its_prologue() -> None:
    """A run that goes on in the middle sets it again; settings in the middle are units."""
    script = read(f"SET lock_timeout = 0; {INDEX}; SET a.b = 1; SELECT 1; RESET a.b")
    assert texts(script.prologue) == ["SET lock_timeout = 0"]
    assert units(script) == [[INDEX], ["SET a.b = 1"], ["SELECT 1"], ["RESET a.b"]]
    assert script.epilogue == ()


@pytest.mark.parametrize(
    ("text", "line", "words"),
    [
        ("SAVEPOINT a;", 2, "SAVEPOINT outside of a transaction"),
        ("SET TRANSACTION READ WRITE;", 2, "SET TRANSACTION outside of a transaction"),
        ("BEGIN READ WRITE; SELECT 1; COMMIT", 2, "BEGIN has options"),
        ("BEGIN;\nSET TRANSACTION READ WRITE; SELECT 1; COMMIT", 3, "SET TRANSACTION has options"),
        ("ROLLBACK", 2, "ROLLBACK undoes"),
        ("BEGIN", 2, "this BEGIN has no COMMIT"),
    ],
)
def test_what_makes_no_sense_unit_by_unit_is_refused(text: str, line: int, words: str) -> None:
    """Silence would hide that it does nothing."""
    whole = f"{INDEX};\n{text}"
    assert (place(whole)[0], words in refusal(whole).happened) == (line, True)


def test_the_header_forbids_what_runs_alone() -> None:
    """'transaction' with such a statement is a contradiction, shown where the statement is."""
    error = refusal(f"-- st44: transaction\n{TABLE};\n  {INDEX};")
    assert place(f"-- st44: transaction\n{TABLE};\n  {INDEX};") == (3, 3)
    assert "the file's header asks for one" in error.happened
    assert read(f"-- st44: transaction\n{TABLE};").transactional


# --- SQLite's PRAGMAs ---------------------------------------------------------


def test_pragmas_around_the_transaction_stay_outside() -> None:
    """As two of three real SQLite files are written."""
    script = read(
        f"PRAGMA foreign_keys=OFF; PRAGMA cache_size = 9; BEGIN; {TABLE}; COMMIT;"
        " PRAGMA foreign_keys=ON; PRAGMA user_version = 5",
        "sqlite",
    )
    assert texts(script.prologue) == ["PRAGMA foreign_keys=OFF", "PRAGMA cache_size = 9"]
    assert units(script) == [[TABLE]]
    assert texts(script.epilogue) == ["PRAGMA foreign_keys=ON", "PRAGMA user_version = 5"]


def test_pragmas_around_a_file_without_a_transaction_stay_outside_too() -> None:
    """Those that fail in a transaction can run there, and nothing has to run alone."""
    script = read(f"PRAGMA journal_mode = wal; {TABLE}; PRAGMA synchronous(off)", "sqlite")
    assert texts(script.prologue) == ["PRAGMA journal_mode = wal"]
    assert (units(script), script.transactional) == ([[TABLE]], True)
    assert texts(script.epilogue) == ["PRAGMA synchronous(off)"]


@pytest.mark.parametrize(
    "pragma",
    ["PRAGMA user_version = 3", "PRAGMA main.application_id(7)", "pragma foreign_key_check"],
)
def test_pragmas_that_take_part_are_in_the_transaction(pragma: str) -> None:
    """What they write is rolled back with the file; what they check is the file's work."""
    assert units(read(f"{pragma}; {TABLE}; {pragma}", "sqlite")) == [[pragma, TABLE, pragma]]


@pytest.mark.parametrize(
    ("off", "on"),
    [
        ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
        ("pragma main.foreign_keys=0", "PRAGMA foreign_keys=1"),
        ("PRAGMA foreign_keys(no)", "PRAGMA foreign_keys ( yes )"),
        ("PRAGMA foreign_keys='false'", 'PRAGMA "foreign_keys"="true"'),
    ],
)
def test_foreign_keys_are_switched_outside_wherever_it_is_written(off: str, on: str) -> None:
    """Inside a transaction SQLite ignores it, and a rebuilt table loses its children."""
    for text in (
        f"BEGIN; {off}; {TABLE}; {on}; SELECT 1; COMMIT",
        f"{off}; {TABLE}; {on}; SELECT 1;",
        f"SELECT 1; {off}; {TABLE}; {on}",
    ):
        script = read(text, "sqlite")
        assert (texts(script.prologue), texts(script.epilogue)) == ([off], [on])
        assert sorted(*units(script)) == sorted([TABLE, "SELECT 1"])


def test_asking_a_pragma_changes_nothing() -> None:
    """Without a value it may stand in the middle."""
    body = ["SELECT 1", "PRAGMA foreign_keys", "PRAGMA journal_mode", "SELECT 2"]
    assert units(read("; ".join(body), "sqlite")) == [body]


@pytest.mark.parametrize(
    "statement",
    [
        *("VACUUM", "vacuum into 'a.db'", "ATTACH 'b.db' AS b", "DETACH b"),
        *("PRAGMA journal_mode = delete", "PRAGMA synchronous = 1", "PRAGMA wal_checkpoint"),
    ],
)
def test_what_sqlite_cannot_run_in_a_transaction_runs_alone(statement: str) -> None:
    """In the middle of a file it makes the file commit unit by unit."""
    script = read(f"{TABLE}; {statement}; SELECT 1", "sqlite")
    assert units(script) == [[TABLE], [statement], ["SELECT 1"]]
    assert (script.transactional, script.autonomous) == (False, frozenset({1}))


def test_sqlite_files_that_commit_unit_by_unit_keep_their_pragmas_outside() -> None:
    """First and last are prologue and epilogue; foreign_keys in the middle runs alone."""
    off, on = "PRAGMA foreign_keys = 0", "PRAGMA foreign_keys = 1"
    script = read(f"{off}; VACUUM; {on}; BEGIN; {TABLE}; COMMIT; {off}", "sqlite")
    assert (texts(script.prologue), texts(script.epilogue)) == ([off], [off])
    assert (units(script), script.autonomous) == ([["VACUUM"], [on], [TABLE]], frozenset({0, 1}))
    assert place(f"VACUUM; BEGIN; {off}; COMMIT", "sqlite") == (1, 16)
