"""Accuracy by coverage, counted by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fercurate.evaluate.abstention import MIN_IMAGES, POINTS, Abstention, abstention


def of(confidence: list[float] | np.ndarray, right: list[int] | np.ndarray) -> Abstention:
    sure = np.asarray(confidence)
    labels = np.where(np.asarray(right), 0, 1)
    return abstention(np.stack([sure, 1 - sure], axis=1), labels)


def test_by_hand() -> None:
    found = of([0.9, 0.8, 0.7, 0.6], [1, 1, 0, 1])
    assert [p.coverage for p in found.curve] == [0.25, 0.5, 0.75, 1]
    assert [p.accuracy for p in found.curve] == pytest.approx([1, 1, 2 / 3, 3 / 4])
    assert found.area == pytest.approx((0 + 0 + 1 / 3 + 1 / 4) / 4)
    assert found.at["50%"].threshold == pytest.approx(0.8)
    assert found.at["70%"].coverage == 0.75
    assert found.at["100%"].accuracy == 0.75


def test_images_of_one_confidence_are_answered_together() -> None:
    found = of([0.9, 0.7, 0.7, 0.7], [1, 0, 1, 1])
    assert [p.coverage for p in found.curve] == [0.25, 1]
    assert found.at["50%"].coverage == 1
    assert found.area == pytest.approx((0 + 3 * 0.25) / 4)


def test_a_threshold_gives_back_its_coverage_and_accuracy() -> None:
    rng = np.random.default_rng(0)
    sure = rng.uniform(0.5, 1, 2000)
    right = rng.uniform(size=2000) < sure
    found = of(sure, right)
    wanted = found.reaching["90%"]
    assert wanted is not None
    answered = sure >= wanted.threshold
    assert answered.mean() == pytest.approx(wanted.coverage)
    assert right[answered].mean() == pytest.approx(wanted.accuracy)
    assert wanted.accuracy >= 0.9
    wider = np.sort(sure)[::-1][int(answered.sum()) + 1 :]
    assert all(right[sure >= t].mean() < 0.9 for t in wider)
    assert len(found.curve) <= POINTS
    assert (found.curve[0].coverage, found.curve[-1].coverage) == (1 / 2000, 1)


def test_a_good_order_has_the_smaller_area() -> None:
    right = np.arange(100) < 70
    falling = np.linspace(0.99, 0.51, 100)
    assert of(falling, right).area < of(falling, ~right[::-1]).area < of(falling, right[::-1]).area


def test_few_answers_promise_nothing() -> None:
    n = 4 * MIN_IMAGES
    sure = np.linspace(0.99, 0.51, n)
    lucky = np.arange(n) < MIN_IMAGES // 2
    assert of(sure, lucky).reaching["95%"] is None
    assert of(sure, np.ones(n, bool)).reaching["95%"].coverage == 1
