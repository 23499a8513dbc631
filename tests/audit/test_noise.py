from __future__ import annotations

import numpy as np
import pytest

from fercurate.audit import noise
from fercurate.audit.noise import NoiseModel

NEUTRAL_AS_SAD = NoiseModel(np.array([[0.9, 0.1], [0.5, 0.5]]), np.array([0.3, 0.7]))
"""Classes sad, neutral: half of the neutral faces are called sad."""


def test_known_confusion_is_taken_out() -> None:
    noisy = np.array([[0.5, 0.5]], np.float32)
    clean = noise.true_probs(noisy, NEUTRAL_AS_SAD, steps=200)
    assert clean[0, 1] > 0.97, "a face half called sad is what a neutral face looks like"


def test_without_confusion_nothing_changes() -> None:
    model = NoiseModel(np.eye(3), np.full(3, 1 / 3))
    noisy = np.array([[0.2, 0.5, 0.3]], np.float32)
    assert noise.true_probs(noisy, model, steps=1) == pytest.approx(noisy)


def test_the_given_label_counts_as_evidence() -> None:
    probs = np.array([[0.5, 0.5], [0.5, 0.5]], np.float32)
    believed = noise.posterior(probs, np.array([0, 1]), NEUTRAL_AS_SAD)
    assert believed[0] == pytest.approx([0.9 / 1.4, 0.5 / 1.4])
    assert believed[1] == pytest.approx([0.1 / 0.6, 0.5 / 0.6])


def test_probabilities_stay_probabilities() -> None:
    rng = np.random.default_rng(0)
    noisy = rng.dirichlet(np.full(7, 0.2), 50).astype(np.float32)
    model = noise.from_counts(rng.integers(0, 100, (7, 7)))
    clean = noise.true_probs(noisy, model, steps=10)
    believed = noise.posterior(clean, rng.integers(0, 7, 50), model)
    for probs in (clean, believed):
        assert (probs >= 0).all()
        assert probs.sum(axis=1) == pytest.approx(np.ones(50), abs=1e-4)


@pytest.mark.parametrize(
    ("transition", "prior", "says"),
    [
        (np.eye(3), np.array([0.5, 0.5]), "shape"),
        (np.ones((2, 2)), np.array([0.5, 0.5]), "row"),
        (np.eye(2), np.array([0.5, 0.6]), "prior"),
    ],
)
def test_tables_that_are_no_probabilities_are_refused(
    transition: np.ndarray, prior: np.ndarray, says: str
) -> None:
    with pytest.raises(ValueError, match=says):
        NoiseModel(transition, prior)
