"""A digest of a whole file inside the file, so that one changed byte of it is noticed.

Whoever writes the file puts `BLANK` where the format takes a text, and `sealed` fills in the
digest of everything else. The digest stands there twice: damage to one of them is not taken for a
file of an older version, which has none. It is against accidents, not against forgers.
"""

from __future__ import annotations

import re

KEY = "digest"
"""Under which the formats' metadata hold it."""

_MARK = "fercurate-xxh3-128:"
_ZERO = "0" * 32
BLANK = f"{_MARK}{_ZERO} {_MARK}{_ZERO}"
_FOUND = re.compile(_MARK.encode() + rb"([0-9a-f]{32})")


def sealed(data: bytes) -> bytes:
    """The bytes with `BLANK`, which stands there once, filled in.

    Raises:
        ValueError: it does not stand there once.
    """
    if len(_FOUND.findall(data)) != 2:
        raise ValueError("the file has no place for its digest")
    return data.replace(f"{_MARK}{_ZERO}".encode(), f"{_MARK}{_digest(data)}".encode())


def is_sealed(data: bytes) -> bool:
    """Whether the bytes hold their own digest; those of older versions do not.

    Raises:
        ValueError: they are not those that the digest was made of.
    """
    found = list(_FOUND.finditer(data))
    if not found:
        return False
    blank = bytearray(data)
    for mark in found:
        blank[mark.start(1) : mark.end(1)] = _ZERO.encode()
    digest = _digest(bytes(blank)).encode()
    if len(found) != 2 or any(mark[1] != digest for mark in found):
        raise ValueError("it is not as it was written: damaged on the disk or on its way")
    return True


def _digest(data: bytes) -> str:
    import xxhash

    return xxhash.xxh3_128_hexdigest(data)
