"""
MariaDB's text: its strings and comments, its stored programs, and what commits by itself.
"""

from __future__ import annotations

import pytest

from sqltext.kit import pieces, read, refusal, units
from st44_migrate.sqltext.checksum import script_checksum
from st44_migrate.sqltext.lexer import split

PROCEDURE = """CREATE DEFINER=`root`@`localhost` PROCEDURE p(a INT)
BEGIN
  DECLARE EXIT HANDLER FOR SQLEXCEPTION BEGIN ROLLBACK; END;
  IF a > 1 THEN SELECT IF(a, 1, 2);
  ELSEIF a THEN
    SET @x = CASE WHEN a THEN IF(a, 1, 2) ELSE CASE a WHEN 1 THEN 2 END END;
  ELSE
    here: LOOP LEAVE here; END LOOP here;
    WHILE a DO SET a = a - 1; END WHILE;
    REPEAT SET a = REPEAT('1', 2); UNTIL a END REPEAT;
    FOR i IN 1..3 DO SELECT i; END FOR;
    CASE a WHEN 1 THEN SELECT 1; ELSE BEGIN END; END CASE;
  END IF;
END"""

PROGRAMS = [
    PROCEDURE,
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW SET NEW.a = 1",
    "CREATE TRIGGER t BEFORE INSERT ON a FOR EACH ROW IF NEW.a THEN SET NEW.a = 1; END IF",
    "CREATE OR REPLACE FUNCTION f(s CHAR(20)) RETURNS CHAR(50) RETURN CONCAT('a;', s)",
    "CREATE AGGREGATE FUNCTION f(x INT) RETURNS INT BEGIN LOOP SET x = 1; END LOOP; END",
    "CREATE PROCEDURE IF NOT EXISTS q() SELECT 1",
    "CREATE EVENT e ON SCHEDULE EVERY 1 DAY DO BEGIN SELECT 1; SELECT 2; END",
    "CREATE TABLE IF NOT EXISTS t (a int)",
]


@pytest.mark.parametrize(
    "statement",
    [
        r"SELECT 'a\'; b', 'it''s; c'",
        r'SELECT "x\"; y", "a\\"',
        "SELECT `a;b`",
        "SELECT 5--1",
        "/*!40101 SET NAMES utf8; */",
        "/*M!100100 SELECT 1; */",
    ],
)
def test_quotes_hold_semicolons(statement: str) -> None:
    """A backslash takes the meaning from a quote; executable comments are statements."""
    assert pieces(f"{statement};\nSELECT 2;", "mariadb") == [statement, "SELECT 2"]


def test_comments_vanish() -> None:
    """``#`` and ``--`` with a blank behind it reach to the end of the line."""
    text = "# one;\n-- two;\n--\n/* three; */ SELECT 1 # four;\n+ 1; --\tfive;\n"
    assert pieces(text, "mariadb") == ["SELECT 1 # four;\n+ 1"]


@pytest.mark.parametrize("program", PROGRAMS)
def test_a_stored_program_is_one_statement(program: str) -> None:
    """However its blocks nest; what follows it is another one."""
    assert pieces(f"{program};\nSELECT 2;", "mariadb") == [program, "SELECT 2"]
    assert pieces(program, "mariadb") == [program]


@pytest.mark.parametrize(
    ("statement", "transactional"),
    [
        ("INSERT INTO t VALUES (1)", True),
        ("WITH a AS (SELECT 1) SELECT * FROM a", True),
        ("SET foreign_key_checks = 0", True),
        ("CREATE TEMPORARY TABLE t (a int)", True),
        ("CREATE TABLE t (a int)", False),
        ("create unique index i on t (a)", False),
        ("TRUNCATE t", False),
        ("CALL p()", False),
        ("EXECUTE IMMEDIATE 'DROP TABLE t'", False),
        ("LOCK TABLES t WRITE", False),
        ("SOMETHING NEW", False),
        ("/*!50000 DROP TABLE t */", False),
    ],
)
def test_only_what_is_known_not_to_commit_is_in_a_transaction(
    statement: str, transactional: bool
) -> None:
    """Of anything else it has to be assumed."""
    script = read(f"{statement}; SELECT 1;", "mariadb")
    assert script.transactional is transactional
    assert len(script.units) == (1 if transactional else 2)


def test_a_block_of_data_is_one_unit() -> None:
    """START TRANSACTION ... COMMIT between DDL."""
    text = "CREATE TABLE a (a int); START TRANSACTION; SELECT 1; SELECT 2; COMMIT; DROP TABLE a"
    assert units(read(text, "mariadb")) == [
        ["CREATE TABLE a (a int)"], ["SELECT 1", "SELECT 2"], ["DROP TABLE a"]
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("BEGIN; CREATE TABLE a (a int); COMMIT", "CREATE cannot run in a transaction"),
        ("SELECT 1; DELIMITER //", "DELIMITER is a command of the mariadb client"),
        ("SET autocommit = 0; SELECT 1", "SET autocommit decides"),
        ("SELECT 1; COMMIT", "COMMIT without a BEGIN"),
        ("SELECT 'a\\'", "a string opens here and never ends"),
    ],
)
def test_what_cannot_be_taken_is_refused(text: str, words: str) -> None:
    """With the place, before anything runs."""
    assert words in refusal(text, "mariadb").happened


def test_comments_do_not_count_and_strings_do() -> None:
    """For the checksum."""

    def checksum(text: str) -> str:
        return script_checksum(split(text, "mariadb"), "mariadb")

    assert checksum("SELECT 1 # a\n+ 2") == checksum("SELECT 1 -- b\n+ 2")
    assert checksum(r"SELECT 'a\' # b'") != checksum(r"SELECT 'a\' # c'")
