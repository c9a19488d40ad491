"""
The same migrations, written as each tool would write them.

This is the other side of the layouts: it knows how a tool's folder looks, and
nothing of how it is read.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

__all__ = ["DRESSES", "Dressed", "dress"]


@dataclass(frozen=True)
class Dressed:
    """
    A migration as anybody means it.

    *alone*: it has to run outside of a transaction.
    """

    number: int
    title: str
    statements: tuple[str, ...]
    alone: bool = False


# What stands in the part that goes back: nobody promises that it is SQL.
GARBAGE = "DROP TABLE 'never;\n$$ /* \n"

Files = dict[str, str]


def body(one: Dressed) -> str:
    return "".join(f"{statement};\n" for statement in one.statements)


def ours(one: Dressed) -> str:
    return "-- st44: no-transaction\n" if one.alone else ""


def plain(one: Dressed) -> Files:
    return {f"{one.number:03}_{one.title}.sql": ours(one) + body(one)}


def golang_migrate(one: Dressed) -> Files:
    name = f"{one.number:06}_{one.title}"
    return {f"{name}.up.sql": ours(one) + body(one), f"{name}.down.sql": GARBAGE}


def dbmate(one: Dressed) -> Files:
    option = " transaction:false" if one.alone else ""
    half = len(one.statements) // 2
    first = Dressed(one.number, one.title, one.statements[:half])
    rest = Dressed(one.number, one.title, one.statements[half:])
    text = (
        f"-- a remark\n\n-- migrate:up{option}\n{body(first)}\n-- migrate:down\n{GARBAGE}"
        f"\n--  migrate:up{option}\n{body(rest)}-- migrate:down\n"
    )
    return {f"{one.number:014}_{one.title}.sql": text}


def goose(one: Dressed) -> Files:
    option = "-- +goose NO TRANSACTION\n" if one.alone else ""
    wrapped = "".join(
        f"-- +goose StatementBegin\n{statement};\n-- +goose StatementEnd\n"
        for statement in one.statements
    )
    text = f"{option}-- +goose Up\n{wrapped}\n-- +goose Down\n{GARBAGE}"
    return {f"{one.number:05}_{one.title}.sql": text}


def flyway(one: Dressed) -> Files:
    name = f"V{one.number // 10}_{one.number % 10:02}__{one.title}.sql"
    files = {name: body(one), f"U{one.number}__{one.title}.sql": GARBAGE}
    return files | ({f"{name}.conf": "executeInTransaction=false"} if one.alone else {})


def sqlx(one: Dressed) -> Files:
    option = "-- no-transaction\n" if one.alone else ""
    name = f"{one.number}_{one.title}"
    return {f"{name}.up.sql": option + body(one), f"{name}.down.sql": GARBAGE}


def refinery(one: Dressed) -> Files:
    return {f"part/V{one.number}__{one.title}.sql": ours(one) + body(one)}


def diesel(one: Dressed) -> Files:
    place = f"2024-01-01-{one.number:06}_{one.title}"
    files = {f"{place}/up.sql": body(one), f"{place}/down.sql": GARBAGE}
    return files | ({f"{place}/metadata.toml": "run_in_transaction = false"} if one.alone else {})


def prisma(one: Dressed) -> Files:
    return {f"{20240101000000 + one.number}_{one.title}/migration.sql": ours(one) + body(one)}


def sql_migrate(one: Dressed) -> Files:
    option = " notransaction" if one.alone else ""
    text = f"\n-- +migrate Up{option}\n{body(one)}\n-- +migrate Down\n{GARBAGE}"
    return {f"{one.number}-{one.title}.sql": text}


def tern(one: Dressed) -> Files:
    option = "---- tern: disable-tx ----\n" if one.alone else ""
    text = f"{option}{body(one)}\n---- create above / drop below ----\n\n{GARBAGE}"
    return {f"{one.number:03}_{one.title}.sql": text}


def yoyo(one: Dressed) -> Files:
    option = "-- transactional: false\n" if one.alone else ""
    name = f"{20240101 + one.number}_01_{one.title}"
    text = f"-- {one.title}\n-- depends:\n{option}\n{body(one)}"
    return {f"{name}.sql": text, f"{name}.rollback.sql": GARBAGE}


def node_pg_migrate(one: Dressed) -> Files:
    text = f"{ours(one)}-- Up Migration\n{body(one)}\n--- Down migration\n{GARBAGE}"
    return {f"{1716932848000 + one.number}_{one.title}.sql": text}


def postgres_migrations(one: Dressed) -> Files:
    option = "-- postgres-migrations disable-transaction\n" if one.alone else ""
    return {f"{one.number:04}-{one.title}.sql": option + body(one)}


DRESSES: Mapping[str, Callable[[Dressed], Files]] = {
    "plain": plain,
    "golang-migrate": golang_migrate,
    "dbmate": dbmate,
    "goose": goose,
    "flyway": flyway,
    "sqlx": sqlx,
    "refinery": refinery,
    "diesel": diesel,
    "prisma": prisma,
    "sql-migrate": sql_migrate,
    "tern": tern,
    "yoyo": yoyo,
    "node-pg-migrate": node_pg_migrate,
    "postgres-migrations": postgres_migrations,
}


def dress(layout: str, migrations: Sequence[Dressed]) -> Files:
    """
    Write *migrations* as a folder of *layout*: paths and texts.
    """
    files: Files = {}
    for one in migrations:
        files |= DRESSES[layout](one)
    return files
