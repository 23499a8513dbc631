"""FER2013's csv in all its dresses, streamed: rows or reasons, whatever the bytes."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from itertools import chain
from typing import BinaryIO

from fercurate import dialect
from fercurate.errors import InputError
from fercurate.ingest.batch import Batch, Rejection, excerpt
from fercurate.ingest.classes import LEFT_OUT, Classes, is_number, option
from fercurate.ingest.pixels import parse_pixels
from fercurate.labels import parse_class, parse_split

MAX_LINE = 1 << 17
"""Bytes; a FER2013 line has at most 9,300. Longer ones are refused without being held."""
# Small enough that freed memory is used again and not given back and faulted in anew.
_CHUNK = 1 << 18
_ROWS_A_BATCH = 16
_HEAD = 1 << 12
_MOST_PAIRS = 256
LABEL_NAMES = ("emotion", "label", "class", "expression")
_NAMED = re.compile(rf"({'|'.join(LABEL_NAMES)})[ _-]?(name|text|str|string|label|class)")
_FER2013_NUMBERS = "emotion"
"""The column whose numbers 0 to 6 are FER2013's; a number in another one names no class."""
_USAGE_NAMES = ("usage", "split")


@dataclass(frozen=True)
class Header:
    """Which column is which; None where the csv has no such column.

    Attributes:
        n_columns: How many there are.
        pixels, label, usage: Their places.
        beside: A second column of classes, which must agree with the first.
        numbered: Whether 0 to 6 in the label column are FER2013's.
        delimiter: What stands between cells.
        names: All names, in lower case.
    """

    n_columns: int
    pixels: int
    label: int | None
    usage: int | None
    beside: int | None = field(default=None, compare=False)
    numbered: bool = field(default=True, compare=False)
    delimiter: bytes = field(default=b",", compare=False)
    names: tuple[str, ...] = field(default=(), compare=False)


def parse_header(line: bytes, delimiter: bytes | None = None) -> Header | None:
    """The columns that a csv's first line names, None when it names no pixels.

    Names are taken in any order and case, with spaces around and with or without quotes.

    Args:
        line: In UTF-8.
        delimiter: What stands between cells; None for whichever of `dialect.DELIMITERS`
            makes one of them "pixels".
    """
    line = line.removeprefix(b"\xef\xbb\xbf").strip(b" \r\n\x0b\x0c")
    for mark in dialect.DELIMITERS if delimiter is None else (delimiter,):
        cells = dialect.fields(line, mark)
        if isinstance(cells, str):
            continue
        names = [cell.strip().lower().decode("utf-8", "replace") for cell in cells]
        if "pixels" in names:
            return header_from(names, mark)
    return None


def header_from(names: list[str], delimiter: bytes = b",") -> Header:
    """Which column is which, by their names in lower case; "pixels" is among them."""
    named = [name for name in names if _NAMED.fullmatch(name)]
    labels = [*(name for name in LABEL_NAMES if name in names), *named]
    return Header(
        n_columns=len(names),
        pixels=names.index("pixels"),
        label=names.index(labels[0]) if labels else None,
        usage=next((names.index(name) for name in _USAGE_NAMES if name in names), None),
        beside=names.index(labels[1]) if len(labels) > 1 else None,
        numbered=bool(labels) and labels[0] == _FER2013_NUMBERS,
        delimiter=delimiter,
        names=tuple(names),
    )


def header_of(head: bytes) -> Header | None:
    """The same from the first kilobytes of a csv, whatever its dialect."""
    encoding = dialect.encoding_of(head)
    text = b"".join(dialect.as_utf8(iter([head]), encoding))
    told = None
    for line in text.split(dialect.line_end(text)):
        if line.strip():
            if told is None and (told := dialect.told_delimiter(line)) is not None:
                continue
            return parse_header(line, told)
    return None


def read_csv(
    stream: BinaryIO,
    name: str,
    default_split: str,
    at: Callable[[], None] = lambda: None,
    classes: Classes | None = None,
) -> Iterator[Batch]:
    """The rows of a csv, one a physical line; blank lines are none.

    Args:
        stream: The csv, decompressed, at its beginning.
        name: Stands in `source`: "<name>:<line>", lines counted from 1.
        default_split: Split of all rows where the csv has no Usage.
        at: Called after each batch that was read, for a progress bar.
        classes: What the user said of its classes.

    Yields:
        Batches whose rows and rejections together are all data lines. Nothing when the
        first line is no header with a pixels column.

    Raises:
        InputError: at the end, when a second column of classes contradicts the first.
    """
    head = stream.read(_HEAD)
    encoding = dialect.encoding_of(head)
    chunks = chain([head], iter(lambda: stream.read(_CHUNK), b""))
    plain = dialect.as_utf8(chunks, encoding)
    first = next(plain, b"")
    lines = _lines(chain([first], plain), dialect.line_end(first))
    header = told = None
    for _, line in lines:
        if line is not None and told is None:
            told = dialect.told_delimiter(line)
            if told is not None:
                continue
        if line is None or line.strip():
            header = None if line is None else parse_header(line, told)
            break
    if header is None:
        return
    reader = Reader(header, name, default_split, classes or Classes())
    for number, line in lines:
        if line is None or line.strip():
            reader.take(number, line)
            if reader.n_held >= _ROWS_A_BATCH:
                yield reader.batch()
                at()
    yield reader.batch()
    at()
    reader.check()


class Reader:
    """Collects rows of a csv or a table and turns them into batches."""

    def __init__(self, header: Header, name: str, default_split: str, classes: Classes) -> None:
        self._header, self._name, self._default_split = header, name, default_split
        self._next_row = 0
        self._classes, self._known = classes, dict[bytes, str | None]()
        self._beside: dict[tuple[bytes, bytes], int] = {}
        self._clear()

    def _clear(self) -> None:
        self._held: list[tuple[int, int, str, str | None, bytes, bytes]] = []
        self._rejected: list[Rejection] = []

    @property
    def n_held(self) -> int:
        return len(self._held) + len(self._rejected)

    def take(self, number: int, line: bytes | None) -> None:
        """A line of the csv; None for one past `MAX_LINE`."""
        if line is None:
            self.take_cells(number, f"longer than {MAX_LINE} bytes")
        else:
            self.take_cells(number, dialect.fields(line.rstrip(b"\r"), self._header.delimiter))

    def take_cells(self, number: int, cells: list[bytes] | str) -> None:
        """A row's cells, or why it has none."""
        row = self._next_row
        self._next_row += 1
        header = self._header
        if isinstance(cells, str):
            self._reject(number, cells)
            return
        if len(cells) != header.n_columns:
            self._reject(number, f"{len(cells)} columns instead of {header.n_columns}")
            return
        label, text = None, b""
        if header.label is not None:
            text = cells[header.label]
            label = self._class_of(text)
            if header.beside is not None and len(self._beside) < _MOST_PAIRS:
                self._beside.setdefault((text, cells[header.beside]), number)
            if label is None:
                self._reject(number, f"unknown class {_shown(text)}", text)
                return
            if label == LEFT_OUT:
                self._reject(number, "left out, as --classes says", text, left_out=True)
                return
        split: str | None = self._default_split
        if header.usage is not None:
            split = parse_split(_text(cells[header.usage]))
            if split is None:
                self._reject(number, f"unknown Usage {_shown(cells[header.usage])}", text)
                return
        self._held.append((row, number, str(split), label, cells[header.pixels].strip(b" "), text))

    def _reject(
        self, number: int, reason: str, text: bytes = b"", *, left_out: bool = False
    ) -> None:
        known = self._known.get(text) or ""
        self._rejected.append(
            Rejection(self._name, number, reason, _text(text).strip(), known, left_out)
        )

    def _class_of(self, cell: bytes) -> str | None:
        if cell not in self._known:
            if len(self._known) >= _MOST_PAIRS:
                self._known.clear()
            self._known[cell] = self._classes.of_cell(_text(cell), numbered=self._header.numbered)
        return self._known[cell]

    def check(self) -> None:
        """Refuse labels that the names beside them contradict.

        Raises:
            InputError: a row has a class in one column and another one in the other.
        """
        header, wrong, clear = self._header, None, not self._classes.says_numbers
        meanings: dict[str, str] = {}
        for (cell, beside), number in self._beside.items():
            ours, name = self._known.get(cell), _text(beside).strip()
            if not name or is_number(name):
                continue
            theirs = parse_class(name)
            if is_number(_text(cell)):
                of_one = meanings.setdefault(_text(cell).strip(), theirs or "none")
                clear &= of_one == (theirs or "none")
            if ours not in (LEFT_OUT, theirs) and wrong is None:
                wrong = number, cell, ours, name
        if wrong is None or header.label is None or header.beside is None:
            return
        number, cell, ours, name = wrong
        said = f", which would be {ours}" if ours and is_number(_text(cell)) else ""
        raise InputError(
            f"{self._name} line {number}: {header.names[header.label]} is {_shown(cell)}{said}, "
            f"and {header.names[header.beside]} is {excerpt(name)}.",
            f"If the names are right, say so: {option(dict(sorted(meanings.items())))}"
            if meanings and clear
            else "Leave one of the two columns out.",
        )

    def batch(self) -> Batch:
        faces, reasons = parse_pixels([held[4] for held in self._held])
        good = [held for index, held in enumerate(self._held) if index not in reasons]
        for index, reason in reasons.items():
            self._reject(self._held[index][1], reason, self._held[index][5])
        rejected = self._rejected
        self._clear()
        return Batch(
            faces=faces,
            splits=[held[2] for held in good],
            labels=[held[3] for held in good],
            sources=[f"{self._name}:{number}" for _, number, *_ in good],
            rows=[row for row, *_ in good],
            rejected=sorted(rejected, key=lambda rejection: rejection.line or 0),
        )


def _lines(chunks: Iterator[bytes], end: bytes) -> Iterator[tuple[int, bytes | None]]:
    """Lines and their numbers from 1, without what ends them; None for one past `MAX_LINE`."""
    number, held, too_long = 0, b"", False
    for chunk in chunks:
        *whole, rest = chunk.split(end)
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


def _text(cell: bytes) -> str:
    return cell.decode("utf-8", "backslashreplace")


def _shown(cell: bytes) -> str:
    return excerpt(_text(cell))
