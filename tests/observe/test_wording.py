"""
Events in words.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from st44_migrate import Memory
from st44_migrate.events import LockAcquired, MigrationRetried, NoticeReceived, RunFailed
from st44_migrate.model import Migration, Statement
from st44_migrate.observe.wording import head, one_line, tell, title

if TYPE_CHECKING:
    from st44_migrate.events import Event

REWARDS = Migration(17, "017", "add_rewards", "m/017_add_rewards.sql", b"", "")


def test_a_good_run_in_words(good_run: list[Event]) -> None:
    """Each step says what, which of how many, and how long."""
    assert [tell(event) for event in good_run] == [
        "2 migrations to apply to postgresql://app@db/shop, 1 applied before",
        "got the lock",
        "015 and 016 are missing. Was a file lost?",
        "applying 017_add_rewards_table (1 of 2), 3 statements",
        "notice: backfilled 12 rows",
        "017_add_rewards_table, statement 1 of 3, done: CREATE TABLE",
        "applied 017_add_rewards_table, 3 statements, 12 ms",
        "applying 018_index_rewards (2 of 2), 1 statement, no transaction",
        "018_index_rewards, statement 1 of 1, line 5: "
        "CREATE INDEX CONCURRENTLY rewards_by_child ON rewards (ch...",
        "018_index_rewards, statement 1 of 1, done: CREATE INDEX",
        "applied 018_index_rewards, 1 statement, 1 min 23 s",
        "done: 2 applied, 1 applied before, latest 018",
    ]


def test_a_failed_run_in_words(failed_run: list[Event]) -> None:
    """The failure names the place, the end of the run what stays and what is left."""
    happened = 'db/migrations/018_index_rewards.sql:5:38: column "child_id" does not exist (42703)'
    assert [tell(event) for event in failed_run[-2:]] == [
        f"failed 018_index_rewards: {happened}",
        f"the run failed: {happened} (1 applied, 1 applied before, 1 still to run, latest 017)",
    ]


@pytest.mark.parametrize(
    ("event", "words"),
    [
        (LockAcquired(61.2), "got the lock after 61 s"),
        (
            MigrationRetried(REWARDS, 2, "lock timeout", 0.25, ("pid 1, idle", "pid 2")),
            "attempt 2 at 017_add_rewards was given up: lock timeout, again in 0.2 s; "
            "in the way: pid 1, idle; pid 2",
        ),
        (NoticeReceived(None, "WARNING", "m", "d", "h"), "warning: m (d) (h)"),
    ],
)
def test_the_rest_in_words(event: Event, words: str) -> None:
    """Waits, retries and notices carry all that is known."""
    assert tell(event) == words


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER ROLE app PASSWORD 'secret'",
        "ALTER ROLE app PASSWORD $$secret$$",
        "ALTER ROLE app PASSWORD E'sec' 'secret'",
    ],
)
def test_a_statement_is_shown_up_to_its_first_literal(sql: str) -> None:
    """A password that a migration sets reaches neither log nor screen."""
    shown = head(Statement(sql, 0, 1, 1))
    assert shown.startswith("ALTER ROLE app PASSWORD")
    assert "sec" not in shown


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a\r\n  b\tc ", "a b c"),
        ("\x1b[31mred\x07", r"\x1b[31mred\x07"),
        ("\u202etxet", r"\u202etxet"),
        ("\udce9\U0001f600ä", "\\udce9\U0001f600ä"),
        ("", ""),
    ],
)
def test_text_is_made_harmless(text: str, line: str) -> None:
    """One line, and nothing in it that a terminal would obey."""
    assert one_line(text) == line


def test_a_run_may_fail_without_a_report(every_event: list[Event]) -> None:
    """Where nothing ran there is nothing to count."""
    event = every_event[-1]
    assert isinstance(event, RunFailed)
    assert tell(event) == "the run failed: no such host"


@pytest.mark.parametrize(
    ("file", "layout", "words"),
    [
        ("017_add_rewards.sql", "plain", "017_add_rewards"),
        ("001_1.sql", "plain", "001_1"),
        ("R__view.sql", "plain", "R__view"),
        ("V1.10__add_rewards.sql", "flyway", "1.10_add_rewards"),
        ("20240101_add_rewards/migration.sql", "prisma", "20240101_add_rewards"),
    ],
)
def test_a_name_is_said_once(file: str, layout: str, words: str) -> None:
    """Also where the layout makes it a part of the version."""
    (migration,) = Memory({file: "SELECT 1;"}, layout=layout).load()
    assert title(migration) == words
