"""
Laws of layouts: what somebody means is what is read, whoever's folder it is written in.
"""

from __future__ import annotations

import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dressing import DRESSES, Dressed, dress
from st44_migrate import Folder, Memory, Migration
from st44_migrate.errors import SourceError
from st44_migrate.source.layouts import BUILT_IN, builtin
from st44_migrate.source.recognition import examine
from st44_migrate.sqltext import read_script

pytestmark = pytest.mark.property

PROFILE = settings.default
assert PROFILE is not None

# Each law is checked for every layout, so that each needs a share of the cases only.
SHARE = settings(max_examples=PROFILE.max_examples // 6)

# Every tool's marker, at the beginning of a line, where it is not one.
_MARKERS = (
    *("-- +goose Down", "-- +migrate Down", "-- migrate:down", "-- Down Migration"),
    *("---- create above / drop below ----", "-- +goose Up", "-- migrate:up", "-- depends: x"),
)
quoted = st.sampled_from(_MARKERS).flatmap(
    lambda marker: st.sampled_from(
        [
            f"SELECT '\n{marker}\n'",
            f"DO $x$\n{marker}\nBEGIN NULL; END $x$",
            f"SELECT 1 /*\n{marker}\n*/ + 1",
            f'SELECT 1 AS "\n{marker}\n"',
        ]
    )
)
simple = st.sampled_from(
    ["SELECT 1", "CREATE TABLE t (i int)", "SELECT 'ä''s', $$;$$", "VALUES (2)"]
)
titles = st.text("abc", min_size=1, max_size=5)
migrations = st.lists(
    st.builds(
        Dressed,
        st.integers(1, 99),
        titles,
        st.lists(simple | quoted, min_size=1, max_size=4).map(tuple),
        st.booleans(),
    ),
    min_size=1,
    max_size=4,
    unique_by=lambda one: one.number,
).map(lambda found: sorted(found, key=lambda one: one.number))


def meaning(migration: Migration) -> tuple[str, list[str], bool]:
    script = read_script(migration, "postgresql")
    return migration.name, [s.text for s in script.statements], script.transactional


def told(layout: str, one: Dressed) -> tuple[str, list[str], bool]:
    """
    What should be read; yoyo has more in its names.
    """
    title = f"01_{one.title}" if layout == "yoyo" else one.title
    return title, list(one.statements), not one.alone


def test_every_layout_can_be_written() -> None:
    """No layout escapes the laws below."""
    assert set(DRESSES) == set(BUILT_IN)


@pytest.mark.parametrize("layout", BUILT_IN)
@SHARE
@given(folder=migrations)
def test_what_is_written_is_read(layout: str, folder: list[Dressed]) -> None:
    """The same migrations, in order, statement by statement, and nothing of the way back."""
    loaded = Memory(dress(layout, folder), layout=layout).load()
    assert [meaning(m) for m in loaded] == [told(layout, one) for one in folder]
    versions = [migration.version for migration in loaded]
    assert versions == sorted(set(versions))


@pytest.mark.parametrize("layout", BUILT_IN)
@SHARE
@given(folder=migrations)
def test_a_statement_is_found_at_its_place(layout: str, folder: list[Dressed]) -> None:
    """In the file as it is, whatever is left out of it."""
    files = dress(layout, folder)
    for migration in Memory(files, layout=layout).load():
        lines = files[migration.path].split("\n")
        for statement in read_script(migration, "postgresql").statements:
            first = statement.text.split("\n")[0]
            assert lines[statement.line - 1][statement.column - 1 :].startswith(first)


@pytest.mark.parametrize("layout", BUILT_IN)
@SHARE
@given(folder=migrations)
def test_the_meaning_has_one_checksum(layout: str, folder: list[Dressed]) -> None:
    """Moving to another layout is not an edit."""
    loaded = Memory(dress(layout, folder), layout=layout).load()
    plain = Memory(dress("plain", folder)).load()
    assert [read_script(m, "postgresql").checksum for m in loaded] == [
        read_script(m, "postgresql").checksum for m in plain
    ]


@pytest.mark.parametrize("layout", BUILT_IN)
@SHARE
@given(folder=migrations)
def test_a_layout_sees_no_difference_between_sources(layout: str, folder: list[Dressed]) -> None:
    """On disk or in memory, the files say the same."""
    files = dress(layout, folder)
    with on_disk(files) as path:
        loaded = Folder(path, layout=layout).load()
    assert [(m.version, m.content, m.raw_checksum, m.header) for m in loaded] == [
        (m.version, m.content, m.raw_checksum, m.header)
        for m in Memory(files, layout=layout).load()
    ]


class on_disk:  # noqa: N801 - reads like a function where it is used
    def __init__(self, files: Mapping[str, str]) -> None:
        self.files = files
        self.room = tempfile.TemporaryDirectory()

    def __enter__(self) -> Path:
        for file, text in self.files.items():
            path = Path(self.room.name) / file
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(text.encode())
        return Path(self.room.name)

    def __exit__(self, *_: object) -> None:
        self.room.cleanup()


@pytest.mark.parametrize("layout", BUILT_IN)
@SHARE
@given(folder=migrations, other=st.sampled_from(BUILT_IN))
def test_a_folder_is_possible_for_whoever_wrote_it(
    layout: str, folder: list[Dressed], other: str
) -> None:
    """Recognition may doubt others, never the one that it is."""
    files = dress(layout, folder)
    findings = {finding.layout: finding for finding in examine(Memory(files).tree)}
    assert findings[layout].possible or _is_quoting(folder), findings[layout]
    assert findings[layout].fits == len(folder)
    assert findings[other].layout == other


@given(
    st.dictionaries(
        st.text("ab-", min_size=1, max_size=3), st.sets(st.integers(0, 5), max_size=2), min_size=1
    )
)
def test_yoyo_takes_the_first_that_waits_for_nothing(waits: dict[str, set[int]]) -> None:
    """Again and again, among all that are left; names are compared with their ending."""
    labels = list(waits)
    depends = {
        label: {labels[i] for i in others if i < labels.index(label)}
        for label, others in waits.items()
    }
    files = {f"{label}.sql": f"-- depends: {' '.join(depends[label])}\n" for label in labels}
    ordered = [m.label for m in Memory(files, layout="yoyo").load()]
    assert sorted(ordered) == sorted(labels)
    for place, label in enumerate(ordered):
        done = set(ordered[:place])
        ready = [left for left in ordered[place:] if depends[left] <= done]
        assert label == min(ready, key=lambda left: f"{left}.sql")


def _is_quoting(folder: Sequence[Dressed]) -> bool:
    """
    Whether a quote in it has a marker, which recognition takes for one: it reads lines.
    """
    return any(marker in s for one in folder for s in one.statements for marker in _MARKERS)


names = st.one_of(
    st.text(min_size=1, max_size=10),
    st.lists(
        st.sampled_from(
            [
                *("001", "V1", "U2", "R", "__", "_", "-", ".", "a", "up", "down", ".sql", ".go"),
                *("/", "migration.sql", "up.sql", ".conf", ".rollback", "ä", "\n", "\udce9", ".py"),
            ]
        ),
        min_size=1,
        max_size=7,
    ).map("".join),
)


@pytest.mark.parametrize("layout", BUILT_IN)
@SHARE
@given(files=st.sets(names, max_size=6))
def test_every_name_is_accounted_for(layout: str, files: set[str]) -> None:
    """A name is a migration, a mistake or ignored: exactly one of these, and nothing raises."""
    found = builtin(layout).names(files, {})
    told_apart = [
        *(name.file for name in found.migrations),
        *(wrong.file for wrong in found.wrong),
        *found.ignored,
    ]
    assert sorted(told_apart) == sorted(files)


@pytest.mark.parametrize("layout", BUILT_IN)
@SHARE
@given(files=st.sets(names, max_size=6), content=st.sampled_from(["", "-- depends: a", "x"]))
def test_loading_gives_migrations_or_an_error_in_words(
    layout: str, files: set[str], content: str
) -> None:
    """Whatever files are called, and the message can be printed."""
    said = ""
    loaded: tuple[Migration, ...] = ()
    try:
        loaded = tuple(Memory(dict.fromkeys(files, content), layout=layout).load())
    except SourceError as error:
        said = error.happened
        str(error).encode()
    assert bool(loaded) != bool(said)
    assert said.isprintable()
    assert [m.label for m in loaded if not m.label.isprintable()] == []
