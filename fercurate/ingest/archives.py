"""zip and tar archives, read as streams: nothing is unpacked to disk."""

from __future__ import annotations

import re
import stat
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

from fercurate.errors import InputError
from fercurate.folders import is_junk, valid_text
from fercurate.ingest.containers import (
    HEAD_BYTES,
    Member,
    Opener,
    is_csv,
    plain_name,
)
from fercurate.ingest.streams import Meter, Stream, counted, damage_named, decompressed

_ENCRYPTED = 1


class ZipArchive:
    """A zip archive."""

    kind = "zip archive"
    independent = True

    def __init__(self, path: Path, limit: float) -> None:
        self._path, self._limit = path, limit
        self.members: list[Member] = []
        self.refused: list[tuple[str, str]] = []
        meter = Meter(limit, str(path))
        with damage_named(str(path)), zipfile.ZipFile(path) as archive:
            infos = archive.infolist()
            for info in infos:
                # The Unix file type, where the archive was made on Unix.
                if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG, stat.S_IFDIR):
                    _refuse(path, info.filename, "is a link or a device")
                if info.flag_bits & _ENCRYPTED:
                    raise InputError(
                        f"{path} is locked with a password.",
                        "Unpack it with the password, and import the folder.",
                    )
            Meter(limit, str(path)).add(sum(info.file_size for info in infos))
            for index, info in enumerate(infos):
                name = _checked_name(path, info.filename)
                if info.is_dir() or is_junk(name):
                    continue
                head = b""
                if is_csv(name):
                    with self._open(archive, info, meter) as stream:
                        head = stream.read(HEAD_BYTES)
                    name = plain_name(name)
                self.members.append(Member(name, index, info.file_size, head))

    def _open(self, archive: zipfile.ZipFile, info: zipfile.ZipInfo, meter: Meter) -> Stream:
        what = f"{self._path}: {info.filename}"
        with damage_named(what):
            return decompressed(archive.open(info), meter, what, count_stored=True)

    def each(self) -> Iterator[tuple[Member, Opener]]:
        meter = Meter(self._limit, str(self._path))
        with damage_named(str(self._path)), zipfile.ZipFile(self._path) as archive:
            infos = archive.infolist()
            for member in self.members:
                info = infos[int(member.key)]
                yield member, lambda info=info: self._open(archive, info, meter)  # type: ignore[misc]


class TarArchive:
    """A tar archive, plain or compressed; each pass reads it from the beginning."""

    kind = "tar archive"
    independent = False

    def __init__(self, path: Path, limit: float) -> None:
        self._path, self._limit = path, limit
        self.members: list[Member] = []
        self.refused: list[tuple[str, str]] = []
        for index, name, info, archive in self._walk():
            head = b""
            if is_csv(name):
                with self._open(archive, info) as stream:
                    head = stream.read(HEAD_BYTES)
                name = plain_name(name)
            self.members.append(Member(name, index, info.size, head))

    def _walk(self) -> Iterator[tuple[int, str, tarfile.TarInfo, tarfile.TarFile]]:
        what = str(self._path)
        with self._path.open("rb") as raw:
            stream = counted(decompressed(raw, Meter(), what), Meter(self._limit, what), what)
            with damage_named(what), tarfile.open(fileobj=stream, mode="r|") as archive:
                index = -1
                while (info := archive.next()) is not None:
                    archive.members = []  # type: ignore[attr-defined]  # or it holds every header to the end
                    index += 1
                    name = _checked_name(self._path, info.name)
                    if info.isdir():
                        continue
                    if not info.isreg() or info.issparse():
                        _refuse(self._path, info.name, "is a link, a device or sparse")
                    if not is_junk(name):
                        yield index, name, info, archive

    def _open(self, archive: tarfile.TarFile, info: tarfile.TarInfo) -> Stream:
        what = f"{self._path}: {info.name}"
        with damage_named(what):
            file = archive.extractfile(info)
            # An inner .gz could unpack without end although the archive's bytes are counted.
            return decompressed(file, Meter(self._limit, what), what)

    def each(self) -> Iterator[tuple[Member, Opener]]:
        members = {member.key: member for member in self.members}
        for index, _, info, archive in self._walk():
            yield members[index], lambda info=info, archive=archive: self._open(archive, info)  # type: ignore[misc]


def _checked_name(path: Path, name: str) -> str:
    """A member's name with "/" between its parts.

    Raises:
        InputError: it is absolute or climbs out of the archive's folder.
    """
    parts = name.replace("\\", "/").split("/")
    if ".." in parts or name.startswith(("/", "\\")) or re.match("[A-Za-z]:", name):
        _refuse(path, name, "leaves the archive's folder")
    return valid_text("/".join(part for part in parts if part not in ("", ".")))


def _refuse(path: Path, name: str, problem: str) -> NoReturn:
    raise InputError(
        f"{path}: the member {valid_text(name)!r} {problem}.",
        "Do not use this archive; fetch it again from its publisher.",
    )
