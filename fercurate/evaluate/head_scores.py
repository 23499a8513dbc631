"""Every head of a model side by side, at each balance that matters."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fercurate.evaluate.groups import SEVEN
from fercurate.evaluate.model_scores import Scores, score
from fercurate.infer.calibrate import ece
from fercurate.infer.info import ModelInfo


@dataclass(frozen=True)
class HeadSet:
    """A head against one set of labels.

    Attributes:
        scores: Of all its answers, also the unsure ones.
        ece: Expected calibration error in 15 bins, 0..1, low = good.
        answered: Share of the images that reach the head's threshold, 0..1.
        answered_right: Share of these answers that is right, 0..1; None where there is none.
    """

    scores: Scores
    ece: float
    answered: float
    answered_right: float | None


@dataclass(frozen=True)
class HeadScores:
    """A head at one balance.

    Attributes:
        name, balance, temperature, threshold: See `infer.heads`.
        is_default: Whether the model answers so where nothing is said.
        sets: By set of labels.
    """

    name: str
    balance: float
    temperature: float
    threshold: float
    is_default: bool
    sets: dict[str, HeadSet]


def head_scores(
    info: ModelInfo,
    logits: NDArray[np.float32],
    truth: Mapping[str, NDArray[np.int64]],
    balance: float | None = None,
) -> tuple[HeadScores, ...]:
    """Each head of a model at balance 0, at its own, and at one that was asked for.

    Args:
        info: Of the model.
        logits: float32 [n, heads, 7].
        truth: By set of labels int64 [n], 0..6, -1 where there is none.
        balance: The one that was asked for, 0..1.
    """
    made = []
    for head in info.heads:
        asked = () if balance is None or not head.prior else (balance,)
        for value in sorted({0.0, head.balance, *asked}):
            point = info.point(head.name, value)
            probabilities = point.probabilities(logits)
            made.append(
                HeadScores(
                    head.name,
                    value,
                    head.temperature,
                    head.threshold,
                    head.name == info.answers_as and value == head.balance,
                    {
                        name: _against(probabilities, labels, head.threshold)
                        for name, labels in truth.items()
                    },
                )
            )
    return tuple(made)


def _against(
    probabilities: NDArray[np.float32], labels: NDArray[np.int64], threshold: float
) -> HeadSet:
    known = labels >= 0
    probabilities, labels = probabilities[known], labels[known]
    right = probabilities.argmax(axis=1) == labels
    sure = probabilities.max(axis=1) >= threshold
    return HeadSet(
        scores=score(probabilities.argmax(axis=1), labels, SEVEN.classes),
        ece=ece(probabilities, labels),
        answered=float(sure.mean()),
        answered_right=float(right[sure].mean()) if sure.any() else None,
    )
