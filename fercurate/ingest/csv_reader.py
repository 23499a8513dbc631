"""FER2013's csv in all its dresses, streamed: rows or reasons, whatever the bytes."""

from __future__ import annotations

import csv
import functools
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import BinaryIO

from fercurate.ingest.batch import Batch, Rejection, excerpt
from fercurate.ingest.pixels import parse_pixels
from fercurate.labels import parse_class, parse_split

MAX_LINE = 1 << 17
"""Bytes; a FER2013 line has at most 9,300. Longer ones are refused without being held."""

# Small enough that freed memory is used again and not given back and faulted in anew.
_CHUNK = 1 << 18
_ROWS_A_BATCH = 16
_BOM = b"\xef\xbb\xbf"
_LABEL_NAMES = ("emotion", "label", "class", "expression")
_USAGE_NAMES = ("usage", "split")


@dataclass(frozen=True)
class Header:
    """Which column is which; None where the csv has no such column."""

    n_columns: int
    pixels: int
    label: int | None
    usage: int | None


def parse_header(line: bytes) -> Header | None:
    """The columns that a csv's first line names, None when it names no pixels.

    Names are taken in any order and case, with spaces around and with or without quotes.
    """
    fields = _fields(line.removeprefix(_BOM).strip())
    if isinstance(fields, str):
        return None
    names = [field.strip().lower().decode("utf-8", "replace") for field in fields]
    if "pixels" not in names:
        return None
    return Header(
        n_columns=len(names),
        pixels=names.index("pixels"),
        label=_first(names, _LABEL_NAMES),
        usage=_first(names, _USAGE_NAMES),
    )


def header_of(head: bytes) -> Header | None:
    """The same from the first kilobytes of a csv."""
    for line in head.removeprefix(_BOM).split(b"\n"):
        if line.strip():
            return parse_header(line)
    return None


def read_csv(
    stream: BinaryIO,
    name: str,
    default_split: str,
    at: Callable[[], None] = lambda: None,
) -> Iterator[Batch]:
    """The rows of a csv, one a physical line; blank lines are none.

    Args:
        stream: The csv, decompressed, at its beginning.
        name: Stands in `source`: "<name>:<line>", lines counted from 1.
        default_split: Split of all rows where the csv has no Usage.
        at: Called after each batch that was read, for a progress bar.

    Yields:
        Batches whose rows and rejections together are all data lines. Nothing when the
        first line is no header with a pixels column.
    """
    lines = _lines(stream)
    header = None
    for _, line in lines:
        if line is None or line.strip():
            header = None if line is None else parse_header(line)
            break
    if header is None:
        return
    reader = _Reader(header, name, default_split)
    for number, line in lines:
        if line is None or line.strip():
            reader.take(number, line)
            if reader.n_held >= _ROWS_A_BATCH:
                yield reader.batch()
                at()
    yield reader.batch()
    at()


class _Reader:
    """Collects lines and turns them into batches."""

    def __init__(self, header: Header, name: str, default_split: str) -> None:
        self._header, self._name, self._default_split = header, name, default_split
        self._next_row = 0
        self._clear()

    def _clear(self) -> None:
        self._held: list[tuple[int, int, str, str | None, bytes]] = []
        self._rejected: list[Rejection] = []

    @property
    def n_held(self) -> int:
        return len(self._held) + len(self._rejected)

    def take(self, number: int, line: bytes | None) -> None:
        row = self._next_row
        self._next_row += 1
        cells = self._cells(line)
        if isinstance(cells, str):
            self._rejected.append(Rejection(self._name, number, cells))
        else:
            self._held.append((row, number, *cells))

    def _cells(self, line: bytes | None) -> tuple[str, str | None, bytes] | str:
        """Split, label and pixel text of a line, or why it has none."""
        if line is None:
            return f"longer than {MAX_LINE} bytes"
        fields = _fields(line.rstrip(b"\r"))
        if isinstance(fields, str):
            return fields
        header = self._header
        if len(fields) != header.n_columns:
            return f"{len(fields)} columns instead of {header.n_columns}"
        label = None
        if header.label is not None:
            label = _class_of(fields[header.label])
            if label is None:
                return f"unknown class {_shown(fields[header.label])}"
        split: str | None = self._default_split
        if header.usage is not None:
            split = _split_of(fields[header.usage])
            if split is None:
                return f"unknown Usage {_shown(fields[header.usage])}"
        return str(split), label, fields[header.pixels].strip(b" ")

    def batch(self) -> Batch:
        faces, reasons = parse_pixels([pixels for *_, pixels in self._held])
        good = [held for index, held in enumerate(self._held) if index not in reasons]
        rejected = self._rejected + [
            Rejection(self._name, self._held[index][1], reason) for index, reason in reasons.items()
        ]
        self._clear()
        return Batch(
            faces=faces,
            splits=[split for _, _, split, _, _ in good],
            labels=[label for _, _, _, label, _ in good],
            sources=[f"{self._name}:{number}" for _, number, *_ in good],
            rows=[row for row, *_ in good],
            rejected=sorted(rejected, key=lambda rejection: rejection.line or 0),
        )


def _lines(stream: BinaryIO) -> Iterator[tuple[int, bytes | None]]:
    """Lines and their numbers from 1, without the newline; None for one past `MAX_LINE`."""
    number, held, too_long = 0, b"", False
    while chunk := stream.read(_CHUNK):
        *whole, rest = chunk.split(b"\n")
        if whole:
            whole[0], held = held + whole[0], rest
            for line in whole:
                number += 1
                yield number, None if too_long or len(line) > MAX_LINE else line
                too_long = False
        else:
            held += rest
        if len(held) > MAX_LINE:
            held, too_long = b"", True
    if held or too_long:
        yield number + 1, None if too_long else held


def _fields(line: bytes) -> list[bytes] | str:
    if b'"' not in line:
        return line.split(b",")
    try:
        rows = list(csv.reader([line.decode("utf-8")], strict=True))
    except UnicodeDecodeError:
        return "bytes that are no UTF-8"
    except csv.Error as error:
        return f"broken quotes: {error}"
    return [field.encode() for row in rows for field in row]


def _first(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _text(cell: bytes) -> str:
    return cell.decode("utf-8", "backslashreplace")


def _shown(cell: bytes) -> str:
    return excerpt(_text(cell))


@functools.lru_cache(maxsize=256)
def _class_of(cell: bytes) -> str | None:
    return parse_class(_text(cell))


@functools.lru_cache(maxsize=256)
def _split_of(cell: bytes) -> str | None:
    return parse_split(_text(cell))
