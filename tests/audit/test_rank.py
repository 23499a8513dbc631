from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from fercurate.audit import rank, scores
from fercurate.audit.evidence import Evidence
from fercurate.audit.rank import Ranking
from fercurate.rerank import order


def evidence(
    n: int = 2000, wrong: float = 0.15, seed: int = 0
) -> tuple[Evidence, np.ndarray, np.ndarray]:
    """Evidence of a decent network on labels of which a share is wrong."""
    rng = np.random.default_rng(seed)
    truth = rng.integers(0, 7, n)
    labels = np.where(rng.random(n) < wrong, (truth + rng.integers(1, 7, n)) % 7, truth)
    logits = rng.normal(0, 1, (n, 7))
    logits[np.arange(n), truth] += 2.5
    probs = np.exp(logits) / np.exp(logits).sum(1, keepdims=True)
    votes = 0.7 * probs + 0.3 / 7
    margins = logits[np.arange(n), labels] - np.sort(logits, 1)[:, -2]
    made = Evidence(
        probs.astype(np.float32),
        votes.astype(np.float32),
        margins.astype(np.float32),
        np.linspace(0, 1, n, dtype=np.float32),
    )
    return made, labels, truth


def test_wrong_labels_come_first() -> None:
    found, labels, truth = evidence()
    ranking = rank.rank(found, labels)
    wrong = labels != truth
    order = np.argsort(ranking.quality)
    assert wrong[order[:150]].mean() > 0.9
    assert ranking.quality.min() >= 0
    assert ranking.quality.max() <= 1
    flagged = ranking.is_issue
    assert (wrong & flagged).sum() / flagged.sum() > 0.6
    assert (wrong & flagged).sum() / wrong.sum() > 0.7


def test_a_belief_that_was_taught_is_taken_at_its_word() -> None:
    belief = np.array([[0.6, 0.3, 0.1], [0.2, 0.5, 0.3]], np.float32)
    shares = belief[:, ::-1]
    quality = np.array([0.7, 0.1], np.float32)
    ranking = rank.of_belief(quality, belief, belief, shares, np.array([0, 0]))
    assert ranking.shares is shares
    assert ranking.is_issue.tolist() == [False, True]
    assert ranking.quality is quality
    suggested, confidence = rank.suggest(ranking, np.array([0, 0]))
    assert suggested.tolist() == [0, 1]
    assert confidence.tolist() == pytest.approx([0.6, 0.5])


def test_flags_are_the_worst_ranked() -> None:
    found, labels, _ = evidence()
    ranking = rank.rank(found, labels)
    assert ranking.quality[ranking.is_issue].max() <= ranking.quality[~ranking.is_issue].min()


def test_suggestions_replace_issues_alone() -> None:
    found, labels, truth = evidence()
    ranking = rank.rank(found, labels)
    suggested, confidence = rank.suggest(ranking, labels)
    issue = ranking.is_issue
    assert (suggested[~issue] == labels[~issue]).all()
    assert (suggested[issue] != labels[issue]).all()
    wrong = issue & (labels != truth)
    assert (suggested[wrong] == truth[wrong]).mean() > 0.8
    assert ((confidence >= 0) & (confidence <= 1 + 1e-6)).all()


def test_verdicts() -> None:
    # the given label is the last class; two others share what is left, or one has it all
    sure, torn, flat = [0.9, 0.05, 0.05], [0.48, 0.47, 0.05], [0.34, 0.33, 0.33]
    probs = np.array([sure, torn, flat, flat, sure], np.float32)
    labels = np.full(5, 2)
    ranking = Ranking(
        quality=np.zeros(5, np.float32),
        belief=probs,
        joint=np.eye(3, dtype=np.int64),
        is_issue=np.array([True, True, True, False, False]),
    )
    typicality = np.array([0.5, 0.5, 0.0, 0.5, 0.0], np.float32)
    found = Evidence(probs, probs, np.zeros(5, np.float32), typicality)
    verdict = rank.verdicts(ranking, found, labels)
    assert verdict.tolist() == ["mislabeled", "ambiguous", "outlier", "ok", "ok"]


def test_neighbours_shown_as_evidence_are_sound() -> None:
    ranking = Ranking(
        quality=np.array([0.1, 0.9, 0.8, 0.2], np.float32),
        belief=np.full((4, 2), 0.5, np.float32),
        joint=np.eye(2, dtype=np.int64),
        is_issue=np.array([True, False, False, False]),
    )
    neighbours = np.array([[3, 1, 2, -1], [0, 2, 3, -1], [-1, -1, -1, -1], [1, 0, 2, -1]])
    labels = np.zeros(4, np.int64)
    assert rank.confident_neighbours(neighbours, ranking, labels, keep=2) == [
        [1, 2],
        [2],
        [],
        [1, 2],
    ]


def test_a_class_that_is_often_wrong_is_doubted_more() -> None:
    """The same probabilities, but labels of class 0 are wrong far more often than others."""
    found, labels, truth = evidence(4000, wrong=0.0)
    rng = np.random.default_rng(1)
    taken = (truth != 0) & (rng.random(len(truth)) < 0.25)
    labels = np.where(taken, 0, truth)
    ranking = rank.rank(found, labels)
    alike = np.abs(found.probs[np.arange(len(labels)), labels] - 0.5) < 0.1
    doubted = ranking.quality[alike & (labels == 0)].mean()
    assert doubted < ranking.quality[alike & (labels != 0)].mean() - 0.1


def test_a_score_that_does_not_vary_says_nothing() -> None:
    assert order.standardised(np.full(3, 0.4, np.float32)).tolist() == [0, 0, 0]


def test_the_others_move_a_posterior_that_cannot_tell() -> None:
    found, labels, truth = evidence(300)
    quality = rank.hear_the_others(np.full(len(labels), 0.7, np.float32), found, labels)
    wrong = labels != truth
    assert quality[wrong].mean() < quality[~wrong].mean() - 0.15
    assert quality.min() > 0
    assert quality.max() < 1


def test_the_others_move_less_where_there_are_many_images() -> None:
    spreads = []
    for n in (300, 30_000):
        found, labels, _ = evidence(n)
        flat = np.full(n, 0.7, np.float32)
        spreads.append(rank.hear_the_others(flat, found, labels).std())
    assert spreads[1] < spreads[0] / 4


def test_two_views_are_better_than_either_and_count_as_many() -> None:
    first, labels, truth = evidence()
    second, _, _ = evidence(seed=0)
    rng = np.random.default_rng(5)
    logits = rng.normal(0, 1, (len(labels), 7))
    logits[np.arange(len(labels)), truth] += 2.5
    second = replace(second, probs=scores.softmax(logits.astype(np.float32)))
    second = replace(second, votes=second.probs * np.float32(0.7) + np.float32(0.3 / 7))
    wrong = labels != truth

    def precision(ranking: Ranking) -> float:
        return float(wrong[np.argsort(ranking.quality)[: wrong.sum()]].mean())

    alone = [rank.rank(one, labels) for one in (first, second)]
    both = rank.rank(replace(first, beside=second), labels)
    assert precision(both) > max(map(precision, alone)) + 0.03
    assert both.is_issue.sum() == round(np.mean([one.is_issue.sum() for one in alone]))


def test_heads_change_the_belief_and_not_the_order() -> None:
    found, labels, truth = evidence()
    heads = np.full((len(labels), 7), 0.01, np.float32)
    heads[np.arange(len(labels)), truth] = 0.94
    without, with_heads = rank.rank(found, labels), rank.rank(found, labels, heads)
    assert (with_heads.quality == without.quality).all()
    assert (with_heads.is_issue == without.is_issue).all()
    right = [(one.belief.argmax(axis=1) == truth).mean() for one in (without, with_heads)]
    assert right[1] > right[0]


def test_opinions_agree_in_logits() -> None:
    sure, torn = np.array([[0.9, 0.1]], np.float32), np.array([[0.5, 0.5]], np.float32)
    assert rank.agreed([sure]) is sure
    assert rank.agreed([sure, torn])[0].tolist() == pytest.approx([0.75, 0.25])
    certain = np.array([[1.0, 0.0]], np.float32)
    assert 0 < rank.agreed([certain, torn])[0, 1] < 0.02
