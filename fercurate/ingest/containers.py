"""A file, a folder or an archive as a list of members that can be read in turn."""

from __future__ import annotations

import re
import tarfile
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from fercurate.folders import check, valid_text, walk
from fercurate.ingest.foreign import refuse_foreign
from fercurate.ingest.streams import Meter, Stream, damage_named, decompressed

HEAD_BYTES = 1 << 16
_COMPRESSED = re.compile(r"\.(gz|xz|bz2)$", re.IGNORECASE)
_TAR_BLOCK = 512


@dataclass(frozen=True)
class Member:
    """One file inside a source.

    Attributes:
        name: Place relative to the source, parts separated by "/", valid UTF-8.
        key: What its container opens it by.
        size: Bytes as stored.
        head: The first bytes, decompressed, of a csv; empty for other files.
    """

    name: str
    key: int | str
    size: int
    head: bytes = b""


Opener = Callable[[], Stream]


class Container(Protocol):
    """What the readers see of a file, a folder or an archive."""

    @property
    def kind(self) -> str:
        """For messages: "file", "folder", "zip archive", "tar archive"."""

    @property
    def independent(self) -> bool:
        """Whether one member can be unreadable and the next one fine."""

    @property
    def members(self) -> list[Member]:
        """All members, in the order in which `each` goes through them."""

    @property
    def refused(self) -> list[tuple[str, str]]:
        """Names of files that cannot be opened (links to nothing, pipes), and why."""

    def each(self) -> Iterator[tuple[Member, Opener]]:
        """The members; an opener works until the next member is asked for."""


def open_container(path: Path, limit: float) -> Container:
    """The container that a source is, told by its first bytes and not by its name.

    Args:
        path: A file or a folder.
        limit: Bytes that an archive may unpack to.

    Raises:
        InputError: the path is missing, or an archive is damaged, too large when unpacked,
            or has a member outside its folder.
    """
    from fercurate.ingest.archives import TarArchive, ZipArchive

    if path.is_dir():
        return Folder(path, limit)
    check(path, "Give a csv, an archive or a folder of images.")
    with damage_named(str(path)), path.open("rb") as raw:
        magic = raw.read(4)
        raw.seek(0)
        if magic in (b"PK\x03\x04", b"PK\x05\x06"):
            return ZipArchive(path, limit)
        head = decompressed(raw, Meter(), str(path)).read(HEAD_BYTES)
    if _is_tar(head):
        return TarArchive(path, limit)
    refuse_foreign(path, head)
    return SingleFile(path, limit, head)


def is_csv(name: str) -> bool:
    return _COMPRESSED.sub("", name).lower().endswith(".csv")


def plain_name(name: str) -> str:
    """A file's name without the suffix of its compression."""
    return _COMPRESSED.sub("", name)


class SingleFile:
    """A csv, plain or compressed."""

    kind = "file"
    independent = False

    def __init__(self, path: Path, limit: float, head: bytes) -> None:
        self._path, self._limit = path, limit
        name = valid_text(plain_name(path.name))
        self.members = [Member(name, 0, path.stat().st_size, head)]
        self.refused: list[tuple[str, str]] = []

    def each(self) -> Iterator[tuple[Member, Opener]]:
        with self._path.open("rb") as raw:
            meter = Meter(self._limit, str(self._path))
            yield self.members[0], lambda: decompressed(raw, meter, str(self._path))


class Folder:
    """A folder, with links followed: it is the user's own."""

    kind = "folder"
    independent = True

    def __init__(self, path: Path, limit: float) -> None:
        self._path, self._limit = path, limit
        found = walk(path)
        self.members = [self._member(e.name, e.key, e.size) for e in found if not e.reason]
        self.refused = [(entry.name, entry.reason) for entry in found if entry.reason]

    def _member(self, name: str, key: str, size: int) -> Member:
        if not is_csv(name):
            return Member(name, key, size)
        with self._open(key) as stream:
            return Member(plain_name(name), key, size, stream.read(HEAD_BYTES))

    def _open(self, key: str) -> Stream:
        path = self._path / key
        with damage_named(str(path)):
            return decompressed(path.open("rb"), Meter(self._limit, str(path)), str(path))

    def each(self) -> Iterator[tuple[Member, Opener]]:
        for member in self.members:
            yield member, lambda key=str(member.key): self._open(key)  # type: ignore[misc]


def _is_tar(head: bytes) -> bool:
    try:
        tarfile.TarInfo.frombuf(head[:_TAR_BLOCK], "utf-8", "surrogateescape")
    except (tarfile.HeaderError, ValueError):
        return False
    return True
