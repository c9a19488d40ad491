"""
`require_current`: no start without the schema, and the reason in words.
"""

from __future__ import annotations

import asyncio
import threading
from typing import Any

import psycopg
import pytest

from health.probing import COLOURS, household
from health.test_probe import gone
from runs.holding import holding
from st44_migrate import DatabaseUnavailable, HealthReport, LedgerError, Memory, SourceError
from st44_migrate.health import DEFAULT, NotCurrent, require_current, require_current_async
from targets import Target

colours = pytest.mark.parametrize("colour", COLOURS)


def require(colour: str, database: object, source: object, **choices: Any) -> HealthReport:
    """
    Require, in either colour.
    """
    if colour == "blocking":
        return require_current(database, source, **choices)  # type: ignore[arg-type]
    return asyncio.run(require_current_async(database, source, **choices))  # type: ignore[arg-type]


@colours
def test_behind_is_refused_and_current_is_not(colour: str, either: Target) -> None:
    """The error says which are missing and how to apply them; the report comes with it."""
    either.apply(household(2))
    with pytest.raises(NotCurrent) as caught:
        require(colour, either.url, household())
    assert str(caught.value).splitlines() == [
        "the database is not what this code expects: Expected 8 migrations, only 2 applied;"
        " missing: 011, 012, 013, 014, 015 and 1 more.",
        "Nothing was changed.",
        "Apply them: st44-migrate up.",
    ]
    assert (caught.value.report.relation, caught.value.exit_code) == ("behind", 3)
    either.apply(household())
    assert require(colour, either.url, household()).status == "healthy"
    either.execute("INSERT INTO schema_migrations (version, name) VALUES ('017', 'newer')")
    assert require(colour, either.url, household()).relation == "ahead"


def test_what_is_refused_is_the_policys_to_say(database: Target) -> None:
    """Everything else that is wrong is told as well."""
    database.apply(household(7))
    assert require_current(database.url, household(), policy=DEFAULT).status == "degraded"
    with pytest.raises(NotCurrent) as caught:
        require_current(database.url, household(), tables=("users", "nothing"))
    assert "also: Missing tables: nothing." in str(caught.value)


@colours
def test_a_deploy_that_is_still_running_is_waited_for(colour: str, database: Target) -> None:
    """With patience; whoever migrates meanwhile is not disturbed."""
    database.apply(household(2))
    deployed = threading.Thread(target=lambda: database.apply(household()))
    with holding(database):
        deployed.start()
        with pytest.raises(NotCurrent, match="being applied"):
            require(colour, database.url, household())
    report = require(colour, database.url, household(), patience=60)
    deployed.join()
    assert (report.relation, report.status) == ("current", "healthy")
    assert gone(database)


@colours
def test_what_cannot_be_known_is_an_error_of_its_own(colour: str, database: Target) -> None:
    """No database, a ledger of another shape, no folder: nobody starts on a guess."""
    with pytest.raises(DatabaseUnavailable):
        require(colour, database.url.replace("st44_", "absent_"), household())
    with pytest.raises(SourceError):
        require(colour, database.url, Memory({}))
    database.execute("CREATE TABLE schema_migrations (version bigint, dirty boolean)")
    with pytest.raises(LedgerError):
        require(colour, database.url, household())


def test_on_a_callers_connection(database: Target) -> None:
    """Which comes back open and as it was."""
    database.apply(household())
    with psycopg.connect(database.url) as conn:
        assert require_current(conn, household()).status == "healthy"
        assert not conn.closed
        assert conn.autocommit is False
