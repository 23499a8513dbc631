from __future__ import annotations

import numpy as np
import pytest

from fercurate.audit import confident


def test_the_guess_reaches_its_own_threshold() -> None:
    """The case of cleanlab's issue 1248: the argmax is class 3, which is not confident."""
    probs = np.array([[0.1, 0.2, 0.3, 0.4]], np.float32)
    thresholds = np.array([0.01, 0.5, 0.01, 0.5])
    assert confident.confident_guess(probs, thresholds).tolist() == [2]


@pytest.mark.parametrize(
    ("probs", "expected"),
    [([0.6, 0.4, 0.0], 0), ([0.4, 0.35, 0.25], 1), ([0.45, 0.1, 0.45], -1), ([0.5, 0.2, 0.3], 0)],
)
def test_confident_guess(probs: list[float], expected: int) -> None:
    thresholds = np.array([0.5, 0.2, 0.9])
    guess = confident.confident_guess(np.array([probs], np.float32), thresholds)
    assert guess.tolist() == [expected]


def noisy(n: int = 3000, n_classes: int = 4, wrong: float = 0.2) -> tuple[np.ndarray, ...]:
    """Labels of which a known share is wrong, and probabilities that mostly see the truth."""
    rng = np.random.default_rng(0)
    truth = rng.integers(0, n_classes, n)
    flipped = rng.random(n) < wrong
    labels = np.where(flipped, (truth + 1) % n_classes, truth)
    logits = rng.normal(0, 1, (n, n_classes))
    logits[np.arange(n), truth] += 3
    powers = np.exp(logits)
    return labels, (powers / powers.sum(1, keepdims=True)).astype(np.float32), truth


def test_the_joint_keeps_the_class_counts_and_sees_the_noise() -> None:
    labels, probs, truth = noisy()
    joint = confident.confident_joint(labels, probs)
    assert joint.sum(axis=1).tolist() == np.bincount(labels).tolist()
    share = (labels != truth).mean()
    assert confident.count_issues(labels, probs, joint) / len(labels) == pytest.approx(
        share, abs=0.05
    )


def test_the_rare_class_is_not_handed_to_the_frequent_one() -> None:
    """Class 1 is rare and hardly ever seen: its threshold is 0.3, that of class 0 is 0.9.

    Its images reach their own threshold and not the other one, but the argmax is class 0.
    Class 2 makes more than one class confident, which is when cleanlab takes the argmax.
    """
    rare = np.tile(np.array([[0.5, 0.3, 0.2]], np.float32), (20, 1))
    common = np.tile(np.array([[0.9, 0.05, 0.05]], np.float32), (400, 1))
    other = np.tile(np.array([[0.7, 0.1, 0.2]], np.float32), (30, 1))
    probs = np.vstack([rare, common, other])
    labels = np.repeat([1, 0, 2], [20, 400, 30])
    assert confident.confident_joint(labels, probs)[1].tolist() == [0, 20, 0]

    from cleanlab.count import compute_confident_joint

    theirs = compute_confident_joint(labels, probs)[1]
    assert theirs[0] > 0, "cleanlab mended its issue 1248: confident_guess can go"


def test_a_class_without_images_keeps_a_zero_row() -> None:
    labels, probs, _ = noisy()
    widened = np.hstack([probs[:, :2], np.zeros((len(probs), 1), np.float32), probs[:, 2:]])
    shifted = labels + (labels >= 2)
    joint = confident.confident_joint(shifted, widened)
    assert joint[2].sum() == joint[:, 2].sum() == 0
    assert confident.count_issues(shifted, widened, joint) > 0


def test_one_class_has_no_issue() -> None:
    probs = np.full((5, 3), 1 / 3, np.float32)
    labels = np.zeros(5, np.int64)
    joint = confident.confident_joint(labels, probs)
    assert confident.count_issues(labels, probs, joint) == 0


def test_worst_takes_the_first_of_equals() -> None:
    quality = np.array([0.5, 0.1, 0.5, 0.9], np.float32)
    assert confident.worst(quality, 2).tolist() == [True, True, False, False]
    assert not confident.worst(quality, 0).any()
