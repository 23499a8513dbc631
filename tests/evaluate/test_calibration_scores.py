"""Calibration on cases whose answer is known."""

from __future__ import annotations

import numpy as np
import pytest

from fercurate.evaluate.calibration_scores import calibration, reliability


def two(confidence: float, n: int, right: int) -> tuple[np.ndarray, np.ndarray]:
    """n images of class 0 at `confidence`, of which `right` are labelled 0."""
    probabilities = np.tile([confidence, 1 - confidence], (n, 1))
    return probabilities, (np.arange(n) >= right).astype(np.int64)


@pytest.mark.parametrize(
    ("confidence", "right", "error"), [(0.8, 80, 0.0), (0.9, 60, 0.3), (0.6, 95, 0.35)]
)
def test_ece_is_the_distance_from_the_accuracy(confidence: float, right: int, error: float) -> None:
    assert calibration(*two(confidence, 100, right)).ece == pytest.approx(error, abs=1e-6)


def test_nll_and_brier_by_hand() -> None:
    found = calibration(np.array([[0.8, 0.2], [0.4, 0.6]]), np.array([0, 0]))
    assert found.nll == pytest.approx(-(np.log(0.8) + np.log(0.4)) / 2)
    assert found.brier == pytest.approx(((0.2**2) * 2 + (0.6**2) * 2) / 2)


def test_a_sure_and_right_model_is_perfect() -> None:
    found = calibration(np.eye(7), np.arange(7))
    assert (found.ece, found.brier) == (0, 0)
    assert found.nll == pytest.approx(0, abs=1e-9)


def test_the_bins_hold_every_image_and_give_the_ece() -> None:
    rng = np.random.default_rng(0)
    probabilities = rng.dirichlet(np.ones(7) * 0.5, 500)
    labels = rng.integers(0, 7, 500)
    bins = reliability(probabilities, labels)
    assert len(bins) == 15
    assert sum(b.images for b in bins) == 500
    assert [b.low for b in bins][1:] == [b.high for b in bins][:-1]
    error = sum(b.images / 500 * abs(b.accuracy - b.confidence) for b in bins if b.images)
    assert error == pytest.approx(calibration(probabilities, labels).ece, abs=1e-6)
    empty = [b for b in bins if not b.images]
    assert all(b.accuracy is None and b.confidence is None for b in empty)
    assert empty  # the largest of seven is never below 1/7


@pytest.mark.parametrize("top", [1.0, 2 / 15, 0.2])
def test_a_probability_on_an_edge_is_in_one_bin(top: float) -> None:
    bins = reliability(np.array([[top, *[(1 - top) / 14] * 14]]), np.array([0]))
    assert next(b for b in bins if b.images).low < top
