"""A classifier's answers against labels: the scores that papers report, with an interval."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

INTERVAL = 0.95

WELL = 0.8
"""F1 from which on a class counts as recognised well."""

MIN_SUPPORT = 30
"""Of fewer images an F1 says little."""


@dataclass(frozen=True)
class ClassScores:
    """One class; all but the support 0..1, high = good.

    Attributes:
        precision: Of the images that the model takes for it, the share that are it.
        recall: Of the images that are it, the share that the model finds.
        f1: Harmonic mean of both.
        support: Images that are it.
    """

    precision: float
    recall: float
    f1: float
    support: int


@dataclass(frozen=True)
class Scores:
    """A model's answers on some labelled images; the three scores 0..1, high = good.

    Attributes:
        images: How many there are.
        accuracy: Share of right answers.
        accuracy_low, accuracy_high: Its 95 % interval.
        balanced_accuracy: Mean recall of the classes that occur.
        macro_f1: Mean F1 of the classes that occur.
        by_class: Each class, in order.
        confusion: Images by label (row) and answer (column), in that order.
    """

    images: int
    accuracy: float
    accuracy_low: float
    accuracy_high: float
    balanced_accuracy: float
    macro_f1: float
    by_class: dict[str, ClassScores]
    confusion: list[list[int]]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def score(
    answers: NDArray[np.integer[Any]], labels: NDArray[np.integer[Any]], classes: Sequence[str]
) -> Scores:
    """Score answers int [n] against labels int [n], both numbers of `classes`.

    scikit-learn does the sums.

    Raises:
        ValueError: there is no row.
    """
    if not len(labels):
        raise ValueError("no labelled image")
    from sklearn.metrics import confusion_matrix, precision_recall_fscore_support

    numbers = range(len(classes))
    table = confusion_matrix(labels, answers, labels=numbers)
    precision, recall, f1, support = precision_recall_fscore_support(
        labels, answers, labels=numbers, zero_division=0
    )
    occurs = support > 0
    low, high = accuracy_interval(answers == labels)
    return Scores(
        images=len(labels),
        accuracy=float((answers == labels).mean()),
        accuracy_low=low,
        accuracy_high=high,
        balanced_accuracy=float(recall[occurs].mean()),
        macro_f1=float(f1[occurs].mean()),
        by_class={
            name: ClassScores(float(precision[i]), float(recall[i]), float(f1[i]), int(support[i]))
            for i, name in enumerate(classes)
        },
        confusion=table.tolist(),
    )


def accuracy_interval(right: NDArray[np.bool_]) -> tuple[float, float]:
    """The 95 % interval of the share of right answers in `right`, bool [n].

    Wilson's score interval (1927, https://doi.org/10.1080/01621459.1927.10502953): of 5 right
    answers out of 5 it says 0.57 to 1, where a bootstrap says that there is no doubt.
    """
    from scipy.stats import binomtest

    found = binomtest(int(right.sum()), len(right)).proportion_ci(INTERVAL, "wilson")
    return float(found.low), float(found.high)


def recognised_well(scores: Scores) -> tuple[str, ...]:
    """Classes whose F1 reaches `WELL` over `MIN_SUPPORT` images or more."""
    return tuple(
        name
        for name, found in scores.by_class.items()
        if found.f1 >= WELL and found.support >= MIN_SUPPORT
    )
