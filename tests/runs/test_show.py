"""
What is known of one version, and that every text is kept as it was given,
whatever the session makes of backslashes.
"""

from __future__ import annotations

import platform
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from psycopg.conninfo import make_conninfo

from runs.conftest import target_of
from st44_migrate import ApplyError, ConfigError, Memory
from st44_migrate.model import JournalState
from targets import ALL, Target, write

ODD = '-- it\'s 100% \\ "odd" :x ? $1 größer 🎉\nCREATE TABLE one (id integer);\n/* end */'


def test_an_applied_file_is_shown_exactly(
    target: Target, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """
    The SQL as applied, who did it, when and how long it took.
    """
    monkeypatch.setenv("USER", "deployer")
    target.apply(write(folder, {"007_one.sql": ODD}))
    write(folder, {"007_one.sql": "SELECT 'edited';\n"})
    for written in ("7", "007", "00007"):
        record = target.show(folder, written)
        assert record.applied_sql == ODD
        assert record.file is not None
        assert record.file.content == b"SELECT 'edited';\n"
        assert record.entry is not None
        assert (record.entry.version, record.entry.label, record.entry.name) == (7, "007", "one")
        assert record.entry.applied_at is not None
        assert record.entry.journal == record.journal
        assert record.journal is not None
        assert record.journal.state is JournalState.APPLIED
        assert (record.journal.total, record.journal.done) == (1, 1)
        assert record.journal.duration_ms is not None
        assert record.journal.reason is None
        assert record.applied_by == f"deployer@{platform.node()}"


def test_a_row_from_elsewhere_has_no_story(target: Target, folder: Path) -> None:
    """
    Nobody knows what was run, and nothing is made up.
    """
    target.apply(write(folder, {"001_one.sql": "SELECT 1;\n"}))
    target.execute("INSERT INTO schema_migrations (version, name) VALUES ('2', 'theirs')")
    record = target.show(folder, "002")
    assert record.entry is not None
    assert (record.entry.label, record.entry.name) == ("2", "theirs")
    assert (record.journal, record.applied_sql, record.applied_by) == (None, None, None)
    assert record.file is None


def test_a_pending_file_is_shown_as_a_file(target: Target, folder: Path) -> None:
    """
    Also where there is no ledger yet, which looking does not change.
    """
    target.execute("CREATE TABLE theirs (id integer)")
    write(folder, {"001_one.sql": "SELECT 1;\n"})
    record = target.show(folder, "1")
    assert (record.entry, record.journal, record.applied_sql) == (None, None, None)
    assert record.file is not None
    assert record.file.label == "001"
    assert target.tables() == {"theirs"}


def test_a_failed_file_is_shown_with_its_error(target: Target, folder: Path) -> None:
    """
    What the last attempt ran into is there for who comes later.
    """
    write(folder, {"001_one.sql": "CREATE TABLE one (id integer);\nSELECT nothing FROM one;\n"})
    with pytest.raises(ApplyError):
        target.apply(folder)
    record = target.show(folder, "001")
    assert record.entry is None
    assert record.journal is not None
    assert record.journal.state is JournalState.FAILED
    assert "nothing" in (record.journal.error or "")
    assert record.applied_sql is None


def test_a_version_that_nobody_knows_is_an_error(target: Target, folder: Path) -> None:
    """
    Neither in the folder nor in the ledger.
    """
    target.apply(write(folder, {"001_one.sql": "SELECT 1;\n"}))
    with pytest.raises(ConfigError, match="there is no version 5"):
        target.show(folder, "5")


# --- every text is kept -------------------------------------------------------

# Whatever a person may write: all but NUL, which no database takes, and halves of
# characters, which are none.
TEXTS = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), min_size=1)
NAMES = st.text(
    st.characters(exclude_characters="/", exclude_categories=["C", "Z"]), min_size=1, max_size=60
).filter(lambda name: "." not in name)
TRICKY = "it's \\' 100% %s \\\\ \"q\" $$ $1 :x\n\r\n\t;-- /* größer 🎉\u2028"


@pytest.fixture(params=[*ALL, "without standard strings"])
def keeper(request: pytest.FixtureRequest) -> Iterator[Target]:
    """
    Give one database for all examples, also one that reads backslashes in its own way.
    """
    if request.param in ALL:
        yield target_of(request.param, request)
        return
    url = request.getfixturevalue("pg_url")
    yield Target("psycopg", make_conninfo(url, options="-c standard_conforming_strings=off"))


def test_reasons_names_and_texts_are_kept_exactly(keeper: Target) -> None:
    """
    Quotes, backslashes, percent signs, line ends and every alphabet.
    """

    # Each example opens four sessions, which a server takes its time for.
    @settings(max_examples=settings().max_examples // (2 if keeper.is_postgres else 1))
    @given(reason=TEXTS, name=NAMES, comment=TEXTS)
    @example(reason=TRICKY, name='it\'s\\_"100%"_größer', comment=TRICKY)
    def keeps(reason: str, name: str, comment: str) -> None:
        inside = comment.replace("*", "").replace("/", "").replace("\r", "")
        sql = f"/*{inside}*/ SELECT 1;\n-- \\ '"
        source = Memory({f"1_{name}.sql": sql})
        keeper.mark(source, "1", reason)
        record = keeper.show(source, "1")
        assert record.entry is not None
        assert record.journal is not None
        assert (record.journal.reason, record.entry.name) == (reason, name)
        assert record.applied_sql == sql
        assert keeper.plan(source).problems == ()
        keeper.execute("DELETE FROM schema_migrations", "DELETE FROM schema_migrations_journal")

    keeps()
