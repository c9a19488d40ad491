"""
What a template database is made of, and the name that says so.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import sha256

from .. import __version__
from ..drivers.url import driver_for
from ..errors import ApplyError, ConfigError, DriverError, PlanError, SourceError
from ..model import Settings
from ..protocols import Source
from ..runner import migrate
from ..sqltext import Flaw, split

__all__ = ["FAULTS", "Recipe", "quiet", "run_sql"]

FAULTS = (ApplyError, SourceError, PlanError, ConfigError)
"""What the files are to blame for: cooking again would fail again, and once for each
of a thousand tests."""


@dataclass(frozen=True, slots=True)
class Recipe:
    """
    A folder, how it is applied, and what is put into the tables afterwards.

    Args:
        source: What is applied.

        settings: How; of interest is the ledger's name.

        seed: SQL that every test begins with, run once after the last file.
    """

    source: Source
    settings: Settings = field(default_factory=Settings)
    seed: str = ""

    def digest(self, owner: str = "") -> str:
        """
        Return a hash, in hex, that changes whenever the outcome may.

        Raises:
            SourceError: the folder cannot be read.
        """
        hashed = sha256()
        parts = [__version__, owner, str(self.settings.ledger), self.seed]
        for migration in self.source.load():
            tool = migration.notation.tool if migration.notation is not None else ""
            parts += (migration.label, migration.name, migration.raw_checksum, tool)
        for part in parts:
            data = part.encode("utf-8", "surrogatepass")
            hashed.update(b"%d:%s" % (len(data), data))
        return hashed.hexdigest()

    def cook(self, url: str) -> None:
        """
        Make the empty database at *url* what the recipe says.

        Raises:
            MigrateError: a file fails, or the seed does.
        """
        migrate(url, self.source, settings=self.settings)
        if not self.seed:
            return
        try:
            run_sql(url, self.seed)
        except DriverError as error:
            raise ConfigError(
                f"the seed for tests fails: {error.message}",
                remedy="Correct what the fixture migrations_seed returns.",
            ) from error


def run_sql(url: str, *texts: str) -> None:
    """
    Run statements, each text any number of them, in one transaction.

    Raises:
        DriverError: one failed, and nothing of all is done.
    """
    driver = driver_for(url)
    try:
        statements = [s.text for text in texts for s in split(text, driver.dialect)]
    except Flaw as flaw:
        raise DriverError(flaw.happened, offset=flaw.offset) from flaw
    conn = driver.connect(timeout=10.0, readonly=False, notice=quiet)
    try:
        conn.run(["BEGIN", *statements, "COMMIT"])
    finally:
        conn.close()


def quiet(severity: str, message: str, detail: str | None, hint: str | None) -> None:
    """
    Let the server talk.
    """
    del severity, message, detail, hint
