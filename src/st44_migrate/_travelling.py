"""
Exceptions that survive the way to another process.
"""

from __future__ import annotations

__all__ = ["Travelling"]


class Travelling(Exception):
    """
    An exception with keyword arguments that can be pickled all the same.
    """

    def __reduce__(self) -> tuple[object, ...]:
        return _again, (type(self), self.args, self.__dict__)


def _again(
    kind: type[BaseException], args: tuple[object, ...], state: dict[str, object]
) -> BaseException:
    error = kind.__new__(kind, *args)
    error.args = args
    error.__dict__.update(state)
    return error
