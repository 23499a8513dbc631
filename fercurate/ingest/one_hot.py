"""`_classes.csv` beside images: a column a class, a 1 where an image is of it."""

from __future__ import annotations

import csv
from pathlib import PurePosixPath

from fercurate import dialect
from fercurate.errors import InputError
from fercurate.ingest.classes import LEFT_OUT, Classes
from fercurate.ingest.containers import Container
from fercurate.ingest.layout import Place, split_of_root
from fercurate.ingest.streams import damage_named

ONE_HOT = "_classes.csv"
_MAX_BYTES = 64 << 20


def read_one_hot(container: Container, classes: Classes, root: str = "") -> dict[str, Place]:
    """Where images belong, by the lists beside them.

    Args:
        container: Where the lists and the images are.
        classes: What the user said of its classes.
        root: What the source is called.

    Returns:
        Places by the names of images, relative to the source.

    Raises:
        InputError: a list is none, or has a class that is unknown.
    """
    places: dict[str, Place] = {}
    for member, opener in container.each():
        path = PurePosixPath(member.name)
        if path.name != ONE_HOT:
            continue
        with damage_named(member.name), opener() as stream:
            text = dialect.text_of(stream.read(_MAX_BYTES))
        folders = [root, *path.parts[:-1]]
        split = next((s for name in reversed(folders) if (s := split_of_root(name))), "train")
        for name, found in _places(text, member.name, split, classes).items():
            places[(path.parent / name).as_posix()] = found
    return places


def _places(text: str, name: str, split: str, classes: Classes) -> dict[str, Place]:
    lines = text.splitlines()
    rows = list(csv.reader(lines, delimiter=dialect.delimiter_of(lines[0] if lines else "")))
    header = [cell.strip() for cell in rows[0]] if rows else []
    if len(header) < 2 or header[0].lower() not in ("filename", "image", "file"):
        raise InputError(
            f"{name} has no column filename, followed by one a class.",
            "Put the images into folders: train/<class>/1.jpg",
        )
    known = [classes.of_folder(cell) for cell in header[1:]]
    unknown = [cell for cell, found in zip(header[1:], known, strict=True) if found is None]
    if unknown:
        raise InputError(
            f"{name} has the class {unknown[0]!r}, which fercurate does not know.",
            "Say what it is, or leave it out: --classes "
            + ",".join(f"{cell}=none" for cell in unknown),
        )
    places = {}
    for row in rows[1:]:
        cells = [cell.strip() for cell in row]
        if not any(cells):
            continue
        marked = [i for i, cell in enumerate(cells[1:]) if cell in ("1", "1.0")]
        marks_are_plain = all(cell in ("0", "1", "0.0", "1.0") for cell in cells[1:])
        if len(cells) != len(header) or not marks_are_plain or len(marked) != 1:
            places[cells[0]] = Place(reason=f"{name} gives it {len(marked)} classes", within=split)
            continue
        label, named = known[marked[0]], header[1 + marked[0]]
        if label == LEFT_OUT:
            reason = "left out, as --classes says"
            places[cells[0]] = Place(reason=reason, named=named, within=split, left_out=True)
        else:
            places[cells[0]] = Place(split, label, named=named)
    return places
