"""Scores of how well each given label fits, one pure function each.

All take arrays over the audited images and return float32 [N]; low = bad.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Probs = NDArray[np.float32]
Labels = NDArray[np.int64]
Score = NDArray[np.float32]


def softmax(logits: NDArray[np.float32], temperature: float = 1.0) -> Probs:
    """Rows of logits [N, K] as probabilities, float32 [N, K]."""
    shifted = (logits - logits.max(axis=1, keepdims=True)) / temperature
    powers = np.exp(shifted)
    probs: Probs = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return probs


def self_confidence(probs: Probs, labels: Labels) -> Score:
    """Probability of the given label, 0..1 (Northcutt et al. 2021, arXiv 1911.00068)."""
    given: Score = np.take_along_axis(probs, labels[:, None], axis=1)[:, 0]
    return given


def normalized_margin(probs: Probs, labels: Labels) -> Score:
    """Probability of the given label minus the largest other one, moved to 0..1."""
    others = probs.copy()
    np.put_along_axis(others, labels[:, None], -1.0, axis=1)
    margin: Score = (self_confidence(probs, labels) - others.max(axis=1) + 1) / 2
    return margin


def confidence_weighted_entropy(probs: Probs, labels: Labels) -> Score:
    """Self-confidence over the entropy of the prediction, squashed to 0..1 as in cleanlab."""
    from cleanlab.rank import get_confidence_weighted_entropy_for_each_label

    score: Score = get_confidence_weighted_entropy_for_each_label(labels, probs)
    return score.astype(np.float32)


def area_under_margin(margins: NDArray[np.float32]) -> Score:
    """Mean logit margin while training on the image, over the networks that did.

    Pleiss et al. 2020, https://arxiv.org/abs/2001.10528. Unbounded; negative when the
    networks kept preferring another class.

    Args:
        margins: float32 [M, N], NaN where network m held image n out.
    """
    mean: Score = np.nanmean(margins, axis=0).astype(np.float32)
    return mean


def neighbour_votes(
    neighbours: NDArray[np.int64],
    similarity: NDArray[np.float32],
    labels: Labels,
    n_classes: int,
    sharpness: float = 5.0,
) -> Probs:
    """Share of each class among an image's nearest neighbours, nearer ones counting more.

    Args:
        neighbours: int64 [n, k], positions in `labels`; -1 for none.
        similarity: float32 [n, k] cosines.
        labels: int64 [N], given labels.
        n_classes: K.
        sharpness: A neighbour weighs exp(sharpness * cosine).

    Returns:
        float32 [n, K], rows sum to 1; uniform for an image without neighbours.
    """
    there = neighbours >= 0
    weight = np.where(there, np.exp(sharpness * np.nan_to_num(similarity)), 0.0)
    votes = np.zeros((len(neighbours), n_classes), np.float32)
    rows = np.broadcast_to(np.arange(len(neighbours))[:, None], neighbours.shape)
    np.add.at(votes, (rows[there], labels[neighbours[there]]), weight[there].astype(np.float32))
    total = votes.sum(axis=1, keepdims=True)
    shares: NDArray[np.float32] = np.full_like(votes, 1 / n_classes)
    np.divide(votes, total, out=shares, where=total > 0)
    return shares
