from __future__ import annotations

import io
import tracemalloc

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_cases import fer_csv, made_faces, pixel_text

from fercurate.ingest.batch import Batch
from fercurate.ingest.csv_reader import MAX_LINE, Header, header_of, parse_header, read_csv

FACES = made_faces(5)
PIXELS = pixel_text(FACES[0]).encode()


class Dribble(io.BytesIO):
    """Gives few bytes at a time, as a decompressor may."""

    def read(self, size: int | None = -1, /) -> bytes:
        return super().read(min(701, size) if size and size > 0 else size)


def read(data: bytes, split: str = "train") -> list[Batch]:
    return list(read_csv(io.BytesIO(data), "x.csv", split))


def rows_of(batches: list[Batch]) -> list[tuple[int, str, str | None, str]]:
    return [
        row
        for batch in batches
        for row in zip(batch.rows, batch.splits, batch.labels, batch.sources, strict=True)
    ]


def reasons_of(batches: list[Batch]) -> list[tuple[int | None, str]]:
    return [(r.line, r.reason) for batch in batches for r in batch.rejected]


@pytest.mark.parametrize(
    ("line", "header"),
    [
        (b"emotion,pixels,Usage", Header(3, 1, 0, 2)),
        (b"emotion, Usage, pixels\r", Header(3, 2, 0, 1)),
        (b"\xef\xbb\xbfemotion,pixels", Header(2, 1, 0, None)),
        (b'"emotion","pixels","Usage"', Header(3, 1, 0, 2)),
        (b"pixels", Header(1, 0, None, None)),
        (b"id,EMOTION,PIXELS,USAGE", Header(4, 2, 1, 3)),
        (b"emotion,usage", None),
        (b"", None),
        (b'"pixels', None),
        (b"\xff\xfee\x00m\x00", None),
    ],
)
def test_header(line: bytes, header: Header | None) -> None:
    assert parse_header(line) == header
    assert header_of(b"\n\r\n" + line + b"\n1,2,3\n") == header


def test_rows_in_kaggles_format() -> None:
    batches = read(fer_csv(FACES))
    assert rows_of(batches) == [
        (0, "train", "angry", "x.csv:2"),
        (1, "val", "disgust", "x.csv:3"),
        (2, "test", "fear", "x.csv:4"),
        (3, "train", "happy", "x.csv:5"),
        (4, "val", "sad", "x.csv:6"),
    ]
    np.testing.assert_array_equal(np.concatenate([b.faces for b in batches]), FACES)
    assert reasons_of(batches) == []


@pytest.mark.parametrize(
    "data",
    [
        pytest.param(fer_csv(FACES).replace(b"\n", b"\r\n"), id="CRLF"),
        pytest.param(b"\xef\xbb\xbf" + fer_csv(FACES), id="BOM"),
        pytest.param(fer_csv(FACES).rstrip(b"\n"), id="no last newline"),
        pytest.param(fer_csv(FACES, (" Usage", "emotion", " pixels")), id="other order"),
        pytest.param(
            b"\n".join(
                b",".join(b'"' + cell + b'"' for cell in line.split(b","))
                for line in fer_csv(FACES).splitlines()
            ),
            id="quoted",
        ),
        pytest.param(fer_csv(FACES).replace(b",", b", "), id="spaces after commas"),
    ],
)
def test_dress_does_not_matter(data: bytes) -> None:
    batches, plain = read(data), read(fer_csv(FACES))
    assert rows_of(batches) == rows_of(plain)
    assert reasons_of(batches) == []
    np.testing.assert_array_equal(np.concatenate([b.faces for b in batches]), FACES)


def test_blank_lines_are_no_rows_but_count_as_lines() -> None:
    data = b"\n" + fer_csv(FACES[:2]).replace(b"\n", b"\n\n \r\n")
    assert [row[3] for row in rows_of(read(data))] == ["x.csv:5", "x.csv:8"]


@pytest.mark.parametrize(
    ("columns", "split", "expected"),
    [
        (("emotion", "pixels"), "train", ("train", "angry")),
        (("pixels",), "test", ("test", None)),
        (("pixels", "Usage"), "test", ("train", None)),
    ],
)
def test_missing_columns(
    columns: tuple[str, ...], split: str, expected: tuple[str, str | None]
) -> None:
    row = rows_of(read(fer_csv(FACES, columns), split))[0]
    assert row[1:3] == expected


@pytest.mark.parametrize(
    ("line", "reason"),
    [
        (b"0," + PIXELS, "2 columns instead of 3"),
        (b"0," + PIXELS + b",Training,", "4 columns instead of 3"),
        (b"7," + PIXELS + b",Training", "unknown class '7'"),
        (b"," + PIXELS + b",Training", "unknown class ''"),
        (b"contempt," + PIXELS + b",Training", "unknown class 'contempt'"),
        (b"0\xff," + PIXELS + b",Training", "unknown class"),
        (b"0," + PIXELS + b",Holdout", "unknown Usage 'Holdout'"),
        (b"0,1 2 3,Training", "3 pixel values instead of 2304"),
        (b'0,"' + PIXELS + b",Training", "broken quotes"),
        (b'"0\xff",' + PIXELS + b",Training", "bytes that are no UTF-8"),
        (b"0," + b"1 " * MAX_LINE + b",Training", f"longer than {MAX_LINE} bytes"),
        (b"\x00", "1 columns instead of 3"),
    ],
)
def test_a_bad_line_is_rejected_and_its_neighbours_are_not(line: bytes, reason: str) -> None:
    first, second, third = fer_csv(FACES[:2]).splitlines()
    batches = read(b"\n".join([first, second, line, third]))
    assert [(row[0], row[3]) for row in rows_of(batches)] == [(0, "x.csv:2"), (2, "x.csv:4")]
    [(number, given_reason)] = reasons_of(batches)
    assert number == 3
    assert reason in given_reason


def test_an_endless_line_is_not_held_in_memory() -> None:
    class Endless(io.RawIOBase):
        left = 200

        def read(self, size: int = -1, /) -> bytes:
            self.left -= 1
            if self.left == 199:
                return b"emotion,pixels,Usage\n"
            return b"1" * (1 << 20) if self.left > 0 else b""

    tracemalloc.start()
    batches = list(read_csv(Endless(), "x.csv", "train"))  # type: ignore[arg-type]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert reasons_of(batches) == [(2, f"longer than {MAX_LINE} bytes")]
    assert peak < 20 << 20


_CELLS = st.one_of(
    st.sampled_from([b"0", b"6", b"happy", b"Training", b"PublicTest", PIXELS, b'"0"', b'"', b""]),
    st.binary(max_size=12),
)
_LINES = st.one_of(
    st.lists(_CELLS, max_size=4).map(b",".join),
    st.just(b"3," + PIXELS + b",Training"),
    st.binary(max_size=40),
)


@settings(max_examples=150, deadline=None)
@given(st.lists(_LINES, max_size=6).map(b"\n".join), st.booleans())
def test_whatever_the_bytes_every_data_line_is_a_row_or_has_a_reason(
    data: bytes, dribble: bool
) -> None:
    stream = (Dribble if dribble else io.BytesIO)(b"emotion,pixels,Usage\n" + data)
    batches = list(read_csv(stream, "x.csv", "train"))
    n_rows, n_rejected = len(rows_of(batches)), len(reasons_of(batches))
    assert n_rows + n_rejected == sum(bool(line.strip()) for line in data.split(b"\n"))
    assert all(reason for _, reason in reasons_of(batches))
    assert sum(len(batch.faces) for batch in batches) == n_rows


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=200))
def test_whatever_the_header_there_is_no_exception(data: bytes) -> None:
    for batch in read_csv(io.BytesIO(data), "x.csv", "train"):
        assert len(batch.faces) == len(batch.rows)
