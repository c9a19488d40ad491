"""
Which folders were applied, and how long it took: noted by the tests.

``ST44_WRITE_CORPORA=1 pytest tests/corpora`` writes them to ``docs/corpora.md``.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import astuple, dataclass, field

__all__ = ["HEAD", "Trial", "Trials"]

HEAD = """\
# Real folders

The migrations of public projects, each applied to an empty database as the project
has them, through its [layout](layouts.md), blocking and async. The schema in the
end is the one that psql or the sqlite3 shell makes of the same files. A second run
applies nothing, and a file more is applied alone.

Written by the tests in `tests/corpora/`, with `ST44_WRITE_CORPORA=1`. The times are
those of one core of a small machine, the server's work included.

"""

_COLORS = {"psycopg": 0, "sqlite3": 0, "psycopg-async": 1, "aiosqlite": 1}


@dataclass(frozen=True)
class Trial:
    """
    A folder applied whole, with a driver, in so many seconds.
    """

    corpus: str
    layout: str
    server: str
    files: int
    statements: int
    driver: str
    seconds: float


@dataclass
class Trials:
    """
    All that were made in a test run.
    """

    made: list[Trial] = field(default_factory=list)

    def plain(self) -> list[Sequence[object]]:
        """
        Give them as what can be sent to another process.
        """
        return [astuple(trial) for trial in self.made]

    def add_plain(self, trials: Iterable[Sequence[object]]) -> None:
        """
        Add those of another process.
        """
        self.made += [Trial(*trial) for trial in trials]  # type: ignore[arg-type]

    def table(self) -> str:
        """
        Write a table with a row for each folder.
        """
        lines = [
            "| folder | layout | database | files | statements | blocking | async |",
            "|---|---|---|--:|--:|--:|--:|",
        ]
        for name in sorted({trial.corpus for trial in self.made}):
            of = [trial for trial in self.made if trial.corpus == name]
            took = {_COLORS[trial.driver]: f"{trial.seconds:.2f} s" for trial in of}
            cells = [name, of[0].layout, of[0].server, of[0].files, of[0].statements]
            lines.append(f"| {' | '.join(map(str, [*cells, took.get(0, ''), took.get(1, '')]))} |")
        return "\n".join(lines) + "\n"
