"""Soft labels: what a model should be told where one class would say too much."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fercurate.decisions import Settled
from fercurate.labels import CLASSES, INDEX, N_CLASSES
from fercurate.soft import at_most

Target = NDArray[np.float32]


def one_hot(index: NDArray[np.int64]) -> Target:
    """float32 [n, K]; all NaN where the index is -1."""
    made = np.full((len(index), N_CLASSES), np.nan, np.float32)
    known = index >= 0
    made[known] = np.eye(N_CLASSES, dtype=np.float32)[index[known]]
    return made


def soften(label: NDArray[np.int64], belief: Target, weight: float) -> Target:
    """`weight` times the belief and the rest on the label: float32 [n, K], rows add up to 1.

    With a calibrated belief and the weight 1 the expected cross-entropy of a model that is
    trained on it is that on true labels.

    Args:
        label: int64 [n], 0..K-1.
        belief: float32 [n, K].
        weight: 0..1.
    """
    return normalised((1 - weight) * one_hot(label) + weight * belief)


def normalised(target: Target) -> Target:
    """Rows scaled to add up to 1, float32."""
    wide = target.astype(np.float64)
    scaled: Target = (wide / wide.sum(axis=1, keepdims=True)).astype(np.float32)
    return scaled


def settled_target(settled: Settled, before: Target) -> Target | None:
    """The label [K] that reviewers settled on, None where they want the image out.

    Each reviewer has one voice: for a class, or for ambiguous (`before`, made no surer than
    `AMBIGUOUS_SHARE`). An image leaves when most reviewers exclude it.

    Args:
        settled: What stands for the image.
        before: float32 [K], belief of the audit, or one-hot on the given label.
    """
    voices = [verdict.outcome for verdict in settled.verdicts]
    if 2 * voices.count("exclude") > len(voices):
        return None
    named = [voice for voice in voices if voice in INDEX]
    unsure = [voice for voice in voices if voice == "ambiguous"]
    total = np.zeros(N_CLASSES, np.float32)
    for voice in named:
        total[INDEX[voice]] += 1
    if unsure or not named:
        total += max(len(unsure), 1) * at_most(before)
    shared: Target = normalised(total[None])[0]
    return shared


def name_of(target: Target) -> str:
    """The class with the largest share; the first of several."""
    return CLASSES[int(target.argmax())]
