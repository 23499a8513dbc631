"""Finds out what a source holds and reads it, whatever its packaging."""

from __future__ import annotations

import dataclasses
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import field
from pathlib import Path, PurePosixPath

from fercurate.errors import InputError
from fercurate.folders import ending, is_junk, sorted_out, valid_text
from fercurate.images import is_image, unread_kind
from fercurate.ingest.batch import Batch, no_faces
from fercurate.ingest.classes import Classes
from fercurate.ingest.containers import (
    Container,
    Member,
    Opener,
    SingleFile,
    is_csv,
    open_container,
)  # fmt: skip
from fercurate.ingest.csv_reader import Header, header_of, read_csv
from fercurate.ingest.foreign import refuse_layout, refuse_nested
from fercurate.ingest.image_reader import read_images, rejection
from fercurate.ingest.layout import Place, has_splits, place, split_of_root
from fercurate.ingest.one_hot import ONE_HOT, read_one_hot
from fercurate.ingest.parquet_reader import ParquetPart, is_parquet, open_parquet, read_parquet
from fercurate.ingest.refusals import EXPECTED
from fercurate.progress import Progress

_PREFERRED = ("fer2013.csv", "icml_face_data.csv")


@dataclasses.dataclass(frozen=True)
class CsvPart:
    """One csv to read, and the split of its rows where it has no Usage."""

    member: Member
    header: Header
    root: str = ""

    @property
    def default_split(self) -> str:
        """As the file, a folder that it is in or the source is called; else train with labels."""
        path = PurePosixPath(self.member.name)
        names = [self.root, *path.parts[:-1], path.stem]
        said = next((split for name in reversed(names) if (split := split_of_root(name))), None)
        return said or ("test" if self.header.label is None else "train")


@dataclasses.dataclass(frozen=True)
class Source:
    """What of a container is to be read: some csv or parquet files, or else its images.

    Attributes:
        container: Where they are.
        csvs: csv files with pixels.
        images: image files; empty where there is such a csv.
        unread: names of csv files that are left because another one holds their rows.
        classes: What the user said of its classes.
        root: What the source is called, without a suffix.
        parquets: parquet files; empty where there is such a csv.
        refused: Images that are not opened, and why: kinds that are not read, links to nothing.
        others: How many files are not looked at, by their endings.
        listed: Places of images by name, where a csv beside them says their classes.
    """

    container: Container
    csvs: Sequence[CsvPart]
    images: Sequence[Member]
    unread: Sequence[str]
    classes: Classes = field(default_factory=Classes)
    root: str = ""
    parquets: Sequence[ParquetPart] = ()
    refused: Sequence[tuple[str, str]] = ()
    others: Mapping[str, int] = field(default_factory=dict)
    listed: Mapping[str, Place] | None = None

    @property
    def format(self) -> str:
        """For people: "csv", "csv in a zip archive", "images in a folder"."""
        what = "csv" if self.csvs else "parquet" if self.parquets else "images"
        return what if self.container.kind == "file" else f"{what} in a {self.container.kind}"

    @property
    def has_usage(self) -> bool:
        """Whether every row comes with a Usage of its own."""
        return bool(self.csvs) and all(part.header.usage is not None for part in self.csvs)

    @property
    def gives_splits(self) -> bool:
        """Whether splits come from the source; else all is train for want of a better."""
        if self.csvs or self.parquets:
            return True
        return has_splits([image.name for image in self.images], self.root)

    @property
    def whole_split(self) -> str | None:
        """The split of all images where only the source's name says one."""
        names = [image.name for image in self.images]
        if self.listed is not None or has_splits(names):
            return None
        return split_of_root(self.root)

    @property
    def is_table(self) -> bool:
        """Whether its rows are lines of a table and not files."""
        return bool(self.csvs or self.parquets)

    @property
    def numbered(self) -> bool:
        """Whether its numbers 0 to 6 are taken as FER2013's."""
        if self.classes.says_numbers:
            return False
        return any(p.header.label is not None and p.header.numbered for p in self.csvs) or any(
            p.image is None and p.label is not None and p.label.lower() == "emotion"
            for p in self.parquets
        )

    @property
    def names(self) -> list[str]:
        """The files with rows that are read, by name; empty where images are."""
        return [part.member.name for part in self.csvs] + [part.name for part in self.parquets]

    def batches(self, progress: Progress) -> Iterator[Batch]:
        """All rows, with `Batch.rows` counted through the whole source.

        Raises:
            InputError: the source cannot be read to its end, or unpacks past the limit.
        """
        start = 0
        for part in self._parts(progress):
            n_rows = 0
            for batch in part:
                n_rows += len(batch.rows) + len(batch.rejected)
                yield dataclasses.replace(batch, rows=[start + row for row in batch.rows])
            start += n_rows

    def _parts(self, progress: Progress) -> Iterator[Iterator[Batch]]:
        if self.csvs:
            yield from self._csv_parts(progress)
        elif self.parquets:
            for part in self.parquets:
                yield read_parquet(part, self.classes, progress)
        else:
            yield self._image_part(progress)

    def _csv_parts(self, progress: Progress) -> Iterator[Iterator[Batch]]:
        parts = {part.member.key: part for part in self.csvs}
        for member, opener in self.container.each():
            if member.key in parts:
                yield _read_part(parts[member.key], opener, self.classes, progress)

    def _image_part(self, progress: Progress) -> Iterator[Batch]:
        names = [image.name for image in self.images]
        places = self._places([*names, *(name for name, _ in self.refused)])
        with progress.task("reading images", len(self.images)) as advance:
            yield from read_images(self.container, self.images, places[: len(names)], advance)
        refused = zip(self.refused, places[len(names) :], strict=True)
        rejected = [rejection(name, reason, found) for (name, reason), found in refused]
        if rejected:  # behind the others, whose rows and names these leave alone
            yield Batch(no_faces(), [], [], [], [], rejected)

    def _places(self, names: Sequence[str]) -> list[Place]:
        if self.listed is None:
            return place(names, self.root, self.classes)
        missing = Place(reason=f"is not in {ONE_HOT}")
        return [self.listed.get(name, missing) for name in names]


def open_source(path: Path, limit: float, classes: Classes | None = None) -> Source:
    """What `path` holds.

    Args:
        path: A csv or parquet file, plain or compressed; a zip or tar archive; a folder.
        limit: Bytes that an archive may unpack to.
        classes: What the user said of its classes.

    Raises:
        InputError: missing, damaged, an archive that is not safe, a kind or a layout that is
            not read, or nothing to read in it.
    """
    said, root = classes or Classes(), _root_name(path)
    if is_parquet(path):
        part = open_parquet(path, path.name, root)
        single = SingleFile(path, limit, b"")
        return Source(single, (), (), (), said, root, [part])
    container = open_container(path, limit)
    members = [member for member in container.members if not is_junk(member.name)]
    names = [member.name for member in members]
    found = [
        CsvPart(member, header, root)
        for member in members
        if member.head and (header := header_of(member.head)) is not None
    ]
    if found:
        chosen = _choose(found)
        unread = [part.member.name for part in found if part not in chosen]
        taken = {part.member.name for part in found}
        rest = Counter(ending(name) for name in names if name not in taken)
        return Source(container, chosen, (), unread, said, root, others=rest)
    images = [member for member in members if is_image(member.name)]
    _, unread_images, others = sorted_out(names)
    if not images:
        parquets = [name for name in names if name.lower().endswith(".parquet")]
        if parquets and path.is_dir():
            parts = [open_parquet(path / str(m.key), m.name, root)
                     for m in members if m.name in parquets]  # fmt: skip
            del others[".parquet"]
            return Source(container, (), (), (), said, root, parts, others=others)
    refuse_layout(path, names)
    if container.kind == "file" or not images:
        refuse_nested(path, names)
        raise InputError(f"{path} holds nothing to import. {_seen(container)}", EXPECTED)
    refused = [(name, unread_kind(name)) for name in unread_images]
    refused += [
        (name, reason) for name, reason in container.refused
        if not is_junk(name) and (is_image(name) or unread_kind(name))
    ]  # fmt: skip
    source = Source(container, (), images, (), said, root, refused=refused, others=others)
    if any(PurePosixPath(name).name == ONE_HOT for name in names):
        listed = read_one_hot(container, said, root)
        others -= Counter({".csv": sum(PurePosixPath(name).name == ONE_HOT for name in names)})
        return dataclasses.replace(source, listed=listed, others=others)
    return source


def _root_name(path: Path) -> str:
    name = valid_text(path.resolve().name)
    return name if path.is_dir() else name.split(".")[0]


def _choose(found: Sequence[CsvPart]) -> list[CsvPart]:
    """The one csv with a Usage, which holds all rows; without one, all of them.

    Raises:
        InputError: several have one, and none is called as FER2013's is.
    """
    with_usage = [part for part in found if part.header.usage is not None]
    if not with_usage:
        return list(found)

    def rank(part: CsvPart) -> tuple[int, int]:
        name = PurePosixPath(part.member.name).name.lower()
        known = _PREFERRED.index(name) if name in _PREFERRED else len(_PREFERRED)
        return known, -part.member.size

    best = min(with_usage, key=rank)
    if len(with_usage) > 1 and rank(best)[0] == len(_PREFERRED):
        names = ", ".join(part.member.name for part in with_usage)
        raise InputError(
            f"It holds several csv files with pixels and a Usage: {names}.",
            "Import the one that holds all rows by itself.",
        )
    return [best]


def _seen(container: Container) -> str:
    if container.kind == "file":
        return "Its first line names no pixels column."
    csvs = [member.name for member in container.members if is_csv(member.name)]
    shown = csvs or [member.name for member in container.members]
    listed = ", ".join(shown[:5]) + (", ..." if len(shown) > 5 else "")
    return f"Seen in it: {listed or 'no file'}."


def _read_part(
    part: CsvPart, opener: Opener, classes: Classes, progress: Progress
) -> Iterator[Batch]:
    name = part.member.name
    with opener() as stream, progress.task(f"reading {name}", part.member.size / 1e6, "MB") as go:
        done = 0

        def at() -> None:
            nonlocal done
            position = stream.stored_position()
            go((position - done) / 1e6)
            done = position

        yield from read_csv(stream, name, part.default_split, at, classes)
