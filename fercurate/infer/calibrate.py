"""Temperature scaling, and how far a model's probabilities are from what comes true."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar
from scipy.special import log_softmax

from fercurate.infer.heads import softmax

_WIDEST = 10.0
"""Temperatures from a tenth to ten are tried."""

N_BINS = 15
"""Of the calibration error; the usual number since Guo et al. 2017."""


def fit_temperature(
    logits: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]] | NDArray[np.floating[Any]]
) -> float:
    """The temperature that makes labels likeliest (Guo et al. 2017, arxiv.org/abs/1706.04599).

    Fit it on images that neither training nor the choice of the epoch looked at where there
    are any; one number for seven classes overfits little otherwise.

    Args:
        logits: float [n, 7], of the untempered model.
        labels: int [n], 0..6; or soft labels, float [n, 7], rows adding up to 1.

    Returns:
        Above 1 where the model is too sure, below where it is not sure enough; 0.1 to 10.

    Raises:
        ValueError: no image, or the lengths do not match.
    """
    if not len(logits) or len(logits) != len(labels):
        raise ValueError(f"{len(logits)} logits and {len(labels)} labels")
    scores = np.asarray(logits, np.float64)
    soft = labels if labels.ndim == 2 else np.eye(scores.shape[1])[labels]

    def loss(log_temperature: float) -> float:
        logs = log_softmax(scores / np.exp(log_temperature), axis=1)
        return -float((soft * logs).sum(axis=1).mean())

    bound = float(np.log(_WIDEST))
    found = minimize_scalar(loss, bounds=(-bound, bound), method="bounded")
    return float(np.exp(found.x))


def tempered(logits: NDArray[np.floating[Any]], temperature: float) -> NDArray[np.float32]:
    """Probabilities float32 [n, 7] of logits [n, 7] at a temperature above 0."""
    return softmax(np.asarray(logits, np.float64) / temperature).astype(np.float32)


def ece(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]], n_bins: int = N_BINS
) -> float:
    """Expected calibration error: mean distance of the top probability from the accuracy.

    Images are put into bins of equal width by the probability of their likeliest class (Naeini
    et al. 2015); the plots of reliability show the same bins.

    Args:
        probabilities: float [n, 7], rows adding up to 1.
        labels: int [n], 0..6.
        n_bins: Bins of width 1 / n_bins.

    Returns:
        0..1, low = good.
    """
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    apart = np.bincount(bin_of(confidence, n_bins), confidence - right, n_bins)
    return float(np.abs(apart).sum() / len(labels))


def bin_of(confidence: NDArray[np.floating[Any]], n_bins: int = N_BINS) -> NDArray[np.int64]:
    """Which bin of width 1 / n_bins each confidence 0..1 is in, from 0; its upper end is in it."""
    edges = np.linspace(0, 1, n_bins + 1)
    number = np.digitize(confidence, edges, right=True) - 1
    return np.asarray(np.clip(number, 0, n_bins - 1), np.int64)
