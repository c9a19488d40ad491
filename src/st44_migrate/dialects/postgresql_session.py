"""
PostgreSQL's session: what a file may do to it, and how that is undone.

Never DISCARD ALL: it would release the runner's lock.  A session of our own
is reset to what its connection string gave it.  A caller's comes back as it was
found, which takes more: its settings, temporary tables and locks are told apart
from those of the file.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from ..model import Script
from .footing import Footing
from .phrase import Phrase
from .postgresql_catalog import literal, quoted

__all__ = ["VIGILANCE", "keep", "own_role", "restore", "set_all"]

# A dead runner's lock has to go in seconds, not in the kernel's two hours.
# All four may be set by any role.
VIGILANCE = (
    ("tcp_keepalives_idle", "5"),
    ("tcp_keepalives_interval", "2"),
    ("tcp_keepalives_count", "3"),
    ("client_connection_check_interval", "2000"),
)

# Rarely there, so looked for in the text of the file.
_TRACES = (
    ("prepare", "DEALLOCATE ALL"),
    ("declare", "CLOSE ALL"),
    ("listen", "UNLISTEN *"),
)

_OWN_SETTING = re.compile(
    r"\bset\s+(?:session\s+|local\s+)?([a-z_]\w*(?:\.[a-z_]\w*)+)"
    r"|\bset_config\s*\(\s*'([a-z_]\w*(?:\.[a-z_]\w*)+)'",
    re.IGNORECASE,
)


def set_all(settings: Sequence[tuple[str, str]]) -> Phrase:
    """
    Set *settings* for the session, in one statement.
    """
    calls = (
        f"pg_catalog.set_config('{name}', {literal(value)}, false)" for name, value in settings
    )
    return Phrase("SELECT " + ", ".join(calls), ())


def own_role(footing: Footing, *, local: bool) -> Sequence[str]:
    """
    Become again who we were when the session began.
    """
    scope = "LOCAL " if local else ""
    role = footing.session.role
    # A ledger with a plain timestamp is written in the session's zone.
    zone = (f"SET LOCAL TIME ZONE {literal(footing.session.zone)}",) if local else ()
    return (
        f"SET {scope}SESSION AUTHORIZATION {quoted(footing.session.user)}",
        f"SET {scope}ROLE {'NONE' if role == 'none' else quoted(role)}",
        *zone,
    )


def keep(footing: Footing, script: Script) -> Sequence[str]:
    """
    Note, within a caller's session, the caller's own settings that *script*
    sets: the server lists them nowhere.
    """
    if not footing.session.borrowed:
        return ()
    return tuple(
        f"SELECT pg_catalog.set_config('st44.kept_{number}', '=' ||"
        f" coalesce(pg_catalog.current_setting({literal(name)}, true), ''), false)"
        for number, name in enumerate(_own_settings(script))
    )


def restore(
    footing: Footing, script: Script | None, key: int, settings: Sequence[tuple[str, str]]
) -> Sequence[str]:
    """
    Undo what *script* (None: any file) may have done, and apply *settings* again.
    """
    text = script.text.lower() if script is not None else ""
    again = (*footing.session.settings, *settings)
    reapply = (set_all(again),) if again else ()
    locks = () if script is not None and "advisory" not in text else (_unlock(footing, key),)
    if footing.session.borrowed:
        return (
            *own_role(footing, local=False),
            *_own_settings_back(script),
            _reset(footing),
            *reapply,
            _drop_temporary(footing),
            *locks,
        )
    traces = (undo for word, undo in _TRACES if script is None or word in text)
    return (
        *own_role(footing, local=False),
        "RESET ALL",
        *reapply,
        "DISCARD TEMP",
        *traces,
        *locks,
    )


# --- a caller's session -------------------------------------------------------


def _own_settings(script: Script) -> list[str]:
    found = (first or second for first, second in _OWN_SETTING.findall(script.text))
    return sorted({name.lower() for name in found})


def _own_settings_back(script: Script | None) -> Sequence[str]:
    return tuple(
        f"SELECT pg_catalog.set_config({literal(name)}, CASE WHEN left(kept, 1) = '=' THEN"
        f" substr(kept, 2) ELSE coalesce(pg_catalog.current_setting({literal(name)}, true), '') END,"
        f" false), pg_catalog.set_config('st44.kept_{number}', '', false)"
        f" FROM pg_catalog.current_setting('st44.kept_{number}', true) AS kept"
        for number, name in enumerate(_own_settings(script) if script is not None else ())
    )


def _reset(footing: Footing) -> str:
    """
    RESET, one by one, what the caller had not SET; RESET ALL would take the
    caller's own settings (``app.tenant``) with it.
    """
    kept = _array([name for name, _ in footing.session.settings])
    return _do(f"""DECLARE name text; BEGIN
FOR name IN SELECT s.name FROM pg_catalog.pg_settings s WHERE s.source = 'session'
    AND s.name <> ALL ({kept}) AND s.context IN ('user', 'superuser') LOOP
  EXECUTE pg_catalog.format('RESET %s', name);
END LOOP; END""")


def _drop_temporary(footing: Footing) -> str:
    kept = _array(footing.session.temporary)
    return _do(f"""DECLARE name text; BEGIN
FOR name IN SELECT c.relname FROM pg_catalog.pg_class c WHERE c.relkind IN ('r', 'p', 'v', 'S')
    AND c.relnamespace = pg_catalog.pg_my_temp_schema() AND c.relname <> ALL ({kept})
    ORDER BY c.relkind <> 'v' LOOP
  IF pg_catalog.to_regclass(pg_catalog.format('pg_temp.%I', name)) IS NOT NULL THEN
    EXECUTE pg_catalog.format('DROP %s pg_temp.%I CASCADE',
      (SELECT CASE relkind WHEN 'v' THEN 'VIEW' WHEN 'S' THEN 'SEQUENCE' ELSE 'TABLE' END
         FROM pg_catalog.pg_class WHERE relname = name
          AND relnamespace = pg_catalog.pg_my_temp_schema()), name);
  END IF;
END LOOP; END""")


def _unlock(footing: Footing, key: int) -> str:
    """
    Release the advisory locks of the session that are neither ours nor were
    there before, however often they were taken.
    """
    ours = f"{(key >> 32) & 0xFFFFFFFF}/{key & 0xFFFFFFFF}/1"
    kept = _array([ours, *footing.session.advisory])
    return _do(f"""DECLARE l record; BEGIN
FOR attempt IN 1..1000 LOOP
  SELECT classid::bigint AS high, objid::bigint AS low, objsubid AS kind,
         mode = 'ShareLock' AS shared INTO l
    FROM pg_catalog.pg_locks WHERE locktype = 'advisory' AND granted
     AND pid = pg_catalog.pg_backend_pid()
     AND classid || '/' || objid || '/' || objsubid <> ALL ({kept}) LIMIT 1;
  EXIT WHEN NOT FOUND;
  PERFORM CASE
    WHEN l.kind = 1 AND l.shared THEN pg_catalog.pg_advisory_unlock_shared(l.high << 32 | l.low)
    WHEN l.kind = 1 THEN pg_catalog.pg_advisory_unlock(l.high << 32 | l.low)
    WHEN l.shared THEN pg_catalog.pg_advisory_unlock_shared(
      l.high::bit(32)::integer, l.low::bit(32)::integer)
    ELSE pg_catalog.pg_advisory_unlock(l.high::bit(32)::integer, l.low::bit(32)::integer) END;
END LOOP; END""")


def _array(names: Sequence[str]) -> str:
    return f"ARRAY[{', '.join(literal(name) for name in names)}]::text[]"


def _do(body: str) -> str:
    return f"DO {literal(body)}"
