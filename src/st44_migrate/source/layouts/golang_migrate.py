"""
golang-migrate: ``0001_create_users.up.sql``, and ``.down.sql`` beside it.

Also ``V0001.Create_Users.up.sql``, as programs that embed such files call them.
"""

from __future__ import annotations

import re

from st44_migrate.model import Notation

from ..layout import FileLayout, Writing
from .elsewhere import ELSEWHERE

__all__ = ["LAYOUT"]

LAYOUT = FileLayout(
    name="golang-migrate",
    rule="A migration is called <digits>_<name>.up.sql, like 0001_create_users.up.sql",
    pattern=re.compile(r"V?(?P<version>[0-9]+)[_.](?P<name>.*?)\.+up\.sql"),
    passed=re.compile(r"V?[0-9]+[_.].*\.down\.\w+"),
    code=re.compile(r"(?P<version>[0-9]+)_(?P<name>.*)\.up\.go"),
    refused=(
        (
            re.compile(r"[0-9]+_.*\.up\.(?!(?:sql|go)\Z).+"),
            "is a migration to golang-migrate, which takes whatever comes behind '.up.', and not to"
            " this library.",
            "Call it <digits>_<name>.up.sql, or remove it.",
        ),
    ),
    notation=Notation(tool="golang-migrate", markers=ELSEWHERE, wraps=False),
    writing=Writing("{version}_{name}.up.sql"),
    telling=True,
)
