"""Confident learning with cleanlab, on probabilities from networks that never saw the label.

Northcutt, Jiang, Chuang: Confident Learning (JAIR 2021), https://arxiv.org/abs/1911.00068.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Probs = NDArray[np.float32]
Labels = NDArray[np.int64]
Matrix = NDArray[np.float64]


def confident_guess(probs: Probs, thresholds: Matrix) -> NDArray[np.int64]:
    """The likeliest class among those whose probability reaches the class's threshold.

    cleanlab 2.9 takes the plain argmax when several classes are confident, also when the
    argmax itself is not (its issue 1248). For a rare class, whose threshold is low, that
    hands images to a frequent class which did not reach its own.

    Args:
        probs: float32 [N, K].
        thresholds: float64 [K], mean self-confidence of each class.

    Returns:
        int64 [N], -1 where no class is confident.
    """
    confident = probs >= thresholds - 1e-6
    guess = np.where(confident, probs, -1.0).argmax(axis=1)
    return np.where(confident.any(axis=1), guess, -1)


def confident_joint(labels: Labels, probs: Probs) -> NDArray[np.int64]:
    """Counts of given class (row) by confidently guessed class (column), int64 [K, K].

    Calibrated by cleanlab so that each row sums to the number of images with that label. A
    class without any image keeps a zero row.
    """
    from cleanlab.count import calibrate_confident_joint, get_confident_thresholds

    n_classes = probs.shape[1]
    present = np.unique(labels)
    thresholds = np.full(n_classes, np.inf)
    thresholds[present] = get_confident_thresholds(
        np.searchsorted(present, labels), probs[:, present]
    )
    guess = confident_guess(probs, thresholds)
    sure = guess >= 0
    counts = np.zeros((n_classes, n_classes), np.int64)
    np.add.at(counts, (labels[sure], guess[sure]), 1)
    # an empty diagonal would say that a class has no correct label at all
    counts[present, present] = np.maximum(counts[present, present], 1)
    among = np.ix_(present, present)
    calibrated = calibrate_confident_joint(counts[among], labels=np.searchsorted(present, labels))
    joint = np.zeros_like(counts)
    joint[among] = np.rint(calibrated)
    return joint


def count_issues(labels: Labels, probs: Probs, joint: NDArray[np.int64]) -> int:
    """How many labels cleanlab holds for wrong, given the joint."""
    from cleanlab.count import num_label_issues

    present = np.unique(labels)
    if len(present) < 2:
        return 0
    subset = probs[:, present]
    return int(
        num_label_issues(
            np.searchsorted(present, labels),
            subset / subset.sum(axis=1, keepdims=True),
            confident_joint=joint[np.ix_(present, present)],
            estimation_method="off_diagonal_custom",
        )
    )


def worst(quality: NDArray[np.float32], n: int) -> NDArray[np.bool_]:
    """The `n` images of lowest quality, the earlier one first among equals: bool [N]."""
    chosen = np.zeros(len(quality), bool)
    chosen[np.argsort(quality, kind="stable")[:n]] = True
    return chosen
