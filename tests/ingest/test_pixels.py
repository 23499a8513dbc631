from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_cases import made_faces, pixel_text

from fercurate.ingest.pixels import N_PIXELS, parse_pixels

FACE = made_faces(1)[0]
TEXT = pixel_text(FACE).encode()


def reference(field: bytes) -> list[int] | None:
    """The same rule, a number at a time."""
    tokens = [token for token in field.split(b" ") if token]
    if len(tokens) != N_PIXELS or not all(set(token) <= set(b"0123456789") for token in tokens):
        return None
    values = [int(token) for token in tokens]
    return values if max(values) <= 255 else None


def test_faces_come_back_exactly_and_in_order() -> None:
    faces = made_faces(70, seed=3)
    faces[0] = np.arange(N_PIXELS, dtype=np.uint16).reshape(48, 48).astype(np.uint8)
    faces[1], faces[2] = 0, 255
    parsed, reasons = parse_pixels([pixel_text(face).encode() for face in faces])
    assert reasons == {}
    assert parsed.dtype == np.uint8
    np.testing.assert_array_equal(parsed, faces)


@pytest.mark.parametrize(
    "field",
    [
        pytest.param(b" " + TEXT, id="space before"),
        pytest.param(TEXT + b"  ", id="spaces after"),
        pytest.param(TEXT.replace(b" ", b"  "), id="two spaces"),
        pytest.param(b"00" + TEXT, id="leading zeros"),
    ],
)
def test_spaces_and_leading_zeros_do_not_matter(field: bytes) -> None:
    parsed, reasons = parse_pixels([TEXT, field])
    assert reasons == {}
    np.testing.assert_array_equal(parsed, [FACE, FACE])


@pytest.mark.parametrize(
    ("field", "reason"),
    [
        (b"", "0 pixel values instead of 2304"),
        (TEXT.rsplit(b" ", 1)[0], "2303 pixel values instead of 2304"),
        (TEXT + b" 7", "2305 pixel values instead of 2304"),
        (b"256" + TEXT[TEXT.index(b" ") :], "pixel value '256' is outside 0..255"),
        (b"300" + TEXT[TEXT.index(b" ") :], "pixel value '300' is outside 0..255"),
        (b"999" + TEXT[TEXT.index(b" ") :], "pixel value '999' is outside 0..255"),
        (b"9" * 30 + TEXT[TEXT.index(b" ") :], "is outside 0..255"),
        (b"-1" + TEXT[TEXT.index(b" ") :], "'-1' among the pixels is no number"),
        (b"1.5" + TEXT[TEXT.index(b" ") :], "'1.5' among the pixels is no number"),
        (b"1e1" + TEXT[TEXT.index(b" ") :], "'1e1' among the pixels is no number"),
        (TEXT.replace(b" ", b"\t", 1), "is no number"),
        (b"\xff\xd9" + TEXT, "is no number"),
        ("\u0663".encode() + TEXT, "is no number"),
    ],
)
def test_a_bad_field_gets_its_reason_and_harms_no_other(field: bytes, reason: str) -> None:
    parsed, reasons = parse_pixels([TEXT, field, TEXT])
    assert list(reasons) == [1]
    assert reason in reasons[1]
    np.testing.assert_array_equal(parsed, [FACE, FACE])


@settings(max_examples=60, deadline=None)
@given(
    st.lists(
        st.tuples(
            st.integers(0, len(TEXT) - 1),
            st.integers(0, 3),
            st.one_of(
                st.sampled_from([b" ", b"0", b"5", b"25", b"256", b"x"]), st.binary(max_size=3)
            ),
        ),
        max_size=4,
    )
)
def test_damaged_text_is_read_as_the_plain_rule_reads_it(
    edits: list[tuple[int, int, bytes]],
) -> None:
    field = TEXT
    for start, removed, put in edits:
        field = field[:start] + put + field[start + removed :]
    parsed, reasons = parse_pixels([field, TEXT])
    expected = reference(field)
    assert len(parsed) + len(reasons) == 2
    assert (0 in reasons) == (expected is None)
    if expected is not None:
        assert parsed[0].ravel().tolist() == expected
