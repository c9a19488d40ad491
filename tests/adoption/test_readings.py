"""
What the rows of a ledger say, where they say more than one thing.  Nothing here needs a database.
"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from recording import line_crc, rust_hash
from st44_migrate import LedgerName, Memory, Terms
from st44_migrate.adoption.checksums import checkouts, flyway_crc, refinery_sip
from st44_migrate.adoption.ledger import moment, number, true
from st44_migrate.adoption.planning import Sight, make_adoption
from st44_migrate.adoption.siphash import siphash13
from st44_migrate.adoption.tools import BUILT_IN, builtin
from st44_migrate.model import ForeignTable, History, Reading, Standing
from st44_migrate.plan import Reader


def read(tool: str, *rows: dict[str, Any]) -> Reading:
    own = builtin(tool)
    return own.read([dict.fromkeys(own.columns) | row for row in rows])


def keys(reading: Reading) -> list[str]:
    return [row.key for row in reading.rows]


def goose(at: int, version: int, applied: str = "1") -> dict[str, Any]:
    return {"id": str(at), "version_id": str(version), "is_applied": applied}


def test_of_goose_the_newest_row_of_a_version_decides() -> None:
    """Whatever order the rows come in; the row 0 is none."""
    rows = [goose(1, 0), goose(2, 1), goose(3, 2), goose(4, 2, "0"), goose(5, 10), goose(6, 9, "0")]
    assert keys(read("goose", *rows)) == ["1", "10"]
    assert keys(read("goose", *reversed(rows))) == ["1", "10"]
    assert keys(read("goose", *rows, goose(7, 2))) == ["1", "2", "10"]


def flyway(rank: int, version: str | None, kind: str = "SQL", **more: str) -> dict[str, Any]:
    row = {"installed_rank": str(rank), "version": version, "type": kind, "success": "1"}
    return row | {"description": f"d{version}", "checksum": "5"} | more


def test_of_flyway_later_rows_take_back_what_earlier_ones_say() -> None:
    """Deleted, undone, done again; a schema's creation is no version."""
    rows = [
        flyway(1, None, "SCHEMA"),
        flyway(2, "1"),
        flyway(3, "2"),
        flyway(4, "3"),
        flyway(5, "2", "UNDO_SQL"),
        flyway(6, "3", "DELETE"),
        flyway(10, "2.0"),
    ]
    assert keys(read("flyway", *rows)) == ["1", "2"]
    assert keys(read("flyway", *rows[:-1])) == ["1"]


def test_of_flyway_a_baseline_stands_for_all_up_to_it() -> None:
    """And what was applied after it stands for itself; programs have no checksum of a file."""
    rows = [flyway(1, "3.1", "BASELINE"), flyway(2, "4", "JDBC"), flyway(3, "5", success="0")]
    reading = read("flyway", *rows)
    assert reading.upto == "3.1"
    assert [(row.key, row.standing, row.checksum) for row in reading.rows] == [
        ("4", Standing.APPLIED, None),
        ("5", Standing.FAILED, "5"),
    ]


def test_of_flyway_the_last_run_of_a_repeatable_file_counts() -> None:
    """By its description, and apart from a version that is called the same."""
    rows = [
        flyway(1, None, description="some views", checksum="1"),
        flyway(2, None, description="some views", checksum="2"),
    ]
    (row,) = read("flyway", *rows).rows
    assert (row.key, row.repeatable, row.checksum) == ("some views", True, "2")


def test_a_repeatable_file_of_flyway_is_compared_as_it_ran() -> None:
    """With what stood for its placeholders."""
    files = {"V1__a.sql": "SELECT ${x};", "R__some_views.sql": "SELECT ${x},\n${y};"}
    a, view = Memory(files, layout="flyway", values={"x": "1", "y": "2"}).load()
    own = builtin("flyway")
    assert own.keys(view) == ("some views",)
    assert own.agrees is not None
    assert own.agrees(view, str(line_crc(b"SELECT 1,\n2;")))
    assert own.agrees(a, str(line_crc(b"SELECT ${x};")))


def prisma(name: str, started: str, ended: str | None, back: str | None = None) -> dict[str, Any]:
    row = {"migration_name": name, "started_at": started, "finished_at": ended}
    return row | {"rolled_back_at": back, "checksum": "c"}


def test_of_prisma_an_attempt_that_was_rolled_back_is_none() -> None:
    """One that ended counts, whatever came before or after; one that did not is half applied."""
    rows = [
        prisma("b", "1", None, "2"),
        prisma("b", "3", "4"),
        prisma("a", "0", "1"),
        prisma("c", "5", None),
        prisma("d", "6", None, "7"),
    ]
    reading = read("prisma", *rows)
    assert [(row.key, row.standing) for row in reading.rows] == [
        ("a", Standing.APPLIED),
        ("b", Standing.APPLIED),
        ("c", Standing.DIRTY),
    ]


@pytest.mark.parametrize("tool", BUILT_IN)
def test_an_empty_table_says_nothing(tool: str) -> None:
    """No version, and nothing up to one."""
    assert read(tool) == Reading(())
    assert builtin(tool).tool == tool


def test_of_django_the_latest_of_each_app_is_shown() -> None:
    """That is where the database stands."""
    rows = [
        {"id": "1", "app": "shop", "name": "0001_initial"},
        {"id": "10", "app": "shop", "name": "0003_c"},
        {"id": "9", "app": "shop", "name": "0002_b"},
        {"id": "2", "app": "auth", "name": "0001_initial"},
    ]
    assert keys(read("django", *rows)) == ["auth.0001_initial", "shop.0003_c"]


@pytest.mark.parametrize(
    ("text", "when"),
    [
        ("2024-05-28T21:47:28.5", datetime(2024, 5, 28, 21, 47, 28, 500000, UTC)),
        ("2024-05-28 23:47:28.123456789+02:00", datetime(2024, 5, 28, 21, 47, 28, 123456, UTC)),
        ("1716932848000", datetime(2024, 5, 28, 21, 47, 28, tzinfo=UTC)),
        ("yesterday", None),
        ("", None),
        (None, None),
        ("9" * 30, None),
    ],
)
def test_moments(text: str | None, when: datetime | None) -> None:
    """As tools write them, in UTC; what is none is no trouble."""
    assert moment(text) == when


def test_numbers_and_flags() -> None:
    """Leading zeros and zeros at the end do not count."""
    assert [number(text) for text in ("007", "1.10.0", "1.010")] == ["7", "1.10", "1.10"]
    assert [true(text) for text in ("1", "t", "TRUE", "0", "f", None)] == [True] * 3 + [False] * 3


@pytest.mark.property
@settings(max_examples=20)  # each starts a Python
@given(st.lists(st.binary(max_size=300), min_size=1, max_size=5))
def test_a_hash_is_what_python_makes_of_it(texts: list[bytes]) -> None:
    """CPython hashes bytes by the same function, if told to use no key; -1 and the empty text aside."""
    texts = [text for text in texts if text]
    expected = rust_hash(texts)
    for text, python in zip(texts, expected, strict=True):
        assert siphash13(text) == python or python == 2**64 - 2


def test_refinerys_own_vector() -> None:
    """As its tests have it."""
    text = b"CREATE TABLE cars (\n    id int,\n    name varchar(255)\n);\n"
    assert "8238603820526370208" in refinery_sip("add_cars_table", 2, text)


@pytest.mark.property
@given(st.text(st.sampled_from("ab;'é \t")), st.lists(st.sampled_from(["\n", "\r\n", "\r"])))
def test_flyway_reads_lines(text: str, ends: list[str]) -> None:
    """Line ends and a byte order mark do not count."""
    content = "".join(f"{text}{end}" for end in ends).encode()
    assert flyway_crc(content) == str(line_crc((text * len(ends)).encode()))
    assert flyway_crc(b"\xef\xbb\xbf" + content) == flyway_crc(content)


@pytest.mark.property
@given(st.binary())
def test_every_checkout_begins_with_the_file_as_it_is(content: bytes) -> None:
    """And none differs from it in more than line ends and the mark."""

    def bare(form: bytes) -> bytes:
        return form.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n").replace(b"\r", b"")

    first, *others = checkouts(content)
    assert first == content
    assert all(bare(other) == bare(content) for other in others)


def test_the_version_of_a_baseline_counts_itself() -> None:
    """A file of that very number is applied, the next one is not."""
    files = {"V1__a.sql": "SELECT 1;", "V1.1__b.sql": "SELECT 2;", "V1.2__c.sql": "SELECT 3;"}
    sight = Sight(
        builtin("flyway"),
        ForeignTable("public", "flyway_schema_history", ()),
        read("flyway", flyway(1, "1.1", "BASELINE")),
        tuple(Memory(files, layout="flyway").load()),
        History(),
        Reader("postgresql"),
        LedgerName(),
        None,
    )
    made = make_adoption(sight, Terms())
    assert [adopted.label for adopted in made.versions] == ["1", "1.1"]
    assert [pending.migration.label for pending in made.after.pending] == ["1.2"]
