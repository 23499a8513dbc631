"""Scores of answers, on cases small enough to count by hand."""

from __future__ import annotations

import numpy as np
import pytest

from fercurate.evaluate.model_scores import (
    Scores,
    accuracy_interval,
    recognised_well,
    score,
)

ABC = ("a", "b", "c")


def of(answers: list[int], labels: list[int]) -> Scores:
    return score(np.array(answers), np.array(labels), ABC)


def test_scores_by_hand() -> None:
    found = of([0, 0, 1, 1, 1, 2], [0, 1, 1, 1, 2, 2])
    assert found.images == 6
    assert found.accuracy == pytest.approx(4 / 6)
    assert found.confusion == [[1, 0, 0], [1, 2, 0], [0, 1, 1]]
    assert found.by_class["b"].precision == pytest.approx(2 / 3)
    assert found.by_class["b"].recall == pytest.approx(2 / 3)
    assert found.by_class["c"].f1 == pytest.approx(2 / 3)
    assert [c.support for c in found.by_class.values()] == [1, 3, 2]
    assert found.balanced_accuracy == pytest.approx((1 + 2 / 3 + 1 / 2) / 3)


def test_a_class_that_does_not_occur_counts_in_no_mean() -> None:
    found = of([0, 0, 1, 2], [0, 0, 1, 1])
    assert found.by_class["c"].support == 0
    assert found.balanced_accuracy == pytest.approx(0.75)
    assert found.macro_f1 == pytest.approx((1 + 2 / 3) / 2)


@pytest.mark.parametrize("right", [0.0, 0.3, 0.68, 1.0])
def test_the_interval_is_that_of_a_share(right: float) -> None:
    n = 3589
    found = accuracy_interval(np.arange(n) < right * n)
    half = 1.96 * np.sqrt(right * (1 - right) / n)
    assert found == pytest.approx((right - half, right + half), abs=0.002)
    assert 0 <= found[0] <= found[1] <= 1


@pytest.mark.parametrize(
    ("right", "n", "low", "high"),
    [(5, 5, 0.566, 1.0), (0, 5, 0.0, 0.434), (9, 10, 0.596, 0.982), (50, 100, 0.404, 0.596)],
)
def test_a_few_images_leave_a_doubt(right: int, n: int, low: float, high: float) -> None:
    """Figures of Wilson's interval, calculated by hand from z = 1.96."""
    assert accuracy_interval(np.arange(n) < right) == pytest.approx((low, high), abs=5e-4)


def test_only_frequent_classes_are_recognised_well() -> None:
    labels = [0] * 40 + [1] * 40 + [2] * 5
    answers = [0] * 38 + [1] * 2 + [1] * 20 + [0] * 0 + [2] * 20 + [2] * 5
    assert recognised_well(of(answers, labels)) == ("a",)
    assert recognised_well(of(labels, labels)) == ("a", "b")


def test_nothing_is_not_scored() -> None:
    with pytest.raises(ValueError, match="no labelled image"):
        of([], [])
