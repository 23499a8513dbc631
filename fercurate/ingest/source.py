"""Finds out what a source holds and reads it, whatever its packaging."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath

from fercurate.errors import InputError
from fercurate.images import is_image
from fercurate.ingest.batch import Batch
from fercurate.ingest.containers import Container, Member, Opener, is_csv, open_container
from fercurate.ingest.csv_reader import Header, header_of, read_csv
from fercurate.ingest.image_reader import read_images
from fercurate.ingest.layout import has_splits
from fercurate.labels import parse_split
from fercurate.progress import Progress

EXPECTED = (
    "Expected is a csv with the columns emotion,pixels,Usage (fer2013.csv), alone or in an "
    "archive, or a folder of images as train/<class>/1.jpg or <class>/1.jpg."
)
_PREFERRED = ("fer2013.csv", "icml_face_data.csv")


@dataclasses.dataclass(frozen=True)
class CsvPart:
    """One csv to read, and the split of its rows where it has no Usage."""

    member: Member
    header: Header

    @property
    def default_split(self) -> str:
        if self.header.label is None:
            return "test"
        return parse_split(PurePosixPath(self.member.name).stem) or "train"


@dataclasses.dataclass(frozen=True)
class Source:
    """What of a container is to be read: some csv files, or else its images.

    Attributes:
        container: Where they are.
        csvs: csv files with pixels.
        images: image files; empty where there is such a csv.
        unread: names of csv files that are left because another one holds their rows.
    """

    container: Container
    csvs: Sequence[CsvPart]
    images: Sequence[Member]
    unread: Sequence[str]

    @property
    def format(self) -> str:
        """For people: "csv", "csv in a zip archive", "images in a folder"."""
        what = "csv" if self.csvs else "images"
        return what if self.container.kind == "file" else f"{what} in a {self.container.kind}"

    @property
    def has_usage(self) -> bool:
        """Whether every row comes with a Usage of its own."""
        return bool(self.csvs) and all(part.header.usage is not None for part in self.csvs)

    @property
    def gives_splits(self) -> bool:
        """Whether splits come from the source; else all is train for want of a better."""
        return bool(self.csvs) or has_splits([image.name for image in self.images])

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """All rows, with `Batch.rows` counted through the whole source.

        Raises:
            InputError: the source cannot be read to its end, or unpacks past the limit.
        """
        start = 0
        for part in self._csv_parts(progress) if self.csvs else self._image_part(progress):
            n_rows = 0
            for batch in part:
                n_rows += len(batch.rows) + len(batch.rejected)
                yield dataclasses.replace(batch, rows=[start + row for row in batch.rows])
            start += n_rows

    def _csv_parts(self, progress: Progress) -> Iterator[Iterator[Batch]]:
        parts = {part.member.key: part for part in self.csvs}
        for member, opener in self.container.each():
            if member.key in parts:
                yield _read_part(parts[member.key], opener, progress)

    def _image_part(self, progress: Progress) -> Iterator[Iterator[Batch]]:
        with progress.task("reading images", len(self.images)) as advance:
            yield read_images(self.container, self.images, advance)


def open_source(path: Path, limit: float) -> Source:
    """What `path` holds.

    Args:
        path: A csv, plain or compressed; a zip or tar archive; a folder.
        limit: Bytes that an archive may unpack to.

    Raises:
        InputError: missing, damaged, an archive that is not safe, or nothing to read in it.
    """
    container = open_container(path, limit)
    found = [
        CsvPart(member, header)
        for member in container.members
        if member.head and (header := header_of(member.head)) is not None
    ]
    if found:
        chosen = _choose(found)
        unread = [part.member.name for part in found if part not in chosen]
        return Source(container, chosen, (), unread)
    images = [member for member in container.members if is_image(member.name)]
    if container.kind == "file" or not images:
        raise InputError(f"{path} holds nothing to import. {_seen(container)}", EXPECTED)
    return Source(container, (), images, ())


def _choose(found: Sequence[CsvPart]) -> list[CsvPart]:
    """The one csv with a Usage, which holds all rows; without one, all of them."""
    with_usage = [part for part in found if part.header.usage is not None]
    if not with_usage:
        return list(found)

    def rank(part: CsvPart) -> tuple[int, int]:
        name = PurePosixPath(part.member.name).name.lower()
        known = _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
        return known, -part.member.size

    return [min(with_usage, key=rank)]


def _seen(container: Container) -> str:
    if container.kind == "file":
        return "Its first line names no pixels column."
    csvs = [member.name for member in container.members if is_csv(member.name)]
    shown = csvs or [member.name for member in container.members]
    listed = ", ".join(shown[:5]) + (", ..." if len(shown) > 5 else "")
    return f"Seen in it: {listed or 'no file'}."


def _read_part(part: CsvPart, opener: Opener, progress: Progress) -> Iterator[Batch]:
    name = part.member.name
    with opener() as stream, progress.task(f"reading {name}", part.member.size / 1e6, "MB") as go:
        done = 0

        def at() -> None:
            nonlocal done
            position = stream.stored_position()
            go((position - done) / 1e6)
            done = position

        yield from read_csv(stream, name, part.default_split, at)
