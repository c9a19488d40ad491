"""
What a server was told once, so that the values alone say it from then on.

The first message of many files tells it each form (``PREPARE``); the later ones
do not repeat that, and the server keeps what it has planned.  A form that comes
with the text of a short message is quick: the server copies all of that text
whenever it is executed.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from hashlib import blake2s

from .dialects import Phrase

__all__ = ["Forms"]


@dataclass(slots=True)
class Forms:
    """
    The forms of one session.

    Args:
        told: The names of those that the server knows.
    """

    told: set[str] = field(default_factory=set[str])
    _names: dict[str, str] = field(default_factory=dict[str, str])

    def name(self, form: str) -> str:
        """
        Name *form*, always alike.
        """
        if form not in self._names:
            self._names[form] = f"st44_{blake2s(form.encode(), digest_size=8).hexdigest()}"
        return self._names[form]

    def telling(self, phrase: Phrase) -> str:
        """
        Tell the form of *phrase*.
        """
        return f"PREPARE {self.name(phrase.form)} AS {phrase.numbered}"

    def saying(self, phrase: Phrase) -> str:
        """
        Say *phrase* by its values.
        """
        values = f"({', '.join(phrase.values)})" if phrase.values else ""
        return f"EXECUTE {self.name(phrase.form)}{values}"

    def forgetting(self) -> list[str]:
        """
        Take back all that was told.
        """
        return [f"DEALLOCATE {name}" for name in sorted(self.told)]

    def heard(self, sql: str) -> None:
        """
        Note that *sql*, from `telling` or `forgetting`, is done.
        """
        verb, name, *_ = sql.split(maxsplit=2)
        if verb == "PREPARE":
            self.told.add(name)
        else:
            self.told.discard(name)
