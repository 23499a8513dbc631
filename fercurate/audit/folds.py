"""Folds for cross-fitting that no copy of an image can leak through."""

from __future__ import annotations

from collections.abc import Callable

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


def thumbnails(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Block means of each face, shifted to mean 0 and scaled to length 1.

    Args:
        faces: uint8 [N, 48, 48].

    Returns:
        float32 [N, 256]; all zero for a constant image.
    """
    n, height, width = faces.shape
    tiles = faces.reshape(n, SMALL, height // SMALL, SMALL, width // SMALL)
    small = tiles.mean((2, 4), dtype=np.float32).reshape(n, -1)
    small -= small.mean(1, keepdims=True)
    length = np.linalg.norm(small, axis=1, keepdims=True)
    unit: NDArray[np.float32] = np.zeros_like(small)
    return np.divide(small, length, out=unit, where=length > 1)


def near_duplicate_groups(
    faces: NDArray[np.uint8],
    near: float = NEAR,
    on_block: Callable[[int], None] = lambda images: None,
) -> NDArray[np.int64]:
    """A group number for each image; near duplicates and mirror images share one.

    Compares all pairs of thumbnails (28,709 images: a few seconds) and joins what is
    connected. Constant images form one group.

    Args:
        faces: uint8 [N, 48, 48].
        near: Correlation from which on two images are the same one.
        on_block: Called with the number of images compared since the last call.

    Returns:
        int64 [N], numbered from 0.
    """
    from scipy.sparse import coo_matrix
    from scipy.sparse.csgraph import connected_components

    small = thumbnails(faces)
    mirrored = small.reshape(-1, SMALL, SMALL)[:, :, ::-1].reshape(small.shape).T.copy()
    upright = small.T.copy()
    constant = np.flatnonzero(~small.any(1))
    firsts, seconds = [constant[:-1]], [constant[1:]]
    for start in range(0, len(small), _BLOCK):
        block = small[start : start + _BLOCK]
        for other in (upright, mirrored):
            # nonzero on a matrix takes ten times as long as on a flat array
            found = np.flatnonzero((block @ other[:, start:]).ravel() >= near)
            row, column = np.divmod(found, len(small) - start)
            firsts.append(row + start)
            seconds.append(column + start)
        on_block(len(block))
    first, second = np.concatenate(firsts), np.concatenate(seconds)
    links = coo_matrix((np.ones(len(first), bool), (first, second)), shape=(len(small),) * 2)
    groups: NDArray[np.int64] = connected_components(links, directed=False)[1].astype(np.int64)
    return groups


def assign(
    labels: NDArray[np.int64], groups: NDArray[np.int64], folds: int, seed: int
) -> NDArray[np.int64]:
    """Fold of each image: classes spread evenly, groups kept whole.

    Args:
        labels: int64 [N].
        groups: int64 [N], images of one group go to one fold.
        folds: Number of folds, at least 2.
        seed: Of the shuffle.

    Returns:
        int64 [N], 0..folds-1.

    Raises:
        ValueError: fewer groups than folds.
    """
    if folds < 2 or len(np.unique(groups)) < folds:
        raise ValueError(f"{len(np.unique(groups))} distinct images do not make {folds} folds")
    rng = np.random.default_rng(seed)
    _, first, group_of = np.unique(groups, return_index=True, return_inverse=True)
    shuffled = rng.permutation(len(first))
    # a group counts as its first member; the stable sort deals each class out in turn
    dealt = shuffled[np.argsort(labels[first][shuffled], kind="stable")]
    fold_of_group = np.empty(len(first), np.int64)
    fold_of_group[dealt] = (np.arange(len(dealt)) + rng.integers(folds)) % folds
    return fold_of_group[group_of]
