from __future__ import annotations

import numpy as np
import pytest
from rerank_cases import made
from sklearn.metrics import average_precision_score

from fercurate.rerank.learn import Verdicts, learn


def ranking(belief: np.ndarray, labels: np.ndarray, truth: np.ndarray, rest: np.ndarray) -> float:
    given = belief[np.arange(len(labels)), labels]
    return float(average_precision_score((labels != truth)[rest], -given[rest]))


def test_a_hundred_verdicts_find_what_the_networks_cannot_see() -> None:
    evidence, truth = made()
    seen = np.random.default_rng(0).permutation(len(truth))[:100]
    rest = np.setdiff1d(np.arange(len(truth)), seen)
    before = learn(evidence, Verdicts()).belief
    after = learn(evidence, Verdicts(seen, truth[seen], np.ones(100))).belief
    scores = [ranking(b, evidence.labels, truth, rest) for b in (before, after)]
    assert scores[1] > scores[0]
    assert scores[1] > 0.9
    assert (after.argmax(1) == truth)[rest].mean() > 0.9


def test_the_same_verdicts_teach_the_same() -> None:
    evidence, truth = made(300)
    verdicts = Verdicts(np.arange(40), truth[:40], np.ones(40))
    assert (learn(evidence, verdicts).belief == learn(evidence, verdicts).belief).all()


def test_what_is_kept_for_other_images_comes_from_the_coefficients_alone() -> None:
    evidence, truth = made(300)
    verdicts = Verdicts(np.arange(200), truth[:200], np.ones(200))
    taught, kept = learn(evidence, verdicts), learn(evidence, verdicts, to_keep=True)
    assert (taught.picture != kept.picture).any()
    assert kept.coefficients.confusion[4, 6] > 0


def test_verdicts_of_different_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="lengths"):
        Verdicts(np.arange(2), np.arange(3), np.ones(2))
