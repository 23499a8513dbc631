"""Finds the images of a copy on a list of hashes, exact or compressed again."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import FACE_SIDE

HASH_SIZE = 16
"""Side of the perceptual hash: 16 * 16 = 256 bits."""

GREY_SIDE = 4
"""Side of the grey signature: the means of 4 * 4 blocks of 12 * 12 pixels."""

FAR = 4.0
"""A match costs this much at most. Of FER2013's images compressed again to an RMS of 1.7
grey levels, 99.9 % cost less than 2.0 (half of them 1.2, nearly all of it from rounding);
another image costs 15 in the median, and never as little unless it is the same photograph.
"""

MARGIN = 0.5
"""A match is this much cheaper than the next: no wrong match on FER2013 at an RMS of 0.8, 1.7,
3.0 and 5.4; with half of it there were three at 3.0.
"""

_BITS_A_LEVEL = 4.0
"""So many bits of the hash weigh as much as one grey level of the signature."""

_BLOCK = 512
_AT_ONCE = 1000
"""Images that are hashed together: 33 MB."""


@dataclass(frozen=True)
class Signatures:
    """What stands for N images without showing them.

    Attributes:
        phash: bool [N, 256], perceptual hash (DCT signs about the median; imagehash's).
        grey: float32 [N, 16], block means 0..255, row by row; whole numbers on a list.
    """

    phash: NDArray[np.bool_]
    grey: NDArray[np.float32]


def signatures(faces: NDArray[np.uint8]) -> Signatures:
    """Signatures of faces; 35,887 take a few seconds.

    Args:
        faces: uint8 [N, 48, 48].
    """
    n = len(faces)
    tile = FACE_SIDE // GREY_SIDE
    tiles = faces.reshape(n, GREY_SIDE, tile, GREY_SIDE, tile)
    grey = tiles.mean((2, 4), dtype=np.float32).reshape(n, GREY_SIDE**2)
    parts = [_phashes(np.asarray(faces[i : i + _AT_ONCE])) for i in range(0, n, _AT_ONCE)]
    return Signatures(np.concatenate([np.empty((0, HASH_SIZE**2), bool), *parts]), grey)


def _phashes(faces: NDArray[np.uint8]) -> NDArray[np.bool_]:
    """`imagehash.phash` of many faces at once: that package brings scipy, 110 MB, for it."""
    from PIL import Image

    side = 4 * HASH_SIZE
    enlarged = [
        np.asarray(Image.fromarray(f).resize((side, side), Image.Resampling.LANCZOS)) for f in faces
    ]
    # the lowest waves of a discrete cosine transform, type 2
    waves = np.cos(np.pi / side * np.outer(np.arange(HASH_SIZE), np.arange(side) + 0.5))
    low = (waves @ np.array(enlarged, np.float64) @ waves.T).reshape(len(faces), HASH_SIZE**2)
    return np.asarray(low > np.median(low, axis=1, keepdims=True))


def to_hex(rows: NDArray[np.bool_] | NDArray[np.float32]) -> list[str]:
    """Each row in hex digits: four bits a digit, as imagehash writes them, or two a grey level."""
    if rows.dtype == np.bool_:
        packed = np.packbits(rows.astype(np.bool_), axis=1)
    else:
        packed = np.rint(rows).astype(np.uint8)
    return [row.tobytes().hex() for row in packed]


def from_hex(phash: list[str], grey: list[str]) -> Signatures:
    """The reverse of `to_hex`.

    Raises:
        ValueError: no hex digits, or not as many as there should be.
    """
    packed = _bytes(phash, HASH_SIZE**2 // 8)
    levels = _bytes(grey, GREY_SIDE**2).astype(np.float32)
    return Signatures(np.unpackbits(packed, axis=1).astype(bool), levels)


def _bytes(texts: list[str], length: int) -> NDArray[np.uint8]:
    if any(len(text) != 2 * length for text in texts):
        raise ValueError(f"a hash has not {2 * length} hex digits")
    return np.frombuffer(bytes.fromhex("".join(texts)), np.uint8).reshape(len(texts), length)


def nearest(copy: Signatures, listed: Signatures, pixels: NDArray[np.object_]) -> NDArray[np.int64]:
    """Which listed image each image of a copy is; the first of those that look the same.

    The cost of a match is a distance: grey levels between the signatures, and bits between
    the hashes. It must be small, and smaller than the next by a margin: of two frames that
    cannot be told apart neither is matched.

    Args:
        copy: n signatures.
        listed: N signatures.
        pixels: object [N], hash of the pixels of each: other images with the very same
            signatures cannot be told apart either.

    Returns:
        int64 [n], positions on the list, -1 where none is near enough or two are too alike.
    """
    found = np.full(len(copy.grey), -1, np.int64)
    if not len(listed.grey) or not len(found):
        return found
    both = np.hstack([np.packbits(listed.phash, axis=1), listed.grey])
    _, first, which = np.unique(both, axis=0, return_index=True, return_inverse=True)
    other = pixels != pixels[first[which.ravel()]]
    is_clear = np.ones(len(first), bool)
    is_clear[which.ravel()[other]] = False
    signs = _signs(listed.phash[first]).T.copy()
    grey = listed.grey[first]
    length = (grey**2).sum(1)
    for start in range(0, len(found), _BLOCK):
        part = slice(start, start + _BLOCK)
        ours = copy.grey[part]
        # squared Euclidean distance; signs agree and differ, so that their product counts bits
        apart = (ours**2).sum(1)[:, None] + length - 2 * (ours @ grey.T)
        bits = (HASH_SIZE**2 - _signs(copy.phash[part]) @ signs) / 2
        cost = np.sqrt(np.maximum(apart, 0) + (bits / _BITS_A_LEVEL) ** 2)
        if len(first) == 1:
            cost = np.hstack([cost, np.full_like(cost, np.inf)])
        two = np.partition(cost, 1, axis=1)
        sure = (two[:, 0] <= FAR) & (two[:, 1] - two[:, 0] >= MARGIN)
        best = cost.argmin(1) % len(first)
        found[part] = np.where(sure & is_clear[best], first[best], -1)
    return found


def _signs(bits: NDArray[np.bool_]) -> NDArray[np.float32]:
    return np.asarray(np.where(bits, np.float32(1), np.float32(-1)))
