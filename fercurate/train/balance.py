"""Ways to make up for unequal classes; each is a keyword of `learn.train.Trainer`."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import N_CLASSES
from fercurate.train.targets import Targets

_FLOOR = 0.5
"""Images that a class has at least, so that one which is missing has a prior."""


def class_counts(targets: Targets) -> NDArray[np.float64]:
    """How many images each class has, float64 [7], or [heads, 7]; soft labels count in shares."""
    if targets.ndim == 1:
        return np.bincount(targets.astype(np.int64), minlength=N_CLASSES).astype(np.float64)
    counts: NDArray[np.float64] = targets.sum(axis=0, dtype=np.float64)
    return counts


def class_shares(targets: Targets) -> NDArray[np.float64]:
    """Share of each class, float64 [7], or [heads, 7]; none is 0."""
    counts = np.maximum(class_counts(targets), _FLOOR)
    shares: NDArray[np.float64] = counts / counts.sum(axis=-1, keepdims=True)
    return shares


def inverse_frequency(counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """A weight for each class, float64 [..., 7]: the mean over the images is 1, a class without
    images has weight 1."""
    there = counts > 0
    evenly = counts.sum(axis=-1, keepdims=True) / there.sum(axis=-1, keepdims=True)
    weights: NDArray[np.float64] = np.divide(evenly, counts, out=np.ones_like(counts), where=there)
    return weights


def balanced(how: str, targets: Targets) -> dict[str, NDArray[np.float32]]:
    """What the trainer is told.

    Args:
        how: none; weights (in the loss, by inverse frequency); sampler (each class is drawn
            equally often, with replacement; the first head's classes where there are several);
            or logit-adjust (the log of each class's share is added to the logits while training,
            so that the network itself becomes blind to how frequent a class is: Menon et al.
            2021, https://arxiv.org/abs/2007.07314).
        targets: int64 [n], float32 [n, 7], or float32 [n, heads, 7].
    """
    weights = inverse_frequency(class_counts(targets))
    if how == "weights":
        return {"class_weights": weights.astype(np.float32)}
    if how == "sampler":
        first = targets[:, 0] if targets.ndim == 3 else targets
        of_class = weights[0] if targets.ndim == 3 else weights
        of_image = of_class[first] if first.ndim == 1 else first @ of_class
        return {"sample_weights": of_image.astype(np.float32)}
    if how == "logit-adjust":
        return {"prior_logits": np.log(class_shares(targets)).astype(np.float32)}
    return {}


def priors_of(how: str, targets: Targets) -> NDArray[np.float64]:
    """How frequent the network takes each class for, float64 [heads, 7]: all alike where the
    training made up for that already."""
    shares = np.atleast_2d(class_shares(targets))
    return shares if how == "none" else np.full_like(shares, 1 / N_CLASSES)
