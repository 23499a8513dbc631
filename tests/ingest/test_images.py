from __future__ import annotations

import io
import struct
import zlib
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from ingest_cases import image_bytes, made_faces
from PIL import Image

from fercurate.images import (
    ImageError,
    decode_face,
    is_image,
    quiet_pillow,
    read_photo,
    read_small,
)
from fercurate.ingest.batch import Faces

FACE = made_faces(1)[0]
VALID = [
    image_bytes(FACE),
    image_bytes(FACE, "JPEG"),
    image_bytes(np.dstack([FACE] * 3), "JPEG", progressive=True),
    image_bytes(FACE, "BMP"),
    image_bytes(FACE, "WEBP"),
    image_bytes(FACE, "TIFF", compression="tiff_lzw"),
    image_bytes(FACE, "PPM"),
]


@pytest.mark.parametrize("kind", ["PNG", "BMP", "TIFF", "PPM"])
def test_a_grey_48x48_image_comes_out_bit_for_bit(kind: str) -> None:
    face = decode_face(image_bytes(FACE, kind))
    assert face.dtype == np.uint8
    np.testing.assert_array_equal(face, FACE)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        pytest.param(np.dstack([FACE] * 3), FACE, id="RGB"),
        pytest.param(np.dstack([FACE] * 3 + [FACE * 0]), FACE, id="RGBA"),
        pytest.param(np.dstack([FACE, FACE * 0]), FACE, id="LA"),
        pytest.param(FACE.astype(np.uint16) * 257, FACE, id="16 bit"),
        pytest.param(FACE > 100, np.where(FACE > 100, 255, 0), id="1 bit"),
        pytest.param(np.kron(FACE, np.ones((3, 3), np.uint8)), None, id="large"),
        pytest.param(FACE[::4, ::2], None, id="small and oblong"),
    ],
)
def test_colour_and_size(pixels: np.ndarray, expected: np.ndarray | None) -> None:
    face = decode_face(image_bytes(pixels))
    assert face.shape == (48, 48)
    if expected is None:
        assert np.corrcoef(face.ravel(), FACE.ravel())[0, 1] > 0.9
    else:
        np.testing.assert_array_equal(face, expected)


def test_luminance_weighs_green_most() -> None:
    means = [
        decode_face(image_bytes(np.full((9, 9, 3), colour, np.uint8))).mean()
        for colour in ((255, 0, 0), (0, 255, 0), (0, 0, 255))
    ]
    assert means == pytest.approx([76, 150, 29], abs=1)


def test_palette_cmyk_and_float() -> None:
    palette = Image.fromarray(FACE)
    palette.putpalette(np.repeat(np.arange(256), 3).tolist())
    cmyk = Image.fromarray(np.dstack([FACE] * 3)).convert("CMYK")
    for image, kind in ((palette, "PNG"), (cmyk, "TIFF")):
        buffer = io.BytesIO()
        image.save(buffer, kind)
        np.testing.assert_allclose(decode_face(buffer.getvalue()), FACE, atol=2)
    unit = image_bytes((FACE / 255).astype(np.float32), "TIFF")
    whole = image_bytes(FACE.astype(np.float32), "TIFF")
    np.testing.assert_array_equal(decode_face(unit), FACE)
    np.testing.assert_array_equal(decode_face(whole), FACE)


def test_exif_turns_the_image_upright() -> None:
    exif = Image.Exif()
    exif[0x0112] = 6  # to be shown turned a quarter clockwise
    turned = decode_face(image_bytes(np.rot90(FACE), "PNG", exif=exif))
    np.testing.assert_array_equal(turned, FACE)


def _claimed_png(width: int, height: int) -> bytes:
    """A PNG of few bytes that claims any size."""

    def chunk(kind: bytes, body: bytes) -> bytes:
        return (
            struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    body = chunk(b"IDAT", zlib.compress(b"\0" * 100))
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + body + chunk(b"IEND", b"")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        pytest.param(b"", "not an image", id="empty"),
        pytest.param(b"hello", "not an image", id="text"),
        pytest.param(b"%!PS-Adobe-3.0 EPSF-3.0\n", "not an image", id="EPS"),
        pytest.param(VALID[0][: len(VALID[0]) // 2], "damaged image", id="PNG cut short"),
        pytest.param(VALID[1][:-200], "damaged image", id="JPEG cut short"),
        pytest.param(_claimed_png(8000, 8000), "too large", id="bomb"),
        pytest.param(_claimed_png(60_000, 60_000), "too large", id="bigger bomb"),
        pytest.param(
            image_bytes(np.full((4, 4), np.nan, np.float32), "TIFF"), "outside 0..255", id="NaN"
        ),
        pytest.param(
            image_bytes(np.full((4, 4), 70_000, np.int32), "TIFF"), "outside 0..65535", id="32 bit"
        ),
    ],
)
def test_what_is_no_image_gets_a_reason(data: bytes, reason: str) -> None:
    with quiet_pillow(), pytest.raises(ImageError, match=reason):
        decode_face(data)


@pytest.mark.parametrize(
    ("pixels", "expected"),
    [
        pytest.param(FACE, FACE, id="grey"),
        pytest.param(np.dstack([FACE, FACE * 0]), FACE, id="grey and alpha"),
        pytest.param(FACE.astype(np.uint16) * 257, FACE, id="16 bit"),
        pytest.param(FACE > 100, np.where(FACE > 100, 255, 0), id="1 bit"),
        pytest.param(np.dstack([FACE, FACE // 2, FACE]), None, id="RGB"),
        pytest.param(np.dstack([FACE, FACE // 2, FACE, FACE]), None, id="RGBA"),
    ],
)
def test_a_photograph_keeps_its_size_and_colours(
    tmp_path: Path, pixels: np.ndarray, expected: np.ndarray | None
) -> None:
    path = tmp_path / "x.png"
    path.write_bytes(image_bytes(pixels))
    photo = read_photo(path)
    assert photo.dtype == np.uint8
    np.testing.assert_array_equal(photo, pixels[:, :, :3] if expected is None else expected)


def test_a_photograph_is_turned_upright_and_cmyk_becomes_rgb(tmp_path: Path) -> None:
    wide = np.dstack([np.tile(np.arange(0, 200, 2, dtype=np.uint8), (40, 1))] * 3)
    exif = Image.Exif()
    exif[0x0112] = 6
    path = tmp_path / "x.jpg"
    Image.fromarray(np.rot90(wide)).convert("CMYK").save(path, quality=95, exif=exif)
    photo = read_photo(path)
    assert photo.shape == (40, 100, 3)
    assert np.abs(photo.astype(int) - wide).max() < 12


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (_claimed_png(12_000, 12_000), "12000x12000 pixels is too large .limit: 100 megapixels"),
        (_claimed_png(60_000, 60_000), "too large .limit: 100 megapixels"),
        (b"hello", "not an image"),
        (VALID[1][:-200], "damaged image: .*[Tt]runcated"),
        (None, "cannot be read: No such file"),
    ],
)
def test_what_is_no_photograph_gets_a_reason(
    tmp_path: Path, data: bytes | None, reason: str
) -> None:
    path = tmp_path / "x.jpg"
    if data is not None:
        path.write_bytes(data)
    with quiet_pillow(), pytest.raises(ImageError, match=reason):
        read_photo(path)


@settings(max_examples=200, deadline=None)
@given(
    st.sampled_from(VALID),
    st.lists(st.tuples(st.floats(0, 1), st.binary(min_size=1, max_size=4)), max_size=4),
    st.one_of(st.none(), st.floats(0, 1)),
)
def test_damaged_files_give_a_face_or_a_reason(
    data: bytes, edits: list[tuple[float, bytes]], cut: float | None
) -> None:
    damaged = bytearray(data)
    for where, put in edits:
        start = int(where * len(damaged))
        damaged[start : start + len(put)] = put
    _face_or_reason(bytes(damaged[: None if cut is None else int(cut * len(damaged))]))


@settings(max_examples=100, deadline=None)
@given(st.binary(max_size=300))
def test_any_bytes_give_a_face_or_a_reason(data: bytes) -> None:
    _face_or_reason(data)


def _face_or_reason(data: bytes) -> None:
    with quiet_pillow():
        face: Faces | str
        try:
            face = decode_face(data)
        except ImageError as error:
            face = str(error)
    if isinstance(face, str):
        assert face
    else:
        assert face.shape == (48, 48)
        assert face.dtype == np.uint8


@pytest.mark.parametrize(
    ("name", "expected"),
    [("a/1.JPG", True), ("1.jpeg", True), ("x.PnG", True), ("x.txt", False), ("png", False)],
)
def test_images_are_told_by_suffix_in_any_case(name: str, expected: bool) -> None:
    assert is_image(name) == expected


@pytest.mark.parametrize(
    ("size", "least", "expected"),
    [
        ((800, 1200), 300, (400, 600)),
        ((800, 1200), 200, (200, 300)),
        ((800, 1200), 801, (800, 1200)),
        ((100, 90), 500, (100, 90)),
    ],
)
def test_a_large_jpeg_is_decoded_small(
    tmp_path: Path, size: tuple[int, int], least: int, expected: tuple[int, int]
) -> None:
    ramp = np.linspace(0, 255, size[1]).astype(np.uint8)[None].repeat(size[0], 0)
    path = tmp_path / "x.jpg"
    path.write_bytes(image_bytes(np.dstack([ramp] * 3), "JPEG"))
    pixels, factor = read_small(path, least)
    assert pixels.shape == (*expected, 3)
    assert factor == pytest.approx(size[0] / expected[0])
    assert abs(int(pixels[0, -1, 0]) - 255) < 8


def test_only_jpegs_are_decoded_small(tmp_path: Path) -> None:
    (tmp_path / "x.png").write_bytes(image_bytes(np.zeros((600, 400), np.uint8)))
    pixels, factor = read_small(tmp_path / "x.png", 50)
    assert pixels.shape == (600, 400)
    assert factor == 1


def test_a_small_reading_refuses_what_a_full_one_does(tmp_path: Path) -> None:
    (tmp_path / "x.jpg").write_bytes(b"nothing")
    with pytest.raises(ImageError, match="not an image"):
        read_small(tmp_path / "x.jpg", 100)
