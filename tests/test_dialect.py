"""How a csv is written."""

from __future__ import annotations

import pytest

from fercurate import dialect

TEXT = "row;kind\n1;drawn\n"


@pytest.mark.parametrize(
    "data",
    [
        TEXT.encode(),
        TEXT.encode("utf-8-sig"),
        TEXT.encode("utf-16"),
        TEXT.encode("utf-16-le") * 3,
        TEXT.encode("utf-16-be") * 3,
        TEXT.encode("utf-32"),
        TEXT.replace("\n", "\r").encode(),
        TEXT.replace("\n", "\r\n").encode(),
    ],
)
def test_text_of(data: bytes) -> None:
    assert dialect.text_of(data).startswith(TEXT)


@pytest.mark.parametrize("size", [1, 2, 3, 7])
def test_pieces_of_utf16_are_put_together(size: int) -> None:
    data = "\ufeffä,ö\n".encode("utf-16-le")
    pieces = [data[i : i + size] for i in range(0, len(data), size)]
    made = b"".join(dialect.as_utf8(iter(pieces), dialect.encoding_of(data)))
    assert made.decode() == "ä,ö\n"


@pytest.mark.parametrize(
    ("head", "end"),
    [(b"a,b\n1,2\n", b"\n"), (b"a,b\r\n1,2\r\n", b"\n"), (b"a,b\r1,2\r", b"\r"), (b"", b"\n")],
)
def test_line_end(head: bytes, end: bytes) -> None:
    assert dialect.line_end(head) == end


def test_delimiters() -> None:
    assert [dialect.delimiter_of(line) for line in ("a,b", "a;b", "a\tb", "a")] == list(",;\t,")
    assert dialect.told_delimiter(b"sep=;\r") == b";"
    assert dialect.told_delimiter(b"emotion,pixels") is None
