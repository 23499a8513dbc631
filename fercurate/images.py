"""Image files of any size and colour as arrays: 48x48 grey faces, or photographs."""

from __future__ import annotations

import io
import stat
import struct
from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import BinaryIO
from warnings import catch_warnings, simplefilter

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageOps, UnidentifiedImageError, features

from fercurate.labels import FACE_SIDE

Faces = NDArray[np.uint8]

_HAS_AVIF = bool(features.check("avif"))

SUFFIXES = frozenset(
    (
        ".jpg", ".jpeg", ".jpe", ".jfif", ".pjpeg", ".pjp", ".png", ".gif", ".bmp", ".dib",
        ".webp", ".tif", ".tiff", ".pbm", ".pgm", ".ppm", ".pnm", *((".avif",) * _HAS_AVIF),
    )
)  # fmt: skip
"""Images that are read, by the end of their names."""

UNREAD = frozenset(
    (
        ".heic", ".heif", ".hif", ".avif", ".jxl", ".jp2", ".j2k", ".jpx", ".jxr", ".svg",
        ".psd", ".tga", ".ico", ".icns", ".eps", ".xcf", ".exr", ".hdr", ".pcx", ".apng",
        ".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf", ".rw2", ".raf", ".pef", ".srw",
    )
) - SUFFIXES  # fmt: skip
"""Kinds of images that are not read, and are said to be so.

Raw ones are never tried: Pillow would read the thumbnail in them as if it were the picture.
"""

READ_KINDS = ".jpg, .jfif, .png, .gif, .webp, .bmp, .tif, .pgm" + ", .avif" * _HAS_AVIF
"""For messages: which images are read."""

MAX_FILE_BYTES = 64 << 20
MAX_IMAGE_PIXELS = 40_000_000
"""More is refused before it is decoded: a small file can claim a huge image."""
MAX_PHOTO_PIXELS = 100_000_000
"""The same for photographs that faces are looked for in."""

# Only these decoders are tried: others of Pillow's start programs (EPS) or are little kept.
_FORMATS = ("JPEG", "PNG", "BMP", "WEBP", "TIFF", "PPM", "GIF", *(("AVIF",) * _HAS_AVIF))
_MOVING = frozenset(("GIF", "WEBP", "PNG", "AVIF"))


class ImageError(ValueError):
    """Bytes that are no usable image; the text is the reason."""


def is_image(name: str) -> bool:
    """Whether a file is an image that is read, by its suffix in any case."""
    return _suffix(name) in SUFFIXES


def unread_kind(name: str) -> str:
    """Why an image of such a name is not read: "HEIC is not read: export it as JPEG"; else ""."""
    suffix = _suffix(name)
    return f"{suffix[1:].upper()} is not read: export it as JPEG" if suffix in UNREAD else ""


def _suffix(name: str) -> str:
    stem, dot, suffix = name.rpartition(".")
    return f"{dot}{suffix}".lower() if stem and not stem.endswith("/") else ""


def read_file(path: Path) -> bytes:
    """The bytes of an image file, cut behind the largest that `decode_face` takes.

    Raises:
        ImageError: it is no regular file, or cannot be read.
    """
    try:
        with _opened(path) as file:
            return file.read(MAX_FILE_BYTES + 1)
    except ImageError:
        raise
    except OSError as error:
        raise ImageError(f"cannot be read: {error.strerror}") from error
    except ValueError as error:  # a NUL in its name
        raise ImageError(f"cannot be read: {error}") from error


@contextmanager
def _opened(path: Path) -> Iterator[BinaryIO]:
    """A regular file; anything else is refused, for to open a pipe is to wait for its writer."""
    mode = path.stat().st_mode
    if not stat.S_ISREG(mode):
        what = "a folder" if stat.S_ISDIR(mode) else "a pipe or a device"
        raise ImageError(f"is {what}, not a file")
    reason = unread_kind(path.name)
    if reason:
        raise ImageError(reason)
    with path.open("rb") as file:
        yield file


def decode_face(data: bytes) -> Faces:
    """One face out of the bytes of an image file.

    Turned upright as EXIF says, made grey (ITU-R 601 luminance; transparency is ignored),
    and resized with Lanczos without regard to its shape. A 48x48 grey image comes out bit
    for bit. 16-bit values are divided by 257; floating-point ones are taken as 0..1, or as
    0..255 when they exceed 1.

    Returns:
        uint8 [48, 48].

    Raises:
        ImageError: with the reason; no other exception, whatever the bytes.
    """
    if len(data) > MAX_FILE_BYTES:
        raise ImageError(f"image file larger than {MAX_FILE_BYTES >> 20} MB")
    return _decode(io.BytesIO(data), MAX_IMAGE_PIXELS, _to_face)


def read_photo(path: Path) -> NDArray[np.uint8]:
    """A photograph, turned upright as EXIF says; transparency is ignored.

    Values of 16 bits and more are scaled as in `decode_face`.

    Returns:
        uint8 [H, W] where it is grey, else uint8 [H, W, 3] RGB.

    Raises:
        ImageError: with the reason; no other exception, whatever the file.
    """
    return _decode(path, MAX_PHOTO_PIXELS, _to_photo)


def read_small(path: Path, least: int) -> tuple[NDArray[np.uint8], float]:
    """A photograph as `read_photo` gives it, but a large JPEG at a part of its size.

    A JPEG can be decoded at a half, a quarter or an eighth in a fraction of the time.

    Args:
        path: The file.
        least: The shorter side keeps at least this many pixels, or all that it has.

    Returns:
        uint8 [H, W] or [H, W, 3], and how many pixels of the photograph make one of it, 1..8.

    Raises:
        ImageError: as `read_photo`.
    """
    full: list[int] = []

    def shrink(image: Image.Image) -> None:
        full.append(max(image.size))
        image.draft(None, (least, least))

    pixels = _decode(path, MAX_PHOTO_PIXELS, _to_photo, shrink)
    return pixels, full[0] / max(pixels.shape[:2])


def _decode(
    source: Path | io.BytesIO,
    limit: int,
    finish: Callable[[Image.Image], NDArray[np.uint8]],
    prepare: Callable[[Image.Image], None] = lambda image: None,
) -> NDArray[np.uint8]:
    try:
        with (
            _opened(source) if isinstance(source, Path) else nullcontext(source) as file,
            Image.open(file, formats=_FORMATS) as image,
        ):
            if image.width * image.height > limit:
                size = f"{image.width}x{image.height}"
                raise ImageError(f"image of {size} pixels is too large (limit: {_millions(limit)})")
            if image.format in _MOVING and getattr(image, "is_animated", False):
                raise ImageError("an animation: save the picture that is meant")
            prepare(image)
            image.load()
            return finish(_upright(image))
    except ImageError:
        raise
    except Image.DecompressionBombError as error:
        raise ImageError(f"image is too large (limit: {_millions(limit)})") from error
    except UnidentifiedImageError as error:
        raise ImageError("not an image that can be read (JPEG, PNG, ...)") from error
    except OSError as error:
        what = f"cannot be read: {error.strerror}" if error.errno else f"damaged image: {error}"
        raise ImageError(what) from error
    # Pillow's decoders raise nearly every built-in exception on damaged files.
    except Exception as error:
        raise ImageError(f"damaged image: {error or type(error).__name__}") from error


def _millions(pixels: int) -> str:
    return f"{pixels // 10**6} megapixels"


@contextmanager
def quiet_pillow() -> Iterator[None]:
    """No warnings from Pillow on stderr: what it warns about is refused or harmless here.

    Enter it in the main thread, around all decoding: warning filters are the process's.
    """
    with catch_warnings():
        for category in (UserWarning, Image.DecompressionBombWarning):
            simplefilter("ignore", category)
        yield


def _upright(image: Image.Image) -> Image.Image:
    try:
        if image.getexif().get(ExifTags.Base.Orientation, 1) == 1:
            return image  # Pillow would copy it
        return ImageOps.exif_transpose(image)
    except (ValueError, TypeError, KeyError, SyntaxError, OSError, OverflowError, struct.error):
        return image  # broken EXIF on an image that is otherwise fine


def _to_face(image: Image.Image) -> Faces:
    grey = _grey(image)
    if grey.size != (FACE_SIDE, FACE_SIDE):
        grey = grey.resize((FACE_SIDE, FACE_SIDE), Image.Resampling.LANCZOS)
    return np.array(grey, np.uint8)


def _to_photo(image: Image.Image) -> NDArray[np.uint8]:
    is_grey = image.mode in ("1", "L", "LA", "La", "F") or image.mode.startswith("I")
    if is_grey:
        return np.array(_grey(image), np.uint8)
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    return np.array(image if image.mode == "RGB" else image.convert("RGB"), np.uint8)


def _grey(image: Image.Image) -> Image.Image:
    if image.mode == "L":
        return image
    if image.mode == "F" or image.mode.startswith("I"):
        return Image.fromarray(_eight_bits(np.asarray(image)))
    if image.mode in ("P", "PA"):
        image = image.convert("RGBA")
    if image.mode in ("CMYK", "YCbCr", "LAB", "HSV"):
        image = image.convert("RGB")
    return image.convert("L")


def _eight_bits(values: NDArray[np.generic]) -> Faces:
    """Any number type to uint8; whole numbers are taken as 16-bit ones."""
    numbers = values.astype(np.float64)
    low, high = (numbers.min(), numbers.max()) if np.isfinite(numbers).all() else (-1.0, 0.0)
    if np.issubdtype(values.dtype, np.integer):
        limit = scale = 65535.0
    else:
        limit, scale = 255.0, (1.0 if high <= 1 else 255.0)
    if low < 0 or high > limit:
        raise ImageError(f"pixel values outside 0..{limit:.0f}")
    scaled: Faces = np.rint(numbers * (255 / scale)).astype(np.uint8)
    return scaled
