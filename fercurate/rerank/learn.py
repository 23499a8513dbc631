"""From verdicts to what is believed of every image: heads and confusions, learnt in turn."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from fercurate.rerank.choice import (
    UNINFORMED,
    Coefficients,
    Matrix,
    Prior,
    Probs,
    fit,
    probabilities,
    shared_features,
)
from fercurate.rerank.heads import Cell, Heads

ROUNDS = 4
"""Turns of believing and refitting the heads; more gain less than 0.001 each on FER2013."""


@dataclass(frozen=True)
class Evidence:
    """What is known of N audited images before any verdict.

    Attributes:
        labels: int64 [N], given labels.
        start: float32 [N, K], probabilities from the picture, the annotators' confusions taken
            out as far as they can be estimated: where learning starts.
        transition: float64 [K, K], P(given | true) as confident learning estimates it.
        margins: float32 [N], area under the margin, standardised.
        repeats: The networks' embeddings, a list of cells for each repeat of the cross-fitting.
    """

    labels: NDArray[np.int64]
    start: Probs
    transition: Matrix
    margins: NDArray[np.float32]
    repeats: list[list[Cell]]


@dataclass(frozen=True)
class Verdicts:
    """What a reviewer settled: positions int64 [n], classes int64 [n], weights float64 [n]."""

    index: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    truth: NDArray[np.int64] = field(default_factory=lambda: np.empty(0, np.int64))
    weight: Matrix = field(default_factory=lambda: np.empty(0))

    def __post_init__(self) -> None:
        if not len(self.index) == len(self.truth) == len(self.weight):
            raise ValueError("verdicts of different lengths")


@dataclass(frozen=True)
class Learned:
    """What follows from the verdicts.

    Attributes:
        belief: float32 [N, K], P(true class | image, its given label).
        picture: float32 [N, K], P(true class | image), its own label left out.
        coefficients: What the belief was made with.
    """

    belief: Probs
    picture: Probs
    coefficients: Coefficients


def learn(
    evidence: Evidence,
    verdicts: Verdicts,
    prior: Prior = UNINFORMED,
    rounds: int = ROUNDS,
    *,
    to_keep: bool = False,
) -> Learned:
    """Learn from verdicts what every label is worth.

    In turn, the coefficients are fitted to the verdicts, and the heads to the labels as they
    are then believed to be (self-training, a form of expectation-maximisation). A verdict is
    certain; the belief of an image with one is still the model's, so that it can be compared.

    Without a verdict the prior alone says what a label is worth.

    Args:
        evidence: Of N images.
        verdicts: On some of them.
        prior: Where the coefficients start.
        rounds: Turns.
        to_keep: The coefficients are wanted for images without verdicts, as a profile: the
            verdicts then teach them alone and not the heads.
    """
    from threadpoolctl import threadpool_limits

    # the matrices are too small to share: with a thread a core this takes six times as long
    with threadpool_limits(1, user_api="blas"):
        return _learn(evidence, verdicts, prior, rounds, to_keep=to_keep)


def _learn(
    evidence: Evidence, verdicts: Verdicts, prior: Prior, rounds: int, *, to_keep: bool
) -> Learned:
    picture = evidence.start
    heads = Heads(evidence.repeats, picture.shape[1])
    labels = evidence.labels
    seen = verdicts.index
    certain = np.eye(picture.shape[1], dtype=np.float32)[verdicts.truth]
    for turn in range(rounds + 1):
        features = shared_features(picture, labels, evidence.transition, evidence.margins)
        coefficients = fit(features[seen], labels[seen], verdicts.truth, verdicts.weight, prior)
        belief = probabilities(features, labels, coefficients)
        if turn < rounds:
            targets = belief.copy()
            if not to_keep:
                targets[seen] = certain
            picture = heads.refit(targets)
    return Learned(belief, picture, coefficients)
