"""
SipHash-1-3 with a key of zeros: what Rust's hasher computes by default.
"""

from __future__ import annotations

from struct import iter_unpack

__all__ = ["siphash13"]

_MASK = 2**64 - 1
_State = tuple[int, int, int, int]


def siphash13(data: bytes) -> int:
    """
    Return the hash of *data*, 64 bits, unsigned.
    """
    whole = len(data) - len(data) % 8
    last = int.from_bytes(data[whole:], "little") | (len(data) % 256) << 56
    # The key would be mixed in here.
    state = (0x736F6D6570736575, 0x646F72616E646F6D, 0x6C7967656E657261, 0x7465646279746573)
    for (word,) in iter_unpack("<Q", data[:whole]):
        state = _absorb(state, word)
    v0, v1, v2, v3 = _absorb(state, last)
    state = (v0, v1, v2 ^ 0xFF, v3)
    for _ in range(3):
        state = _round(state)
    v0, v1, v2, v3 = state
    return v0 ^ v1 ^ v2 ^ v3


def _absorb(state: _State, word: int) -> _State:
    v0, v1, v2, v3 = state
    v0, v1, v2, v3 = _round((v0, v1, v2, v3 ^ word))
    return v0 ^ word, v1, v2, v3


def _round(state: _State) -> _State:
    v0, v1, v2, v3 = state
    v0 = (v0 + v1) & _MASK
    v1 = _rotated(v1, 13) ^ v0
    v0 = _rotated(v0, 32)
    v2 = (v2 + v3) & _MASK
    v3 = _rotated(v3, 16) ^ v2
    v0 = (v0 + v3) & _MASK
    v3 = _rotated(v3, 21) ^ v0
    v2 = (v2 + v1) & _MASK
    v1 = _rotated(v1, 17) ^ v2
    v2 = _rotated(v2, 32)
    return v0, v1, v2, v3


def _rotated(value: int, bits: int) -> int:
    return (value << bits | value >> (64 - bits)) & _MASK
