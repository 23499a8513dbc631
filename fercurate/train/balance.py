"""Ways to make up for unequal classes; each is a keyword of `learn.train.Trainer`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import N_CLASSES

_FLOOR = 0.5
"""Images that a class has at least, so that one which is missing has a prior."""


def class_counts(
    targets: NDArray[np.int64] | NDArray[np.float32],
) -> NDArray[np.float64]:
    """How many images each class has, float64 [7]; soft labels count in shares."""
    if targets.ndim == 1:
        return np.bincount(targets.astype(np.int64), minlength=N_CLASSES).astype(np.float64)
    counts: NDArray[np.float64] = targets.sum(axis=0, dtype=np.float64)
    return counts


def inverse_frequency(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """A weight for each class, float64 [7]: the mean over the images is 1, a class without
    images has weight 1."""
    there = counts > 0
    weights = np.ones(N_CLASSES)
    weights[there] = counts.sum() / (there.sum() * counts[there])
    return weights


def balanced(
    how: str, targets: NDArray[np.int64] | NDArray[np.float32]
) -> dict[str, NDArray[np.float32]]:
    """What the trainer is told.

    Args:
        how: none; weights (in the loss, by inverse frequency); sampler (each class is drawn
            equally often, with replacement); or logit-adjust (the log of each class's share is
            added to the logits while training, so that the network itself becomes blind to how
            frequent a class is: Menon et al. 2021, https://arxiv.org/abs/2007.07314).
        targets: int64 [n], or float32 [n, 7].
    """
    counts = class_counts(targets)
    weights = inverse_frequency(counts)
    if how == "weights":
        return {"class_weights": weights.astype(np.float32)}
    if how == "sampler":
        of_image = weights[targets] if targets.ndim == 1 else targets @ weights
        return {"sample_weights": of_image.astype(np.float32)}
    if how == "logit-adjust":
        share = np.maximum(counts, _FLOOR) / counts.sum()
        return {"prior_logits": np.log(share).astype(np.float32)}
    return {}
