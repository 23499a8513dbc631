"""Pairs of images that are nearly the same, upright or mirrored: all of them, exactly.

What counts is the correlation of thumbnails. A thumbnail is a point on the unit sphere, so that
a correlation of c is a distance of sqrt(2 - 2c), and a projection never lengthens a distance:
what is far apart in a few principal components is far apart. The components are taken of the
even and the odd part of the thumbnails under mirroring. A mirror image has the same even part and
the negative of the odd one, so that with the odd components' sizes one search finds both. The
points lie in cells about centres, as in an inverted file (Jegou et al. 2011,
https://doi.org/10.1109/TPAMI.2010.57). Others search the nearest cells alone and miss some; here
a point is compared with every cell whose border is within reach of it, and none is missed.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

SMALL = 16
"""Side of the thumbnails that near duplicates are looked for among, pixels."""

NEAR = 0.95
"""Correlation of two thumbnails from which on their images count as near duplicates.

Looked at on FER2013's training split: of the upright pairs at 0.95 nearly all are one
photograph, cropped or compressed again, or the next frame of it. Joining a false pair
costs nothing where folds are made, missing a true one leaks a label.
"""

_COMPONENTS = 31
"""With the length of what they leave out a point has 32 coordinates instead of 256. More would
leave fewer candidates, of which there are few already, and make each comparison dearer."""

_SAMPLE = 4096
"""Thumbnails that the components are fitted on; which they are decides speed alone."""

_CELLS = 0.6
"""Cells for the root of the number of images."""

_SLACK = 2e-3
"""For rounding: a length that is left out is the root of a difference of float32 numbers."""

_ROWS, _COLUMNS = 2048, 8192
"""Points that are compared at a time, so that memory stays small however many are alike."""

Candidates = Iterator[tuple[NDArray[np.intp], NDArray[np.intp], int]]
"""Positions of the two images of possible pairs, and the images that are done with them."""


@dataclass(frozen=True)
class Pairs:
    """Pairs of near duplicates, each pair once; among N images `first` < `second`.

    Attributes:
        first, second: int64 [P], positions of the two images, ascending by `first`.
        likeness: float32 [P], correlation of their thumbnails, the better way round, `near`..1.
    """

    first: NDArray[np.int64]
    second: NDArray[np.int64]
    likeness: NDArray[np.float32]


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


def pairs_among(
    small: NDArray[np.float32],
    near: float = NEAR,
    on_images: Callable[[int], None] = lambda images: None,
) -> Pairs:
    """All pairs of near duplicates among N images; constant images have none.

    Args:
        small: float32 [N, 256], as `thumbnails` gives them.
        near: Correlation from which on two images are the same one.
        on_images: Called with the number of images done since the last call.
    """
    textured = np.flatnonzero(small.any(1))
    on_images(len(small) - len(textured))
    points = small[textured]
    found = _certain(points, points, near, _candidates(points, None, near), on_images)
    return _sorted(textured[found.first], textured[found.second], found.likeness)


def pairs_between(
    small: NDArray[np.float32], others: NDArray[np.float32], near: float = NEAR
) -> Pairs:
    """All pairs of near duplicates of which `first` is one of n images, `second` one of N others.

    Args:
        small, others: float32 [n, 256] and [N, 256], as `thumbnails` gives them.
        near: Correlation from which on two images are the same one.
    """
    one, other = np.flatnonzero(small.any(1)), np.flatnonzero(others.any(1))
    left, right = small[one], others[other]
    found = _certain(left, right, near, _candidates(left, right, near))
    return _sorted(one[found.first], other[found.second], found.likeness)


def _sorted(
    first: NDArray[np.int64], second: NDArray[np.int64], likeness: NDArray[np.float32]
) -> Pairs:
    order = np.lexsort((second, first))
    return Pairs(first[order], second[order], likeness[order])


def _certain(
    left: NDArray[np.float32],
    right: NDArray[np.float32],
    near: float,
    candidates: Candidates,
    on_images: Callable[[int], None] = lambda images: None,
) -> Pairs:
    """Those of the candidates that are near, each of them measured alone: what is found hangs
    neither on the way it was looked for nor on what lay in the same block."""
    first, second = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    likeness = [np.empty(0, np.float32)]
    for one, other, done in candidates:
        for start in range(0, len(one), _COLUMNS):
            i, j = one[start : start + _COLUMNS], other[start : start + _COLUMNS]
            if left is right:  # sums in another order round differently
                i, j = np.minimum(i, j), np.maximum(i, j)
            alike = _likeness(left[i], right[j])
            is_near = alike >= near
            first.append(i[is_near].astype(np.int64))
            second.append(j[is_near].astype(np.int64))
            likeness.append(alike[is_near])
        on_images(done)
    return Pairs(np.concatenate(first), np.concatenate(second), np.concatenate(likeness))


def _likeness(one: NDArray[np.float32], other: NDArray[np.float32]) -> NDArray[np.float32]:
    """Correlation of n pairs of thumbnails, the better of upright and mirrored: float32 [n]."""
    turned = one.reshape(-1, SMALL, SMALL)[:, :, ::-1].reshape(one.shape)
    best = np.maximum((one * other).sum(1), (turned * other).sum(1))
    alike: NDArray[np.float32] = np.minimum(best, np.float32(1))
    return alike


def _candidates(
    left: NDArray[np.float32], right: NDArray[np.float32] | None, near: float
) -> Candidates:
    """Pairs that may be near, with all that are; `right` None: among the left ones, once each.

    Whoever is nearest to centre a and at most `reach` from a point that is nearest to centre b
    is at most that far from the border between the two: half of the difference of the squared
    distances to b and a, over the distance of a and b.
    """
    among = right is None
    whole = left if right is None else right
    if not len(left) or not len(whole):
        return
    reach = float(np.sqrt(2 - 2 * near)) + _SLACK
    project = _projection(whole[:: max(1, len(whole) // _SAMPLE)])
    points = project(whole)
    centres = _centres(points)
    cell, own = _nearest_centre(points, centres)
    order = np.argsort(cell, kind="stable")
    points, cell, own = points[order], cell[order], own[order]
    start = np.searchsorted(cell, np.arange(len(centres) + 1))
    seekers, seeker_cell, seeker_own = points, cell, own
    if not among:
        seekers = project(left)
        seeker_cell, seeker_own = _nearest_centre(seekers, centres)
    apart = np.sqrt(_squares(centres, centres))
    for c in range(len(centres)):
        here, end = start[c], start[c + 1]
        skipped = here if among else 0
        to_centre = _squares(seekers[skipped:], centres[c : c + 1])[:, 0]
        beyond = to_centre - seeker_own[skipped:]
        widest = np.sqrt(own[here:end].max(initial=0)) + reach
        is_within = beyond <= 2 * reach * apart[seeker_cell[skipped:], c] + _SLACK**2
        seeking = skipped + np.flatnonzero(is_within & (to_centre <= widest**2))
        first, second = [np.empty(0, np.intp)], [np.empty(0, np.intp)]
        for row in range(here, end, _ROWS):
            block = points[row : min(row + _ROWS, end)]
            for column in range(0, len(seeking), _COLUMNS):
                some = seeking[column : column + _COLUMNS]
                alike = (block @ seekers[some].T).ravel()
                # nonzero on a matrix takes ten times as long as on a flat array
                i, j = np.divmod(np.flatnonzero(alike >= near - _SLACK), len(some))
                i, j = i + row, some[j]
                once = i < j if among else np.ones(len(i), bool)
                first.append(order[j[once]] if among else j[once])
                second.append(order[i[once]])
        yield np.concatenate(first), np.concatenate(second), int(end - here)


def _centres(points: NDArray[np.float32], rounds: int = 2) -> NDArray[np.float32]:
    """Where the cells lie, float32 [C, D]: a few rounds of k-means. Which they are decides
    speed alone."""
    n = 1 + int(_CELLS * np.sqrt(len(points)))
    spread = np.linspace(0, len(points) - 1, n).astype(np.int64)
    centres: NDArray[np.float32] = points[spread].copy()
    sample = points[:: max(1, len(points) // (32 * n))]
    for _ in range(rounds):
        cell, _ = _nearest_centre(sample, centres)
        sums = np.zeros_like(centres)
        np.add.at(sums, cell, sample)
        size = np.bincount(cell, minlength=n)
        centres[size > 0] = sums[size > 0] / size[size > 0, None].astype(np.float32)
    return centres


def _nearest_centre(
    points: NDArray[np.float32], centres: NDArray[np.float32]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The centre nearest to each of n points, int64 [n], and the square of its distance."""
    cell = np.empty(len(points), np.int64)
    own = np.empty(len(points), np.float32)
    for start in range(0, len(points), _COLUMNS):
        squares = _squares(points[start : start + _COLUMNS], centres)
        cell[start : start + _COLUMNS] = squares.argmin(1)
        own[start : start + _COLUMNS] = squares.min(1)
    return cell, own


def _squares(points: NDArray[np.float32], centres: NDArray[np.float32]) -> NDArray[np.float32]:
    """Squared distances: float32 [n, C]."""
    lengths = np.einsum("ij,ij->i", points, points)[:, None]
    squares = lengths + np.einsum("ij,ij->i", centres, centres) - 2 * (points @ centres.T)
    positive: NDArray[np.float32] = np.maximum(squares, 0)
    return positive


def _folded(small: NDArray[np.float32]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """The even and the odd part of thumbnails under mirroring, float32 [N, 128] each; lengths
    and distances are those of both together."""
    halves = small.reshape(-1, SMALL, 2, SMALL // 2)
    near, far = halves[:, :, 0], halves[:, :, 1, ::-1]
    root = np.float32(np.sqrt(0.5))
    shape = (len(small), SMALL * SMALL // 2)
    return ((near + far) * root).reshape(shape), ((near - far) * root).reshape(shape)


def _projection(
    sample: NDArray[np.float32],
) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """What takes thumbnails to their first components, the odd ones without their signs, and the
    length of the rest: float32 [N, 256] to [N, _COMPONENTS + 1], of length 1 again."""
    spreads, axes = zip(*(np.linalg.eigh(part.T @ part) for part in _folded(sample)), strict=True)
    largest = np.argsort(-np.concatenate(spreads), kind="stable")[:_COMPONENTS]
    n_even = len(spreads[0])
    of_even, of_odd = (
        axes[0][:, largest[largest < n_even]],
        axes[1][:, largest[largest >= n_even] - n_even],
    )

    def project(small: NDArray[np.float32]) -> NDArray[np.float32]:
        points: NDArray[np.float32] = np.empty((len(small), _COMPONENTS + 1), np.float32)
        for start in range(0, len(small), _COLUMNS):
            even, odd = _folded(small[start : start + _COLUMNS])
            kept = np.hstack([even @ of_even, np.abs(odd @ of_odd)])
            rest = 1 - np.einsum("ij,ij->i", kept, kept)
            points[start : start + _COLUMNS, :-1] = kept
            points[start : start + _COLUMNS, -1] = np.sqrt(np.maximum(rest, 0))
        return points

    return project
