"""Weights of reviewed images."""

from __future__ import annotations

import numpy as np
import pytest

from fercurate.design_weights import pooled, weights

STRATUM = np.repeat([0, 1, 2, 3], [10, 20, 30, 40])


def marked(*rows: int) -> np.ndarray:
    return np.isin(np.arange(100), rows)


@pytest.mark.parametrize(
    ("blind", "queue", "expected"),
    [
        ((0, 1, 10, 30, 60, 61), (), {0: 5, 1: 5, 10: 20, 30: 30, 60: 20, 61: 20}),
        ((0, 1, 10, 30, 60), (2, 3), {0: 4, 1: 4, 2: 1, 3: 1, 10: 20, 30: 30, 60: 40}),
        ((10, 30, 60), (), {10: 30, 30: 30, 60: 40}),  # stratum 0 joins 1
        ((0, 10, 30), (99,), {0: 16.5, 10: 33, 30: 49.5, 99: 1}),  # class 1 is spoken for
        ((), (4,), {4: 1}),
    ],
)
def test_weights(blind: tuple, queue: tuple, expected: dict) -> None:
    found = weights(STRATUM, marked(*blind), marked(*queue))
    assert {int(i): found[i] for i in np.flatnonzero(found)} == pytest.approx(expected)
    if blind:
        assert found.sum() == pytest.approx(100)


def test_a_stratum_without_a_verdict_joins_the_nearest_of_its_class() -> None:
    cells = pooled(STRATUM, marked(30))
    assert cells[[0, 10, 30, 60]].tolist() == [2, 2, 2, -1]


def test_a_queue_that_skips_the_sample_does_not_bias_the_total() -> None:
    rng = np.random.default_rng(0)
    n = 600
    quality = np.linspace(0, 1, n)
    wrong = rng.random(n) < 1 - quality
    stratum = np.zeros(n, np.int64)
    totals, naive = [], []
    for _ in range(400):
        blind = np.isin(np.arange(n), rng.choice(n, 60, replace=False))
        queue = np.zeros(n, bool)
        queue[np.flatnonzero(~blind)[:200]] = True
        totals.append(weights(stratum, blind, queue, quality) @ wrong)
        naive.append(weights(stratum, blind, queue) @ wrong)
    assert np.mean(totals) == pytest.approx(wrong.sum(), rel=0.02)
    assert np.mean(naive) > 1.08 * wrong.sum()
