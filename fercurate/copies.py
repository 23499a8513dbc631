"""Near duplicates: images whose thumbnails are almost the same, upright or mirrored."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALL = 16
"""Side of the thumbnails that near duplicates are looked for among, pixels."""

NEAR = 0.95
"""Correlation of two thumbnails from which on their images count as near duplicates.

Looked at on FER2013's training split: of the upright pairs at 0.95 nearly all are one
photograph, cropped or compressed again, or the next frame of it. Joining a false pair
costs nothing here, missing a true one leaks a label.
"""

_BLOCK = 2048
_NEW_BLOCK = 512


def thumbnails(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Block means of each face, shifted to mean 0 and scaled to length 1.

    Args:
        faces: uint8 [N, 48, 48].

    Returns:
        float32 [N, 256]; all zero for a constant image.
    """
    n, height, width = faces.shape
    tiles = faces.reshape(n, SMALL, height // SMALL, SMALL, width // SMALL)
    small = tiles.mean((2, 4), dtype=np.float32).reshape(n, SMALL * SMALL)
    small -= small.mean(1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.zeros_like(small)
    np.divide(small, length, out=unit, where=length > 1)
    return unit


@dataclass(frozen=True)
class Pairs:
    """Pairs of near duplicates among N images, each pair once, `first` < `second`.

    Attributes:
        first, second: int64 [P], positions of the two images.
        likeness: float32 [P], correlation of their thumbnails, `near`..1.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    likeness: NDArray[np.float32]


def near_duplicate_pairs(
    faces: NDArray[np.uint8],
    near: float = NEAR,
    on_block: Callable[[int], None] = lambda images: None,
) -> Pairs:
    """All pairs of near duplicates, mirror images among them; constant images have none.

    Compares all pairs of thumbnails (35,887 images: a few seconds).

    Args:
        faces: uint8 [N, 48, 48].
        near: Correlation from which on two images are the same one.
        on_block: Called with the number of images compared since the last call.
    """
    small = thumbnails(faces)
    mirrored = small.reshape(-1, SMALL, SMALL)[:, :, ::-1].reshape(small.shape).T.copy()
    upright = small.T.copy()
    found: list[tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.float32]]] = []
    for start in range(0, len(small), _BLOCK):
        block = small[start : start + _BLOCK]
        for other in (upright, mirrored):
            likeness = (block @ other[:, start:]).ravel()
            # nonzero on a matrix takes ten times as long as on a flat array
            at = np.flatnonzero(likeness >= near)
            row, column = np.divmod(at, len(small) - start)
            one = row < column
            found.append((row[one] + start, column[one] + start, likeness[at[one]]))
        on_block(len(block))
    first, second, likeness = (np.concatenate(part) for part in zip(*found, strict=True))
    return Pairs(first, second, likeness)


def near_duplicate_groups(
    faces: NDArray[np.uint8],
    near: float = NEAR,
    on_block: Callable[[int], None] = lambda images: None,
) -> NDArray[np.int64]:
    """A group number for each image: near duplicates share one, constant images another.

    Args:
        faces: uint8 [N, 48, 48].
        near: Correlation from which on two images are the same one.
        on_block: Called with the number of images compared since the last call.

    Returns:
        int64 [N], numbered from 0.
    """
    pairs = near_duplicate_pairs(faces, near, on_block)
    constant = np.flatnonzero(~np.ptp(faces.reshape(len(faces), -1), axis=1).astype(bool))
    return connected(
        np.r_[pairs.first, constant[:-1]], np.r_[pairs.second, constant[1:]], len(faces)
    )


def connected(first: NDArray[np.int64], second: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """Group number of each of n images, int64 [n] from 0; linked ones share one."""
    group = np.arange(n)
    # the least number spreads along the links, and to all that had the number it replaces
    while (group[first] != group[second]).any():
        least = np.minimum(group[first], group[second])
        np.minimum.at(group, group[first], least)
        np.minimum.at(group, group[second], least)
        group = group[group]
    return np.unique(group, return_inverse=True)[1].astype(np.int64)


def near_duplicates_of(
    new: NDArray[np.uint8], old: NDArray[np.uint8], near: float = NEAR
) -> NDArray[np.int64]:
    """Which image each new one is a near duplicate of, upright or mirrored.

    Args:
        new: uint8 [n, 48, 48].
        old: uint8 [N, 48, 48].
        near: Correlation from which on two images are the same one.

    Returns:
        int64 [n]: the index of the nearest old image, or N plus that of an earlier new image
        that is itself no duplicate; -1 where there is neither. Constant images are
        duplicates of one another.
    """
    known, added = _units(old), _units(new)
    mirrored = _units(new[:, :, ::-1])
    found = np.full(len(new), -1, np.int64)
    if len(old):
        for start in range(0, len(new), _NEW_BLOCK):
            part = slice(start, start + _NEW_BLOCK)
            alike = np.maximum(added[part] @ known.T, mirrored[part] @ known.T)
            nearest = alike.argmax(1)
            found[part] = np.where(alike.max(1) >= near, nearest, -1)
    kept: list[int] = []
    for i in np.flatnonzero(found < 0):
        alike = np.maximum(added[kept] @ added[i], added[kept] @ mirrored[i])
        if len(kept) and alike.max() >= near:
            found[i] = len(old) + kept[int(alike.argmax())]
        else:
            kept.append(int(i))
    return found


def _units(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """`thumbnails` with one more place, which is 1 for a constant image alone."""
    small = thumbnails(faces)
    constant = ~small.any(1, keepdims=True)
    return np.hstack([small, constant.astype(np.float32)])
