"""
A state machine for hypothesis: what people and machines do to runners.

Subclass `RunnerMachine`, choose a rehearsal, and give its ``TestCase`` to
pytest::

    class PooledMachine(RunnerMachine):
        rehearsal = Rehearsal(files=(), runners=0, pooled=True)

    TestPooled = PooledMachine.TestCase
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import ClassVar

from hypothesis import note
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from .. import _settle
from .actors import Actor, Fault
from .oracle import contradictions
from .rehearsal import Rehearsal
from .samples import SampleFile, sample_file
from .stage import Stage
from .verdict import of_a_plain_run, of_the_endings

__all__ = ["RunnerMachine"]

_ANYBODY = st.integers(0, 5)
_AT_ONCE = 3
_FILES = 5


class RunnerMachine(RuleBasedStateMachine):
    """
    Runners come, work, and are interrupted; files come, and are corrected.

    Args:
        rehearsal: How runners and their database are made.

        kinds: What files there are; see `sample_folder`.
    """

    rehearsal: ClassVar[Rehearsal] = Rehearsal(files=(), runners=0, history=None)
    kinds: ClassVar[tuple[str, ...]] = (
        "tables",
        "defines",
        "index",
        "database",
        "broken",
        "half-broken",
    )

    def __init__(self) -> None:
        super().__init__()
        self.stage = Stage(self.rehearsal)

    @property
    def files(self) -> tuple[SampleFile, ...]:
        """
        The folder as it is now.
        """
        return self.stage.rehearsal.files

    @files.setter
    def files(self, files: tuple[SampleFile, ...]) -> None:
        self.stage.rehearsal = replace(self.stage.rehearsal, files=files)

    # --- what people do ---

    @initialize(data=st.data())
    def begin(self, data: st.DataObject) -> None:
        """
        Write the first file, and start two runners.
        """
        self.write_file(data=data)
        self.start()
        self.start()

    @precondition(lambda self: len(self.files) < _FILES)
    @rule(data=st.data())
    def write_file(self, data: st.DataObject) -> None:
        """
        Add a file to the end of the folder.
        """
        file = sample_file(len(self.files) + 1, data.draw(st.sampled_from(self.kinds)))
        note(f"{file.name}: {file.text}")
        self.files = (*self.files, file)

    @precondition(lambda self: any(file.broken for file in self.files))
    @rule()
    def fix_bad_file(self) -> None:
        """
        Correct what cannot run.
        """
        self.files = tuple(file.fixed() for file in self.files)

    @precondition(lambda self: len(self._alive()) < _AT_ONCE)
    @rule()
    def start(self) -> None:
        """
        Deploy: a runner starts with the folder as it is now.
        """
        name = f"runner {len(self.stage.actors) + 1}"
        self.stage.actors.append(self.stage.rehearsal.runner(name, self.stage.database))

    @precondition(lambda self: not self._alive() and self._doubtful())
    @rule()
    def settle_doubt(self) -> None:
        """
        Look what a statement did that nobody saw end, and say it.

        An index needs nobody: it can be seen, and the next run looks for it.
        """
        file = self._doubtful()[0]
        there = set(file.effects) <= set(self.stage.database.effects)
        verb = _settle.mark if there else _settle.repair
        note(f"{file.name} is settled: {verb.__name__}")
        self.stage.rehearsal.settle(self.stage.database, verb, file.version)

    # --- what happens ---

    @precondition(lambda self: self.stage.ready())
    @rule(who=_ANYBODY, times=st.integers(1, 30))
    def step(self, who: int, times: int) -> None:
        """
        Let a runner make some calls.
        """
        for _ in range(times):
            ready = self.stage.ready()
            if ready:
                self._move(ready[who % len(ready)], None)

    @precondition(lambda self: self._possible(Fault.KILL))
    @rule(who=_ANYBODY)
    def kill(self, who: int) -> None:
        """
        Kill a runner's process.
        """
        self._befall(Fault.KILL, who)

    @precondition(lambda self: self._possible(Fault.ABANDON))
    @rule(who=_ANYBODY)
    def abandon(self, who: int) -> None:
        """
        Kill a runner's process while its server is at work.
        """
        self._befall(Fault.ABANDON, who)

    @precondition(lambda self: self._possible(Fault.LOSE))
    @rule(who=_ANYBODY)
    def terminate_session(self, who: int) -> None:
        """
        End a runner's session from the server's side.
        """
        self._befall(Fault.LOSE, who)

    @precondition(lambda self: self._possible(Fault.CUT))
    @rule(who=_ANYBODY)
    def cut_connection(self, who: int) -> None:
        """
        Cut the network between a runner and its server.
        """
        self._befall(Fault.CUT, who)

    @precondition(lambda self: self._possible(Fault.CANCEL))
    @rule(who=_ANYBODY)
    def cancel(self, who: int) -> None:
        """
        Cancel a runner's task.
        """
        self._befall(Fault.CANCEL, who)

    @precondition(lambda self: self._possible(Fault.FAIL))
    @rule(who=_ANYBODY, fault=st.sampled_from([Fault.FAIL, Fault.BUSY]))
    def fail_statement(self, who: int, fault: Fault) -> None:
        """
        Let a runner's next statement fail.
        """
        self._befall(fault, who)

    # --- what is true all the time ---

    @invariant()
    def no_script_runs_twice_and_the_ledger_never_lies(self) -> None:
        """
        Files, effects, ledger and journal agree.
        """
        self._expect_nothing(contradictions(self.stage.database, self.files))

    @invariant()
    def the_dead_hold_nothing(self) -> None:
        """
        A lock goes with its session.
        """
        store = self.stage.database.store
        holders = {*store.rows.values(), *store.sessions.values(), *store.transactions.values()}
        dead = (pid for pid in holders if self.stage.database.session(pid).ended)
        self._expect_nothing(f"session {pid} has ended and holds a lock" for pid in dead)

    @invariant()
    def the_lock_is_free_when_nobody_lives(self) -> None:
        """
        Nothing is held, and nobody says what is not so.
        """
        if not self._alive():
            self._expect_nothing(of_the_endings(self.stage))

    def teardown(self) -> None:
        """
        Let everybody end; a plain run then finishes, or says what is in doubt.
        """
        try:
            while ready := self.stage.ready():
                self._move(ready[0], None)
            self._expect_nothing(f"{a.name} waits for ever: {a.at}" for a in self._alive())
            self._expect_nothing(contradictions(self.stage.database, self.files))
            self._expect_nothing(of_the_endings(self.stage))
            self._expect_nothing(of_a_plain_run(self.stage))
        finally:
            self.stage.close()

    # --- parts ---

    def _alive(self) -> list[Actor]:
        return [actor for actor in self.stage.actors if not actor.stepper.done]

    def _doubtful(self) -> list[SampleFile]:
        journal = self.stage.database.rows("schema_migrations_journal")
        doubtful = {int(key) for key, row in journal.items() if row.get("in_doubt")}
        return [f for f in self.files if f.version in doubtful and not _builds_index(f)]

    def _possible(self, fault: Fault) -> list[int]:
        return [i for i, actor in enumerate(self.stage.actors) if actor.can_suffer(fault)]

    def _befall(self, fault: Fault, who: int) -> None:
        possible = self._possible(fault)
        self._move(possible[who % len(possible)], fault)

    def _move(self, actor: int, fault: Fault | None) -> None:
        if fault is not None:
            note(
                f"{self.stage.actors[actor].name} at {self.stage.actors[actor].at!r}: {fault.value}"
            )
        self.stage.make((actor, fault))

    @staticmethod
    def _expect_nothing(sentences: Iterable[str]) -> None:
        wrong = list(sentences)
        if wrong:
            raise AssertionError("; ".join(wrong))


def _builds_index(file: SampleFile) -> bool:
    return any("INDEX" in statement for statement in file.statements)
