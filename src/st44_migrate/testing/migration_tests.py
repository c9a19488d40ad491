"""
Ready-made tests of a folder: a project has them with one line.

::

    from st44_migrate.testing import MigrationTests

    class TestMigrations(MigrationTests): ...
"""
# ruff: noqa: S101 -- tests assert

from __future__ import annotations

from typing import TYPE_CHECKING

from ..model import Severity
from ..render import render_problem
from .databases import MigratedDatabase, Part

if TYPE_CHECKING:
    from ..model import Settings
    from ..protocols import Source

__all__ = ["MigrationTests"]


class MigrationTests:
    """
    The tests of a folder of migrations, on databases of the plugin's fixtures.

    To be subclassed.  The fixtures say which folder and which server.
    """

    def test_every_file_applies_one_by_one(
        self,
        empty_database: MigratedDatabase,
        migrations_source: Source,
        migrations_settings: Settings,
    ) -> None:
        """
        On an empty database, each file alone, as if each were a deployment.
        """
        for count, migration in enumerate(migrations_source.load(), 1):
            part = Part(migrations_source, count)
            database = MigratedDatabase(empty_database.url, part, migrations_settings)
            applied = [done.path for done in database.migrate().applied]
            assert applied == [migration.path]

    def test_a_second_run_does_nothing(self, migrated_database: MigratedDatabase) -> None:
        """
        After a run, nothing is left to do, and another run does nothing.
        """
        pending = [pending.migration.path for pending in migrated_database.plan().pending]
        assert pending == [], "still pending after a run"
        applied = [done.path for done in migrated_database.migrate().applied]
        assert applied == [], "applied by a second run"

    def test_the_folder_has_no_problems(
        self, empty_database: MigratedDatabase, migrated_database: MigratedDatabase
    ) -> None:
        """
        Nothing to warn of, before a run and after it.

        A note, such as a gap between two numbers, is no problem.
        """
        problems = [
            render_problem(problem)
            for database in (empty_database, migrated_database)
            for problem in database.plan().problems
            if problem.severity is not Severity.NOTE
        ]
        assert not problems, "\n".join(problems)
