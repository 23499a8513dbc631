"""Groups of near duplicates, and what is a near duplicate of what is there.

There are two kinds of groups, for two uses. Where no copy may help or tell on another (the folds
of the audit and of `fit-screen`, a validation split out of train, copies across splits when a
model is scored), whatever is linked by a chain of near duplicates is one group, `connected`: no
pair is ever split, and a group that is too large costs nothing. Where one image stands for others
that leave, each of these must be like the one that stays, so that groups are `stars`.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from fercurate.likeness import NEAR, Pairs, pairs_among, pairs_between, thumbnails


def near_duplicate_groups(
    faces: NDArray[np.uint8],
    near: float = NEAR,
    on_images: Callable[[int], None] = lambda images: None,
) -> NDArray[np.int64]:
    """A group number for each image: near duplicates share one, constant images another.

    What is linked by a chain is one group, so that folds made of whole groups split no pair.

    Args:
        faces: uint8 [N, 48, 48].
        near: Correlation from which on two images are the same one.
        on_images: Called with the number of images compared since the last call.

    Returns:
        int64 [N], numbered from 0.
    """
    small = thumbnails(faces)
    pairs = pairs_among(small, near, on_images)
    constant = np.flatnonzero(~small.any(1))
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


def stars(pairs: Pairs, order: NDArray[np.int64], n: int) -> NDArray[np.int64]:
    """The image that stands for each of n, int64 [n]: itself, or one that it is paired with.

    Images are taken in their order. Each that no earlier one stands for stands for itself, and
    for those paired with it that have nobody yet: a maximal independent set, found greedily.

    Args:
        pairs: Of the n images.
        order: int64 [n], positions, the one that should rather stay first.
    """
    neighbours = _neighbours(pairs, n)
    stands: NDArray[np.int64] = np.full(n, -1, np.int64)
    for i in order.tolist():
        if stands[i] < 0:
            stands[i] = i
            near = neighbours(i)
            stands[near[stands[near] < 0]] = i
    return stands


def _neighbours(pairs: Pairs, n: int) -> Callable[[int], NDArray[np.int64]]:
    """What gives the images that one is paired with."""
    one = np.r_[pairs.first, pairs.second]
    other = np.r_[pairs.second, pairs.first]
    by_image = np.argsort(one, kind="stable")
    other = other[by_image]
    start = np.searchsorted(one[by_image], np.arange(n + 1))
    return lambda i: other[start[i] : start[i + 1]]


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
        that is itself no duplicate, the nearest of these; -1 where there is neither. Constant
        images are duplicates of one another.
    """
    known, added = thumbnails(old), thumbnails(new)
    found = _nearest(pairs_between(added, known, near), len(new))
    rest = np.flatnonzero(found < 0)
    among = pairs_among(added[rest], near)
    stands = stars(among, np.arange(len(rest)), len(rest))
    # of the images that stay, the nearest one before it
    stays = stands[among.first] == among.first
    is_link = stays & (stands[among.second] != among.second)
    earlier = _nearest(
        Pairs(among.second[is_link], among.first[is_link], among.likeness[is_link]), len(rest)
    )
    found[rest] = np.where(earlier >= 0, len(old) + rest[earlier], -1)
    blank = np.flatnonzero(~added.any(1))
    first = np.r_[np.flatnonzero(~known.any(1)), len(old) + blank][:1]
    found[blank] = np.where(len(old) + blank == first, -1, first)
    return found


def _nearest(pairs: Pairs, n: int) -> NDArray[np.int64]:
    """For each of n firsts the second that is most like it, of equals the lowest; -1: none."""
    found = np.full(n, -1, np.int64)
    worst_first = np.lexsort((-pairs.second, pairs.likeness))
    found[pairs.first[worst_first]] = pairs.second[worst_first]
    return found
