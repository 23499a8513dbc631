"""The pixel text of FER2013's csv ("70 80 82 ...") to faces."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fercurate.ingest.batch import Faces, excerpt, no_faces
from fercurate.labels import FACE_SIDE

N_PIXELS = FACE_SIDE * FACE_SIDE
_SPACE, _ZERO = ord(" "), ord("0")


def parse_pixels(fields: Sequence[bytes]) -> tuple[Faces, dict[int, str]]:
    """Faces out of pixel fields, each of 2304 decimal numbers from 0 to 255 between spaces.

    Args:
        fields: n cells of the csv.

    Returns:
        uint8 [m, 48, 48] with the m good fields in order, and the reason why by index for
        each of the n - m others.
    """
    values = _parse_plain(fields)
    if values is not None:
        return values, {}
    good: list[Faces] = []
    reasons: dict[int, str] = {}
    for index, field in enumerate(fields):
        plain = _parse_plain([field])
        face = _parse_freely(field) if plain is None else plain
        if isinstance(face, str):
            reasons[index] = face
        else:
            good.append(face)
    return np.concatenate([no_faces(), *good]), reasons


def _parse_plain(fields: Sequence[bytes]) -> Faces | None:
    """All fields at once, None unless each is 2304 numbers of 1 to 3 digits, one space apart.

    Works on the bytes of all fields as one array: a number ends where a space follows, and
    its digits are the bytes before.
    """
    text = np.frombuffer(b" ".join([*fields, b""]), np.uint8)
    ends = np.flatnonzero(text == _SPACE)
    row_ends = np.cumsum([len(field) + 1 for field in fields]) - 1
    if len(ends) != N_PIXELS * len(fields) or (ends[N_PIXELS - 1 :: N_PIXELS] != row_ends).any():
        return None
    digits = (text - np.uint8(_ZERO)).astype(np.uint16)  # it would be multiplied in uint8
    widths = np.diff(ends, prepend=-1) - 1
    if np.count_nonzero(digits < 10) + len(ends) != len(text):
        return None
    if len(widths) == 0 or widths.min() < 1 or widths.max() > 3:
        return None
    # Where a number is shorter, the byte taken belongs to its neighbour and is zeroed.
    values: NDArray[np.uint16] = digits[ends - 1]
    values += digits[ends - 2] * 10 * (widths > 1)
    values += digits[ends - 3] * 100 * (widths > 2)
    if values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(-1, FACE_SIDE, FACE_SIDE)


def _parse_freely(field: bytes) -> Faces | str:
    """One field with spaces and leading zeros as they come; the reason when it is no face."""
    numbers = [token for token in field.split(b" ") if token]
    for token in numbers:
        if token.translate(None, b"0123456789"):
            text = token.decode("ascii", "backslashreplace")
            return f"{excerpt(text)} among the pixels is no number from 0 to 255"
    if len(numbers) != N_PIXELS:
        return f"{len(numbers)} pixel values instead of {N_PIXELS}"
    values = np.zeros(N_PIXELS, np.uint8)
    for index, token in enumerate(numbers):
        significant = token.lstrip(b"0") or b"0"
        if len(significant) > 3 or int(significant) > 255:
            return f"pixel value {excerpt(token.decode())} is outside 0..255"
        values[index] = int(significant)
    return values.reshape(1, FACE_SIDE, FACE_SIDE)
