from __future__ import annotations

import numpy as np
import pytest

from fercurate.audit import scores

PROBS = np.array([[0.7, 0.2, 0.1], [0.1, 0.6, 0.3]], np.float32)


def test_softmax_is_stable_and_obeys_the_temperature() -> None:
    logits = np.array([[1000.0, 999.0, 0.0]], np.float32)
    assert scores.softmax(logits)[0] == pytest.approx([0.7311, 0.2689, 0.0], abs=1e-4)
    assert scores.softmax(logits, temperature=1000.0)[0, 2] > 0.15


@pytest.mark.parametrize(("labels", "expected"), [([0, 1], [0.7, 0.6]), ([2, 0], [0.1, 0.1])])
def test_self_confidence(labels: list[int], expected: list[float]) -> None:
    assert scores.self_confidence(PROBS, np.array(labels)) == pytest.approx(expected)


@pytest.mark.parametrize(("labels", "expected"), [([0, 1], [0.75, 0.65]), ([2, 0], [0.2, 0.25])])
def test_normalized_margin(labels: list[int], expected: list[float]) -> None:
    assert scores.normalized_margin(PROBS, np.array(labels)) == pytest.approx(expected)


def test_confidence_weighted_entropy_is_low_for_a_confident_contradiction() -> None:
    score = scores.confidence_weighted_entropy(PROBS, np.array([2, 1]))
    assert score.dtype == np.float32
    assert score[0] < score[1]


def test_area_under_margin_leaves_held_out_networks_out() -> None:
    margins = np.array([[1.0, np.nan], [np.nan, -2.0], [3.0, -4.0]], np.float32)
    assert scores.area_under_margin(margins).tolist() == [2.0, -3.0]


def test_near_neighbours_vote_louder_and_none_is_uniform() -> None:
    labels = np.array([0, 1, 1])
    neighbours = np.array([[1, 2], [0, -1], [-1, -1]])
    similarity = np.array([[0.9, 0.1], [0.5, np.nan], [np.nan, np.nan]], np.float32)
    votes = scores.neighbour_votes(neighbours, similarity, labels, 2)
    assert votes == pytest.approx(np.array([[0, 1], [1, 0], [0.5, 0.5]]))
    mixed = scores.neighbour_votes(np.array([[0, 1]]), similarity[:1], labels, 2)
    assert mixed[0, 0] > mixed[0, 1] > 0
