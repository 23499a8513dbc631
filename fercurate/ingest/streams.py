"""Byte streams that decompress by content, count what they unpack and fail with one error."""

from __future__ import annotations

import bz2
import gzip
import io
import lzma
import math
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from fercurate.errors import InputError

_BUFFER = 1 << 18
_MAGIC: tuple[tuple[bytes, Callable[[Any], Any]], ...] = (
    (b"\x1f\x8b", gzip.open),
    (b"\xfd7zXZ\x00", lzma.open),
    (b"BZh", bz2.open),
)


class DamagedError(InputError):
    """Bytes that cannot be read back: a truncated or corrupt file or archive."""


class Meter:
    """Counts unpacked bytes, over all streams that share it.

    Args:
        limit: Bytes; one more raises `InputError`.
        what: The archive, for the message.
    """

    def __init__(self, limit: float = math.inf, what: str = "") -> None:
        self.limit, self.what, self.used = limit, what, 0

    def add(self, n: int) -> None:
        self.used += n
        if self.used > self.limit:
            raise InputError(
                f"{self.what} unpacks to more than {self.limit / 1e9:g} GB.",
                "If that is right, allow it with --max-unpacked-gb.",
            )


@contextmanager
def damage_named(what: str) -> Iterator[None]:
    """Turn whatever a decompressor or an archive reader raises into `DamagedError`."""
    try:
        yield
    except InputError:
        raise
    # zipfile, tarfile and the decompressors raise a dozen unrelated types on bad bytes.
    except Exception as error:
        raise DamagedError(
            f"{what} cannot be read: {error or type(error).__name__}.",
            "It may be damaged or cut short: fetch it again.",
        ) from error


class _Counted(io.RawIOBase):
    def __init__(self, stream: Any, meter: Meter, what: str, below: Any = None) -> None:
        self._stream, self._meter, self._what, self._below = stream, meter, what, below

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: Any) -> int:
        with damage_named(self._what):
            data = self._stream.read(len(buffer))
        self._meter.add(len(data))
        buffer[: len(data)] = data
        return len(data)

    def close(self) -> None:
        self._stream.close()
        if self._below is not None:
            self._below.close()
        super().close()


class Stream(io.BufferedReader):
    """What the readers read from; closing it closes all below it."""

    def __init__(self, raw: _Counted, bottom: Any) -> None:
        super().__init__(raw, _BUFFER)
        self._bottom = bottom

    def stored_position(self) -> int:
        """How many stored (compressed) bytes were taken so far, for a progress bar."""
        return int(self._bottom.tell())


def counted(stream: Any, meter: Meter, what: str) -> Stream:
    """A buffered stream over `stream` that counts its bytes and whose errors name `what`."""
    return Stream(_Counted(stream, meter, what), stream)


def decompressed(stream: Any, meter: Meter, what: str, *, count_stored: bool = False) -> Stream:
    """`stream` itself, or what its gzip, xz or bzip2 holds, as its first bytes tell.

    Args:
        stream: Binary, at its beginning.
        meter: Counts what is unpacked here; with `count_stored` also what is read from
            `stream`, for a stream that was itself unpacked.
        what: Named in errors.
    """
    plain = counted(stream, meter if count_stored else Meter(), what)
    head = plain.peek(6)
    for magic, opener in _MAGIC:
        if head.startswith(magic):
            return Stream(_Counted(opener(plain), meter, what, plain), stream)
    return plain
