"""
A layout as a table: how files are called, how they are written, in what order they run.

Most tools differ in a few facts only, and a `FileLayout` is those facts.  What is
done with them is the same for all: every name is a migration, something that is
known and left alone, or a mistake, and a mistake stops everything.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from hashlib import sha256
from typing import TYPE_CHECKING, NamedTuple

from st44_migrate.errors import ConfigError
from st44_migrate.model import Header, LongVersion, Migration, Notation, read_version

from .listing import misnamed, nothing, printable
from .naming import Misnamed, Name, Names, read_integer
from .programs import instead, refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from st44_migrate.protocols import Tree

__all__ = ["Aside", "FileLayout", "Writing", "integer", "whole"]

_NEVER = re.compile(r"(?!)")
_NEAR = re.compile(r"(?:.*/)?[VvUu]?[0-9][^/]*\.sql\s*", re.IGNORECASE)
_BACK = re.compile(r".*\.(?:down|undo|rollback|revert)\.sql", re.IGNORECASE | re.DOTALL)
_HIDDEN = re.compile(r"(?:.*/)?\.[^/]*(?:/.*)?", re.DOTALL)


class Aside(NamedTuple):
    """
    What a file beside a migration says of it; *fills*: placeholders are filled in.
    """

    header: Header = Header()
    fills: bool = True


class Writing(NamedTuple):
    r"""
    How a new migration is written.

    Args:
        file: Its file, ``"{version}_{name}.sql"``.

        text: What is in it, ``"-- +goose Up\n{sql}"``.

        stamp: How the time becomes a version, for `datetime.strftime`; empty: the
            tool counts.
    """

    file: str = "{version}_{name}.sql"
    text: str = "{sql}"
    stamp: str = ""


_PLAINLY = Writing()


def integer(found: re.Match[str]) -> Name | None:
    """
    Read a name whose version is an integer: its groups are *version* and *name*.
    """
    version = read_integer(found["version"])
    if version is None:
        return None
    return Name(found.string, version, found["version"], found["name"], key=str(version))


def whole(found: re.Match[str]) -> Name | None:
    """
    Read a name that is the version, as a whole: its groups are *version* and *name*.
    """
    version = read_version(found["version"])
    if isinstance(version, int):  # "0001" alone is a name too, in such a folder
        version = LongVersion((version,))
    if version is None:
        return None
    return Name(found.string, version, found["version"], found["name"])


@dataclass(frozen=True, slots=True, kw_only=True)
class FileLayout:
    """
    A `protocols.Layout` that is told by facts.

    All patterns are matched against a whole path, ``"v2/001_a.sql"``.

    Args:
        name: What people call it.

        rule: How a migration is called, in a sentence without its end.

        pattern: A migration.

        read: From a match of *pattern* to what the name says; None: it is a mistake.

        near: What is taken for a mistake if it is nothing else.

        passed: What the tool knows and this library leaves alone: the way back.

        code: Migrations that are programs.

        refused: What the tool would run and this library does not: a pattern, what
            to say behind the path, and what to do.

        notation: What its files have beside SQL.

        depth: How many levels of sub-folders hold migrations.

        inner: The file that holds the SQL, where a migration is a folder.

        arrange: Puts migrations into the order of the tool, where that is not the
            order of their versions.

        aside: Reads what stands beside a migration.

        includes: Finds the values of placeholders that stand for other files.

        writing: How a new migration is written.

        sort: Sorts out names, where patterns do not suffice.

        telling: Whether names of this form are hardly anybody else's.

        signs: Files that come with it and that no other tool has.

        trace: What is written in its files, and hardly in anybody else's.
    """

    name: str
    rule: str
    pattern: re.Pattern[str]
    read: Callable[[re.Match[str]], Name | None] = integer
    near: re.Pattern[str] = _NEAR
    passed: re.Pattern[str] = _NEVER
    code: re.Pattern[str] = _NEVER
    refused: tuple[tuple[re.Pattern[str], str, str], ...] = ()
    notation: Notation | None = None
    depth: int = 0
    inner: str = ""
    arrange: Callable[[Sequence[Migration]], Iterable[Migration]] | None = None
    aside: Callable[[Tree, str], Aside] | None = None
    includes: Callable[[Tree, str, Mapping[str, str]], Mapping[str, str]] | None = None
    writing: Writing = _PLAINLY
    sort: Callable[[Iterable[str]], Names] | None = None
    telling: bool = False
    signs: re.Pattern[str] = _NEVER
    trace: re.Pattern[str] = _NEVER

    def migrations(
        self, tree: Tree, values: Mapping[str, str], /, *, hint: str = ""
    ) -> Sequence[Migration]:
        """
        See `protocols.Layout`.
        """
        self._refuse_idle(tree, values)
        names = self.names(tree.files, values)
        wrong = [*names.wrong, *self._hollow(tree)]
        if wrong:
            raise misnamed(tree, wrong, self._whole_rule("what is not one belongs"), hint)
        if not names.migrations:
            raise nothing(tree, names.ignored, self._whole_rule(""), hint)
        return self.made(tree, names, values)

    def made(self, tree: Tree, names: Names, values: Mapping[str, str]) -> Sequence[Migration]:
        """
        Make the migrations that have *names*, in order, whatever else is there.
        """
        made = [self._make(tree, name, values) for name in names.migrations]
        return made if self.arrange is None else _ranked(made, list(self.arrange(made)))

    def _refuse_idle(self, tree: Tree, values: Mapping[str, str]) -> None:
        """
        Refuse values that nothing asks for: somebody counts on their effect.
        """
        if self.notation is not None and self.notation.placeholder is not None:
            return
        idle = [name for name in values if not (tree.has(name) and self.code.fullmatch(name))]
        if idle:
            raise ConfigError(
                f"the layout {self.name} has no placeholders, so nothing is filled in with"
                f" {printable(idle[0])}",
                unchanged="Nothing was run.",
                remedy="Leave that value out; or is it a folder of another tool?"
                " st44-migrate detect says whose.",
            )

    def names(self, files: Iterable[str], values: Mapping[str, str]) -> Names:
        """
        Sort out the names of files.  A program counts if *values* has SQL for it.
        """
        if self.sort is not None:
            return self.sort(files)
        migrations: list[Name] = []
        wrong: list[Misnamed] = []
        ignored: list[str] = []
        for file in files:
            found = self._judge(file, values)
            if isinstance(found, Name):
                migrations.append(found)
            elif found is not None:
                wrong.append(found)
            else:
                ignored.append(file)
        migrations.sort(key=lambda name: (name.repeatable, name.version, name.file))
        wrong.sort(key=lambda name: name.file)
        return Names(tuple(migrations), tuple(wrong), tuple(sorted(ignored)))

    def _judge(self, file: str, values: Mapping[str, str]) -> Name | Misnamed | None:
        if _HIDDEN.fullmatch(file) or self.passed.fullmatch(file):
            return None
        for pattern, reason, remedy in self.refused:
            if pattern.fullmatch(file):
                return Misnamed(file, None, reason, remedy)
        if _BACK.fullmatch(file) and not (self.notation and self.notation.sections):
            return Misnamed(file, None)
        program = self.code.fullmatch(file)
        if program and file not in values:
            return Misnamed(file, None, *refusal(self.name, file))
        found = program or self.pattern.fullmatch(file)
        name = self.read(found) if found and file.isprintable() else None
        if name is None and (found or self.near.fullmatch(file)):
            return Misnamed(file, None, f"is not called as {self.name} calls a migration.")
        return name

    def _hollow(self, tree: Tree) -> Iterable[Misnamed]:
        """
        Find the folders that look like a migration and hold none.
        """
        if not self.inner:
            return
        for folder in tree.folders:
            if folder[:1].isdigit() and not tree.has(f"{folder}/{self.inner}"):
                remedy = "Restore it from version control, or remove the folder."
                yield Misnamed(folder, None, f"has no {self.inner} in it.", remedy)

    def _whole_rule(self, others: str) -> str:
        if self.depth:
            return f"{self.rule}."
        aside = f"{others} in a sub-folder, which is" if others else "sub-folders are"
        return f"{self.rule}; {aside} never entered."

    def _make(self, tree: Tree, name: Name, values: Mapping[str, str]) -> Migration:
        sql = values.get(name.file) if self.code.fullmatch(name.file) else None
        content = tree.read(name.file) if sql is None else instead(name.file, sql)
        aside = self.aside(tree, name.file) if self.aside else Aside()
        used = tuple(sorted(self._used(tree, content, values).items())) if aside.fills else ()
        digest = sha256(content)
        for item in used:
            digest.update(repr(item).encode("utf-8", "surrogatepass"))
        notation = self.notation
        if notation is not None and notation.placeholder and not aside.fills:
            notation = notation._replace(placeholder=None)
        if notation is not None and sql is not None:
            # What a person says in its place is SQL, with the tool's markers or without.
            notation = notation._replace(sections=False)
        return Migration(
            version=name.version,
            label=name.label,
            name=name.name,
            path=tree.path(name.file),
            content=content,
            raw_checksum=digest.hexdigest(),
            repeatable=name.repeatable,
            baseline=name.baseline,
            key=name.key if name.key != name.label else "",
            notation=notation,
            values=used,
            header=aside.header._replace(late=True) if name.late else aside.header,
        )

    def _used(self, tree: Tree, content: bytes, values: Mapping[str, str]) -> dict[str, str]:
        """
        Find what the placeholders of a file stand for.
        """
        placeholder = self.notation.placeholder if self.notation else None
        if placeholder is None or not (values or self.includes):
            return {}
        text = content.decode("utf-8", "replace")
        if self.includes:
            values = {**values, **self.includes(tree, text, values)}
        wanted = {found["name"] for found in placeholder.pattern.finditer(text)}
        return {name: value for name, value in values.items() if name in wanted}


def _ranked(made: Sequence[Migration], ordered: Sequence[Migration]) -> Sequence[Migration]:
    """
    Note the order of the tool, if it is not that of the versions anyway.
    """
    if list(made) == list(ordered):
        return made
    return [replace(migration, rank=rank) for rank, migration in enumerate(ordered, 1)]
