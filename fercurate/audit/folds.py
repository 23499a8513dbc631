"""Folds for cross-fitting that no copy of an image can leak through."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray


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
