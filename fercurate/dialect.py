"""How a csv is written: its encoding, what stands between cells, how lines end.

Spreadsheets save with semicolons or tabs, in UTF-16, and with the line ends of an old Mac.
"""

from __future__ import annotations

import codecs
import csv
import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass

DELIMITERS = (b",", b";", b"\t", b"|")
_BOMS = (  # the longer first: that of UTF-32 begins like that of UTF-16
    (codecs.BOM_UTF8, "utf-8"),
    (codecs.BOM_UTF32_LE, "utf-32-le"),
    (codecs.BOM_UTF32_BE, "utf-32-be"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
_LOOK = 1024
_SEP = re.compile(rb"sep=(.)", re.DOTALL | re.IGNORECASE)


@dataclass(frozen=True)
class Encoding:
    """A codec's name, and how many bytes its mark at the beginning takes (0: there is none)."""

    name: str = "utf-8"
    bom: int = 0


def encoding_of(head: bytes) -> Encoding:
    """The encoding that the first bytes show: by their mark, or by the zeros of UTF-16."""
    for bom, name in _BOMS:
        if head.startswith(bom):
            return Encoding(name, len(bom))
    start = head[:_LOOK]
    for odd, name in ((1, "utf-16-le"), (0, "utf-16-be")):
        zeros, others = start[odd::2], start[1 - odd :: 2]
        if len(zeros) > 8 and zeros.count(0) > 0.9 * len(zeros) and not others.count(0):
            return Encoding(name)
    return Encoding()


def as_utf8(chunks: Iterator[bytes], encoding: Encoding) -> Iterator[bytes]:
    """The same text in UTF-8, its mark left out; UTF-8 itself as it is, bad bytes and all."""
    left = encoding.bom
    decode: Callable[[bytes], str] | None = None
    if encoding.name != "utf-8":
        decode = codecs.getincrementaldecoder(encoding.name)("replace").decode
    for chunk in chunks:
        cut, left = chunk[left:], max(0, left - len(chunk))
        yield cut if decode is None else decode(cut).encode("utf-8", "replace")


def line_end(head: bytes) -> bytes:
    """What ends lines, in UTF-8: a newline, or a carriage return where that alone stands."""
    first = head.lstrip(b"\r\n").split(b"\n", 1)[0]
    return b"\r" if b"\r" in first.rstrip(b"\r") else b"\n"


def told_delimiter(line: bytes) -> bytes | None:
    """The delimiter that Excel's line "sep=;" names; None for any other line."""
    found = _SEP.fullmatch(line.strip(b" \r\n"))
    return found[1] if found else None


def fields(line: bytes, delimiter: bytes = b",") -> list[bytes] | str:
    """The cells of a line in UTF-8, or why it has none."""
    if b'"' not in line:
        return line.split(delimiter)
    try:
        text = line.decode("utf-8")
        rows = list(csv.reader([text], strict=True, delimiter=delimiter.decode("utf-8")))
    except UnicodeDecodeError:
        return "bytes that are no UTF-8"
    except csv.Error as error:
        return f"broken quotes: {error}"
    return [field.encode() for row in rows for field in row]


def text_of(data: bytes) -> str:
    """A small csv as text with newlines, without its mark.

    Raises:
        UnicodeDecodeError: the bytes are no text.
    """
    encoding = encoding_of(data)
    return io.StringIO(data[encoding.bom :].decode(encoding.name), newline=None).read()


def delimiter_of(line: str) -> str:
    """The delimiter of a header line: the one that is there most often, a comma if none."""
    return max((d.decode() for d in DELIMITERS), key=line.count)
