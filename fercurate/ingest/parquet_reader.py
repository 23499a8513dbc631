"""Parquet files: the columns of FER2013's csv, or images in bytes beside their labels."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import numpy as np

from fercurate.errors import InputError
from fercurate.images import ImageError, decode_face
from fercurate.ingest.batch import Batch, Faces, Rejection, excerpt, no_faces
from fercurate.ingest.classes import LEFT_OUT, Classes
from fercurate.ingest.csv_reader import LABEL_NAMES, Reader, header_from
from fercurate.ingest.layout import split_of_root
from fercurate.ingest.streams import damage_named
from fercurate.progress import Progress

if TYPE_CHECKING:
    from pyarrow.parquet import ParquetFile

_ROWS_A_BATCH = 256
_IMAGE_NAMES = ("image", "img", "picture", "face")
_FIX = "Save it as csv with the columns emotion,pixels,Usage, or as folders train/<class>/1.jpg."


@dataclass(frozen=True)
class ParquetPart:
    """One parquet file to read.

    Attributes:
        path, name: Where it is; what `source` calls it.
        columns: Its columns' names.
        image: The one that holds images in bytes; None where pixels are text.
        label: The one that holds classes; None where there is none.
        names: Names of the numbers in it, by what the file says of itself.
        default_split: Of all its rows, unless a column Usage says otherwise.
        n_rows: How many there are.
    """

    path: Path
    name: str
    columns: Sequence[str]
    image: str | None
    label: str | None
    names: Sequence[str]
    default_split: str
    n_rows: int


def is_parquet(path: Path) -> bool:
    """Whether a file begins as parquet does."""
    if not path.is_file():
        return False
    with path.open("rb") as file:
        return file.read(4) == b"PAR1"


def open_parquet(path: Path, name: str, root: str) -> ParquetPart:
    """What a parquet file holds.

    Raises:
        InputError: it is damaged, or holds neither pixels nor images.
    """
    from pyarrow import types

    with damage_named(str(path)), _opened(path) as file:
        schema, n_rows = file.schema_arrow, file.metadata.num_rows
    columns = list(schema.names)
    lower = [column.lower() for column in columns]
    image = next((columns[lower.index(n)] for n in _IMAGE_NAMES if n in lower), None)
    if image is not None:
        kind = schema.field(image).type
        in_bytes = types.is_struct(kind) and kind.get_field_index("bytes") >= 0
        if not in_bytes and not types.is_binary(kind) and not types.is_large_binary(kind):
            image = None
    if image is None and "pixels" not in lower:
        raise InputError(
            f"{path} has neither a column pixels nor one of images: {', '.join(columns[:6])}.", _FIX
        )
    label = next((columns[lower.index(n)] for n in (*LABEL_NAMES, "labels") if n in lower), None)
    parts = PurePosixPath(name)
    places = [root, *parts.parts[:-1], re.split(r"[-_.]", parts.stem)[0]]
    split = next((s for place in reversed(places) if (s := split_of_root(place))), None)
    split = split or ("test" if label is None else "train")
    names = _names(schema.metadata or {}, label)
    return ParquetPart(path, name, columns, image, label, names, split, n_rows)


def read_parquet(part: ParquetPart, classes: Classes, progress: Progress) -> Iterator[Batch]:
    """The rows of a parquet file; `source` is "<name>:<row>", rows counted from 1.

    Raises:
        InputError: it is damaged.
    """
    reader = None
    if part.image is None:
        header = header_from([name.lower() for name in part.columns])
        reader = Reader(header, part.name, part.default_split, classes)
    first = 0
    with (
        progress.task(f"reading {part.name}", part.n_rows) as advance,
        damage_named(str(part.path)),
        _opened(part.path) as file,
    ):
        for group in file.iter_batches(batch_size=_ROWS_A_BATCH):
            rows = group.to_pylist()
            if reader is None:
                yield _images(part, rows, first, classes)
            else:
                for number, row in enumerate(rows, first + 1):
                    reader.take_cells(number, [_cell(row[name]) for name in part.columns])
                yield reader.batch()
            first += len(rows)
            advance(len(rows))
    if reader is not None:
        reader.check()


def _opened(path: Path) -> ParquetFile:
    from pyarrow.parquet import ParquetFile

    return ParquetFile(path)


def _names(metadata: dict[bytes, bytes], label: str | None) -> list[str]:
    """Names of a label's numbers, as a dataset card's parquet has them in its schema."""
    try:
        about = json.loads(metadata.get(b"huggingface", b"{}"))
        names = about["info"]["features"][label]["names"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return []
    return [str(name) for name in names] if isinstance(names, list) else []


def _images(
    part: ParquetPart, rows: Sequence[dict[str, Any]], first: int, classes: Classes
) -> Batch:
    faces: list[Faces] = []
    labels: list[str | None] = []
    good: list[int] = []
    rejected: list[Rejection] = []
    for index, row in enumerate(rows, first):
        named, label, reason = "", None, ""
        if part.label is not None:
            named = _named(row[part.label], part.names)
            label = classes.of_cell(named, numbered=False)
            if label is None:
                reason = f"unknown class {excerpt(named)}"
            elif label == LEFT_OUT:
                reason = "left out, as --classes says"
        found: Faces | None = None
        if not reason:
            try:
                found = decode_face(_bytes(row[str(part.image)]))
            except ImageError as error:
                reason = str(error)
        if found is None:
            is_out = label == LEFT_OUT
            rejected.append(
                Rejection(part.name, index + 1, reason, named, label or "", is_out,
                          part.default_split)
            )  # fmt: skip
        else:
            faces.append(found)
            labels.append(label)
            good.append(index)
    return Batch(
        faces=np.stack(faces) if faces else no_faces(),
        splits=[part.default_split] * len(good),
        labels=labels,
        sources=[f"{part.name}:{index + 1}" for index in good],
        rows=good,
        rejected=rejected,
    )


def _bytes(value: Any) -> bytes:
    data = value.get("bytes") if isinstance(value, dict) else value
    if not isinstance(data, bytes):
        raise ImageError("no image in its row")
    return data


def _named(value: Any, names: Sequence[str]) -> str:
    if isinstance(value, int) and 0 <= value < len(names):
        return names[value]
    return "" if value is None else str(value)


def _cell(value: Any) -> bytes:
    if isinstance(value, list):
        return " ".join(map(str, value)).encode()
    return b"" if value is None else str(value).encode("utf-8", "replace")
