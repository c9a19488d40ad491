"""
From what a pattern has found in a statement to its operation.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace

from .memory_operations import Advisory, Insert, Operation, Pulse, Read, Update
from .memory_store import NOW, Value

__all__ = [
    "read_insert",
    "read_lock_question",
    "read_own_record",
    "read_pulse",
    "read_record",
    "read_select",
    "read_take",
    "read_update",
    "read_upsert",
]

_WORDS: dict[str, Value] = {"now": NOW, "NULL": None, "false": False, "true": True}
_VALUE = re.compile(
    r"(?P<word>now|NULL|true|false)\b|'(?P<quoted>[^']*)'|(?P<spent>elapsed\(\w+\))"
)
_SETS = re.compile(r"(?:SET |, )(\w+) = ")
_IF_RECORDED = re.compile(
    r"CASE WHEN EXISTS \(SELECT 1 FROM @(?P<of>\w+) WHERE version IN \((?P<keys>[^)]*)\)\)"
    r" THEN (?P<then>'\w+') END"
)
_JSON = json.JSONDecoder()


def _value(text: str, start: int) -> tuple[Value, int]:
    """
    Read the value at *start*; say where it ends.
    """
    found = _VALUE.match(text, start)
    if found is None:
        value, end = _JSON.raw_decode(text, start)
        return value, end
    if found["word"]:
        return _WORDS[found["word"]], found.end()
    return (found["quoted"] if found["spent"] is None else 0), found.end()


def _values(text: str) -> list[Value]:
    values: list[Value] = []
    position = 0
    while position < len(text):
        value, end = _value(text, position)
        values.append(value)
        position = end + len(", ")
    return values


def _columns(found: re.Match[str]) -> tuple[tuple[str, Value], ...]:
    return tuple(zip(found["columns"].split(", "), _values(found["values"]), strict=True))


def _keys(text: str) -> tuple[str, ...]:
    return tuple(str(key) for key in _values(text))


def read_upsert(found: re.Match[str]) -> Operation:
    """
    Read the claim of a version, and other notes on it.
    """
    # A value may hold anything, so the first "VALUES (" and the last
    # ") ON CONFLICT" are what the pattern's greed has to find.
    values = _columns(found)
    if found["action"] == "NOTHING":
        return Insert(found["table"], values, "nothing")
    changes = [f"{column} = excluded.{column}" for column, _ in values[1:]]
    if found["changes"] != ", ".join(changes):
        raise AssertionError(f"an upsert that does not take over all it inserts: {found[0]}")
    return Insert(found["table"], values, "update", found["spared"], bool(found["renews"]))


def read_insert(found: re.Match[str]) -> Operation:
    """
    Read a claim or a record that fails where there is another one.
    """
    return Insert(found["table"], _columns(found))


def read_update(found: re.Match[str]) -> Operation:
    """
    Read a change of the journal's row.
    """
    needs = _IF_RECORDED.search(found["changes"])
    text, position = _IF_RECORDED.sub(r"\g<then>", found["changes"]), 0
    changes: list[tuple[str, Value]] = []
    while sets := _SETS.match(text, position):
        value, position = _value(text, sets.end())
        changes.append((sets[1], value))
    if position != len(text):
        raise AssertionError(f"a change that is not understood: {text[position:]}")
    returning = found["returning"] or ""
    update = Update(found["table"], json.loads(found["key"]), tuple(changes), returning=returning)
    return replace(update, of=needs["of"], needs=_keys(needs["keys"])) if needs else update


def read_record(found: re.Match[str]) -> Operation:
    """
    Read the record of a version, made only if there is none.
    """
    label, name, at = _values(found["values"])
    values = (("version", label), ("name", name), ("applied_at", at))
    return Insert(found["table"], values, absent=_keys(found["held"]))


def read_own_record(found: re.Match[str]) -> Operation:
    """
    Read the record that a file makes of itself.
    """
    values = (("version", found["version"]), ("name", found["name"]), ("applied_at", NOW))
    return Insert(found["table"], values, "nothing" if found["nothing"] else "fail")


def read_select(found: re.Match[str]) -> Operation:
    """
    Read a question for columns of ledger and journal.
    """
    # A comma in parentheses does not part two columns.
    columns = tuple(re.split(r", (?![^()]*\))", found["columns"]))
    return Read(columns, found["ledger"], found["journal"])


def read_pulse(found: re.Match[str]) -> Operation:
    """
    Read a health report's question.
    """
    ledger_there, journal_there, lock, *relations = json.loads(found["known"])
    known = (ledger_there, journal_there)
    return Pulse(found["ledger"], found["journal"], known, lock, tuple(relations))


def read_take(found: re.Match[str]) -> Operation:
    """
    Read the taking of an advisory lock, once more or only if it is not ours yet.
    """
    return Advisory("have" if "CASE" in found[0] else "take", int(found["lock"]))


def read_lock_question(found: re.Match[str]) -> Operation:
    """
    Read a question about an advisory lock.
    """
    # pg_locks shows the two halves of the key, both without a sign.
    halves = int(found["high"]).to_bytes(4, "big") + int(found["low"]).to_bytes(4, "big")
    lock = int.from_bytes(halves, "big", signed=True)
    if found["what"] != "1":
        return Advisory("whose", lock)
    return Advisory("mine" if found["mine"] else "anybody's", lock)
