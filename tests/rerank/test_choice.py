from __future__ import annotations

import numpy as np
import pytest
from rerank_cases import made

from fercurate.rerank import choice
from fercurate.rerank.choice import UNINFORMED, Coefficients, Prior


def certain(truth: np.ndarray) -> np.ndarray:
    return np.eye(7, dtype=np.float32)[truth]


def test_without_a_verdict_the_prior_stands() -> None:
    empty = np.empty(0, np.int64)
    features = np.empty((0, 7, len(choice.SHARED)), np.float32)
    targets = np.empty((0, 7), np.float32)
    assert choice.fit(features, empty, targets, np.empty(0), UNINFORMED) is UNINFORMED.mean


def test_verdicts_teach_a_confusion_and_a_firmer_prior_learns_less() -> None:
    evidence, truth = made()
    features = choice.shared_features(
        evidence.start, evidence.labels, evidence.transition, evidence.margins
    )
    seen = np.arange(300)
    found = [
        choice.fit(features[seen], evidence.labels[seen], certain(truth[seen]), np.ones(300), prior)
        for prior in (UNINFORMED, UNINFORMED.times(1000))
    ]
    taught, firm = (weights.confusion[4, 6] - weights.confusion[4, 4] for weights in found)
    assert taught > 0.2, "given 4, often 6"
    assert abs(firm) < taught / 5
    before = choice.probabilities(features, evidence.labels, UNINFORMED.mean)
    after = choice.probabilities(features, evidence.labels, found[0])
    rest = slice(300, None)
    right = [(p.argmax(1) == truth)[rest].mean() for p in (before, after)]
    assert right[1] > right[0]
    assert after.sum(1) == pytest.approx(np.ones(len(after)), abs=1e-5)


def test_a_weight_of_two_is_two_verdicts() -> None:
    evidence, truth = made(60)
    features = choice.shared_features(
        evidence.start, evidence.labels, evidence.transition, evidence.margins
    )
    one = choice.fit(features, evidence.labels, certain(truth), np.full(60, 2.0), UNINFORMED)
    both = np.tile(np.arange(60), 2)
    labels, targets = evidence.labels[both], certain(truth[both])
    two = choice.fit(features[both], labels, targets, np.ones(120), UNINFORMED)
    assert one.flat() == pytest.approx(two.flat(), abs=0.02)


def test_a_shared_target_lies_between_its_classes() -> None:
    evidence, truth = made(400)
    features = choice.shared_features(
        evidence.start, evidence.labels, evidence.transition, evidence.margins
    )
    half = (certain(truth) + certain((truth + 1) % 7)) / 2
    sure, unsure = (
        choice.probabilities(
            features,
            evidence.labels,
            choice.fit(features, evidence.labels, targets, np.ones(400), UNINFORMED),
        )
        for targets in (certain(truth), half)
    )
    rows = np.arange(400)
    assert sure[rows, truth].mean() > 0.75
    assert 0.3 < unsure[rows, truth].mean() < 0.55
    assert 0.3 < unsure[rows, (truth + 1) % 7].mean() < 0.55


def test_coefficients_survive_a_file() -> None:
    rng = np.random.default_rng(0)
    weights = Coefficients(rng.normal(size=4), rng.normal(size=7), rng.normal(size=(7, 7)))
    assert Coefficients.of_dict(weights.as_dict()).flat() == pytest.approx(weights.flat())
    assert Coefficients.of_flat(weights.flat()).confusion == pytest.approx(weights.confusion)


def test_shapes_are_checked() -> None:
    with pytest.raises(ValueError, match="shapes"):
        Coefficients(np.zeros(3), np.zeros(7), np.zeros((7, 7)))


def test_a_prior_is_held_as_hard_as_it_says() -> None:
    held = Prior(UNINFORMED.mean, 1, 2, 3).times(10).precision()
    assert held.tolist() == [10] * 4 + [20] * 7 + [30] * 49
