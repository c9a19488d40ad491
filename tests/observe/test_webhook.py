"""
Runs that tell Slack, Discord and programs how they ended, over a real connection.
"""

from __future__ import annotations

import logging
import subprocess
import sys
from typing import TYPE_CHECKING, Any

import pytest

from observe.conftest import INDEX, REWARDS, USERS, report
from observe.receiver import receiver
from st44_migrate import ApplyError, ConfigError, Memory, migrate
from st44_migrate.events import RunFinished
from st44_migrate.observe import tee
from st44_migrate.observe.messages import FORMS, Message
from st44_migrate.observe.posting import Post
from st44_migrate.observe.webhook import WebhookObserver
from targets import until

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from st44_migrate.events import Event

FAILED = [
    'db/migrations/018_index_rewards.sql:5:38: column "child_id" does not exist (42703)',
    "1 migration applied, 1 still to run, latest 017.",
    "017 stays applied.",
    "Correct the file and run again: 100% of 018 is undone.",
]


def told(events: Sequence[Event], **choices: Any) -> list[Any]:
    """
    Let a webhook see *events*, and list the bodies that arrived.
    """
    with receiver() as server:
        with WebhookObserver(server.url, **choices) as observer:
            for event in events:
                observer(event)
        return server.bodies


def test_a_failure_is_told_once(failed_run: list[Event]) -> None:
    """The file's failure and the run's are one message."""
    assert len(told(failed_run)) == 1


def test_slack_is_told_what_failed(failed_run: list[Event]) -> None:
    """A headline, and in red what happened, what stays and what to do; no line of the file."""
    (body,) = told(failed_run, form="slack", title="shop")
    text = "\n".join(FAILED)
    assert body == {
        "text": "*shop: the migrations failed*",
        "attachments": [{"color": "#d1242f", "text": text, "mrkdwn_in": []}],
    }


def test_discord_is_told_what_failed(failed_run: list[Event]) -> None:
    """The same as an embed; a file's name is not set in italics, and nobody is mentioned."""
    (body,) = told(failed_run, form="discord", title="shop")
    (embed,) = body["embeds"]
    assert embed["title"] == "shop: the migrations failed"
    assert embed["description"].replace("\\", "").splitlines() == FAILED
    assert "018\\_index\\_rewards" in embed["description"]
    assert embed["color"] == 0xD1242F
    assert body["allowed_mentions"] == {"parse": []}


def test_a_program_is_told_what_failed(failed_run: list[Event]) -> None:
    """The document of the command, without the statement and the values that a detail quotes."""
    (body,) = told(failed_run, title="shop")
    assert body.pop("text") == "\n".join(["shop: the migrations failed", *FAILED])
    error = body.pop("error")
    assert body == {
        "title": "shop",
        "status": "failed",
        "applied": [
            {"version": "017", "name": "add_rewards_table", "statements": 3, "duration_ms": 12}
        ],
        "latest": "017",
        "count": 2,
    }
    assert (error["code"], error["sqlstate"], error["line"]) == ("apply", "42703", 5)
    assert (error["statement"], error["detail"]) == (None, None)


def test_success_is_told(good_run: list[Event]) -> None:
    """How many, up to where, and which."""
    (body,) = told(good_run, form="slack")
    assert body["text"] == "*2 migrations applied, latest 018*"
    (lines,) = body["attachments"]
    assert lines["text"] == "017_add_rewards_table, 12 ms\n018_index_rewards, 12 ms"


def test_a_long_list_is_cut() -> None:
    """The first deployment of a grown folder does not fill the channel."""
    many = [USERS, REWARDS, INDEX] * 10
    (body,) = told([RunFinished(report(*many))], form="slack")
    lines = body["attachments"][0]["text"].splitlines()
    assert (len(lines), lines[-1]) == (11, "and 20 more")


def test_nothing_to_do_is_told_only_when_asked() -> None:
    """Every start of every worker is such a run."""
    nothing = [RunFinished(report())]
    assert told(nothing) == []
    (body,) = told(nothing, on=["current"])
    assert body["text"] == "the database is up to date, latest 001"


def test_only_failures_if_asked(good_run: list[Event], failed_run: list[Event]) -> None:
    """One word does as a list of one."""
    (body,) = told([*good_run, *failed_run], on="failed")
    assert body["status"] == "failed"


@pytest.mark.parametrize("form", FORMS)
def test_every_event_can_be_told(form: str, every_event: list[Event]) -> None:
    """Whatever the texts hold, the body is JSON, of one line a part, and mentions nobody."""
    bodies = told(every_event, form=form, title="<!channel>", on=["failed", "applied", "current"])
    assert len(bodies) == 3
    if form == "slack":
        assert "<" not in "".join(map(str, bodies))


def test_a_form_of_ones_own(failed_run: list[Event]) -> None:
    """Any function from message and title to a body will do."""

    def teams(message: Message, title: str) -> dict[str, Any]:
        return {"summary": f"{title}/{message.status}/{message.headline}"}

    assert told(failed_run, form=teams, title="shop") == [
        {"summary": "shop/failed/the migrations failed"}
    ]


@pytest.mark.parametrize(
    ("url", "form"),
    [
        ("https://hooks.slack.com/services/T0/B0/x", "slack"),
        ("https://discord.com/api/webhooks/1/x", "discord"),
        ("https://ptb.discord.com/api/webhooks/1/x", "discord"),
        ("https://discordapp.com/api/webhooks/1/x", "discord"),
        ("https://notslack.com/x", "json"),
        ("https://slack.com.example.org/x", "json"),
        ("http://10.0.0.7:8080/hook", "json"),
    ],
)
def test_the_host_tells_the_form(url: str, form: str) -> None:
    """Who pastes a URL need not say whose it is."""
    assert WebhookObserver(url)._form is FORMS[form]


def test_a_form_that_is_none_is_refused() -> None:
    """A misspelt choice would be a webhook that never tells."""
    with pytest.raises(ConfigError, match="'teams' is no form of a webhook\nKnown: slack, discord"):
        WebhookObserver("https://example.org/", form="teams")
    with pytest.raises(ConfigError, match="a run does not end as 'failure'"):
        WebhookObserver("https://example.org/", on=["failure"])


def test_a_run_does_not_wait(failed_run: list[Event], good_run: list[Event]) -> None:
    """While the server keeps the first message waiting, the run goes on; order is kept."""
    with receiver() as server:
        server.gate.clear()
        observer = WebhookObserver(server.url)
        for event in [*failed_run, *good_run]:
            observer(event)
        until(lambda: server.requests)
        assert [body["status"] for body in server.bodies] == ["failed"]
        server.gate.set()
        observer.close()
        assert [body["status"] for body in server.bodies] == ["failed", "applied"]


def test_a_run_waits_where_it_is_asked_to(failed_run: list[Event]) -> None:
    """Without the background, the message is there when the call returns."""
    with receiver() as server:
        observer = WebhookObserver(server.url, background=False)
        for event in failed_run:
            observer(event)
        assert len(server.bodies) == 1


def test_closing_is_for_anybody_any_time() -> None:
    """Without a message there is nothing to wait for."""
    observer = WebhookObserver("https://example.org/")
    observer.close()
    observer.close()


def test_a_program_ends_when_it_is_told(tmp_path: Path) -> None:
    """A deployment's script that ends in an error at once has told it all the same."""
    script = """
import sys
from st44_migrate import Memory, migrate
from st44_migrate.observe.webhook import WebhookObserver
migrate("sqlite:///bad.db", Memory({"001_bad.sql": "SELECT nothing;"}),
        observer=WebhookObserver(sys.argv[1]))
"""
    with receiver(500) as server:
        done = subprocess.run(
            [sys.executable, "-W", "error", "-c", script, server.url],
            check=False,
            cwd=tmp_path,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 1
        assert "S3CR3T" not in done.stderr
        assert [body["status"] for body in server.bodies] == ["failed", "failed"]
        assert "001_bad.sql:1:8" in server.bodies[0]["text"]


def test_a_real_run_tells(sqlite_path: Path) -> None:
    """Applied, then failed: as the engine tells it, beside another observer."""
    events: list[Event] = []
    with receiver() as server, WebhookObserver(server.url) as webhook:
        observer = tee(events.append, webhook)
        good = {"001_a.sql": "CREATE TABLE a (id int);"}
        url = f"sqlite:///{sqlite_path}"
        migrate(url, Memory(good), observer=observer)
        migrate(url, Memory(good), observer=observer)
        with pytest.raises(ApplyError):
            migrate(url, Memory({**good, "002_b.sql": "SELECT nothing;"}), observer=observer)
        webhook.close()
        statuses = [body["status"] for body in server.bodies]
    assert statuses == ["applied", "failed"]


def test_a_webhook_that_is_gone_hurts_nobody(
    failed_run: list[Event], caplog: pytest.LogCaptureFixture
) -> None:
    """The run is told nothing of it, the log why, and nobody the address."""
    with (
        receiver(404) as server,
        WebhookObserver(server.url, post=Post(attempts=1)) as observer,
    ):
        for event in failed_run:
            observer(event)
    (record,) = caplog.records
    assert (record.name, record.levelno) == ("st44_migrate", logging.WARNING)
    assert record.getMessage() == (
        "the webhook did not take a message: it answered 404, given up at once"
    )
    assert "S3CR3T" not in f"{record.__dict__}{observer!r}"
