"""What a dataset's annotators tend to confuse, and what follows for a single label.

A network trained on labels that err with a system learns the system: on FER2013 it is as
sure that a neutral face marked sad is sad as the annotators were. When the confusion rates
are known, or estimated, Bayes' rule takes them out again.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Probs = NDArray[np.float32]
Matrix = NDArray[np.float64]


@dataclass(frozen=True)
class NoiseModel:
    """How labels come about: a true class is drawn, then an annotator names one.

    Attributes:
        transition: float64 [K, K], P(given class | true class); rows sum to 1.
        prior: float64 [K], share of each true class; sums to 1.
    """

    transition: Matrix
    prior: Matrix

    def __post_init__(self) -> None:
        k = len(self.prior)
        if self.transition.shape != (k, k):
            raise ValueError(f"{k} classes but a transition of shape {self.transition.shape}")
        if not np.allclose(self.transition.sum(axis=1), 1, atol=1e-3):
            raise ValueError("a row of the transition does not sum to 1")
        if not np.isclose(self.prior.sum(), 1, atol=1e-3):
            raise ValueError("the prior does not sum to 1")


def true_probs(noisy: Probs, model: NoiseModel, steps: int) -> Probs:
    """P(true class | image) from P(given class | image), by undoing the confusion.

    Expectation-maximisation from the prior (Richardson-Lucy deconvolution): never leaves
    the simplex, and stopping early keeps it from following the network's own errors.

    Args:
        noisy: float32 [N, K], what a network trained on the given labels says.
        model: The confusion.
        steps: Iterations; more trust the network more.

    Returns:
        float32 [N, K], rows sum to 1.
    """
    guess = np.repeat(model.prior[None], len(noisy), axis=0)
    for _ in range(steps):
        explained = guess @ model.transition
        guess = guess * ((noisy / np.maximum(explained, 1e-9)) @ model.transition.T)
        guess /= guess.sum(axis=1, keepdims=True)
    return guess.astype(np.float32)


def posterior(probs: Probs, labels: NDArray[np.int64], model: NoiseModel) -> Probs:
    """P(true class | image, its given label): the annotator's word counts as evidence too.

    Args:
        probs: float32 [N, K] from `true_probs`.
        labels: int64 [N].

    Returns:
        float32 [N, K], rows sum to 1.
    """
    weighted = probs * model.transition[:, labels].T
    result: Probs = (weighted / weighted.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def from_counts(counts: NDArray[np.int64]) -> NoiseModel:
    """A noise model from counts [true, given], with one more image in every cell.

    The extra image keeps a confusion that was not seen from being held for impossible.
    """
    smoothed = counts.astype(np.float64) + 1
    return NoiseModel(
        transition=smoothed / smoothed.sum(axis=1, keepdims=True),
        prior=smoothed.sum(axis=1) / smoothed.sum(),
    )
