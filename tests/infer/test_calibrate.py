"""Temperature and calibration error on predictions whose truth is known."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from numpy.typing import NDArray
from torchmetrics.functional.classification import multiclass_calibration_error

from fercurate.infer.calibrate import bin_of, ece, fit_temperature, tempered


def drawn(n: int = 20_000) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Logits, and labels drawn by their own softmax: calibrated at temperature 1."""
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (n, 7))
    shares = tempered(logits, 1.0).cumsum(1)
    return logits, (shares < rng.random((n, 1)) * shares[:, -1:]).sum(1).astype(np.int64)


@pytest.mark.parametrize("factor", [0.5, 1.0, 3.0])
def test_the_temperature_undoes_a_scale(factor: float) -> None:
    logits, labels = drawn()
    assert fit_temperature(factor * logits, labels) == pytest.approx(factor, rel=0.05)


def test_the_temperature_stays_in_its_bounds() -> None:
    logits, labels = drawn(50)
    assert fit_temperature(0 * logits, labels) >= 0.1
    right = np.eye(7)[labels] * 5
    assert 0.1 <= fit_temperature(right, labels) < 0.2
    assert 9 < fit_temperature(np.roll(right, 1, axis=1), labels) <= 10


def test_tempering_lowers_the_calibration_error() -> None:
    logits, labels = drawn()
    too_sure = 3 * logits
    before = ece(tempered(too_sure, 1.0), labels)
    after = ece(tempered(too_sure, fit_temperature(too_sure, labels)), labels)
    assert before > 0.1
    assert after < 0.02


def test_calibration_error_of_one_bin_is_sureness_less_accuracy() -> None:
    probabilities = np.full((10, 7), 0.3 / 6)
    probabilities[:, 2] = 0.7
    labels = np.array([2] * 4 + [0] * 6)
    assert ece(probabilities, labels) == pytest.approx(0.3, abs=1e-6)


@pytest.mark.parametrize("sharpness", [0.2, 1.0, 4.0])
def test_calibration_error_is_that_of_torchmetrics(sharpness: float) -> None:
    logits, labels = drawn()
    probabilities = tempered(sharpness * logits, 1.0)
    theirs = multiclass_calibration_error(
        torch.from_numpy(probabilities), torch.from_numpy(labels), num_classes=7, n_bins=15
    )
    assert ece(probabilities, labels) == pytest.approx(float(theirs), abs=1e-5)


@pytest.mark.parametrize(
    ("confidence", "expected"), [(0.0, 0), (0.1, 0), (0.1001, 1), (0.5, 4), (1.0, 9)]
)
def test_a_bin_holds_its_upper_end(confidence: float, expected: int) -> None:
    assert bin_of(np.array([confidence]), 10).tolist() == [expected]


def test_a_low_temperature_sharpens() -> None:
    logits = np.array([[1.0, 2, 0, 0, 0, 0, 0]])
    cold, warm = tempered(logits, 0.5), tempered(logits, 2.0)
    assert cold.max() > warm.max()
    assert cold.dtype == np.float32
    assert cold.sum() == pytest.approx(1, abs=1e-6)


@pytest.mark.parametrize(("n", "m"), [(0, 0), (3, 2)])
def test_lengths_must_match(n: int, m: int) -> None:
    with pytest.raises(ValueError, match="logits"):
        fit_temperature(np.zeros((n, 7)), np.zeros(m, np.int64))
