"""
The checksums that other tools keep, computed from the bytes of a file.

A checkout on another system changes line ends, and some tools' checksums with
them.  That is no edit, so every way in which a file may have been checked out is
tried.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from hashlib import sha1, sha256, sha384
from zlib import crc32

from .siphash import siphash13

__all__ = [
    "checkouts",
    "flyway_crc",
    "postgres_migrations_sha",
    "prisma_sha",
    "refinery_sip",
    "sqlx_sha",
]

_BOM = b"\xef\xbb\xbf"
_LINE_END = re.compile(rb"\r\n|\r|\n")


def checkouts(content: bytes) -> Iterator[bytes]:
    """
    Yield *content* as it is, then with other line ends, then all of it without a
    byte order mark.
    """
    unix = content.replace(b"\r\n", b"\n")
    seen = dict.fromkeys((content, unix, unix.replace(b"\n", b"\r\n")))
    yield from seen
    if content.startswith(_BOM):
        yield from (form.removeprefix(_BOM) for form in seen)


def sqlx_sha(content: bytes) -> str:
    """
    SHA-384 of the bytes, in hex.
    """
    return sha384(content).hexdigest()


def prisma_sha(content: bytes) -> str:
    """
    SHA-256 of the bytes, in hex.
    """
    return sha256(content).hexdigest()


def postgres_migrations_sha(file: str, content: bytes) -> str:
    """
    SHA-1 of the file's name and its bytes, in hex.
    """
    return sha1(file.encode() + content, usedforsecurity=False).hexdigest()


def flyway_crc(content: bytes) -> str:
    """
    CRC-32 of the lines without their ends, as a signed 32-bit integer.
    """
    crc = crc32(b"".join(_LINE_END.split(content.removeprefix(_BOM))))
    return str(crc - 2**32 if crc >= 2**31 else crc)


def refinery_sip(name: str, version: int, content: bytes) -> tuple[str, ...]:
    """
    SipHash-1-3 of name, version and text, as Rust hashes them.

    Returns:
        It for a version of 32 bits, and for one of 64.
    """
    sizes = (4, 8) if -(2**31) <= version < 2**31 else (8,)
    return tuple(
        str(
            siphash13(
                name.encode()
                + b"\xff"
                + version.to_bytes(size, "little", signed=True)
                + content
                + b"\xff"
            )
        )
        for size in sizes
    )
