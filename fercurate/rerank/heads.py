"""What the picture alone says, learnt anew from corrected labels on the networks' embeddings.

The networks of the audit were trained on the given labels, and learnt their system. A linear
head on their embeddings, trained on the labels as they are now believed to be, unlearns it in a
second. Nothing judges itself: an embedding is that of a network which never saw the image, and a
head is applied only to the half of the images that it was not fitted on.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fercurate.rerank.choice import Probs, softmax

Features = NDArray[np.float32]

RIDGE = 3e-4
GENERAL = 2.0
"""Scale of the general image network's features beside the expression network's."""

STEPS = 12
"""Iterations of a head's fit from nothing; half as many from the head before."""

CURVATURE = 0.1
"""About the mean of p (1 - p): what makes one unit of every whitened direction weigh the same."""


@dataclass(frozen=True)
class Cell:
    """Images whose embeddings come from one network, in two halves that share no copy.

    Attributes:
        index: int64 [n], positions among the audited images.
        features: float32 [n, D], whitened, so that a fit takes a dozen steps and not hundreds.
        penalty: float32 [D, D], the ridge on the weights as whitening turned it.
        second: bool [n], the half that an image belongs to.
    """

    index: NDArray[np.int64]
    features: Features
    penalty: Features
    second: NDArray[np.bool_]


def cells(
    embeddings: NDArray[np.float16],
    fold: NDArray[np.int64],
    groups: NDArray[np.int64],
    general: Features | None,
) -> list[Cell]:
    """The cells of one repeat of the cross-fitting.

    Args:
        embeddings: float16 [N, D], of the network that held the image out.
        fold: int64 [N], which network that was.
        groups: int64 [N], copies share one.
        general: float32 [N, G], features of a general image network, or None.
    """
    half = np.random.default_rng(0).integers(0, 2, int(groups.max(initial=0)) + 1) == 1
    made = []
    for number in np.unique(fold):
        index = np.flatnonzero(fold == number)
        parts = [_even(embeddings[index].astype(np.float32), each=True)]
        if general is not None:
            parts.append(GENERAL * _even(general[index].astype(np.float32), each=False))
        parts.append(np.ones((len(index), 1), np.float32))
        made.append(Cell(index, *_whitened(np.hstack(parts)), half[groups[index]]))
    return made


def _whitened(features: Features) -> tuple[Features, Features]:
    """The features in a basis where the fit's curvature is about 1 in every direction."""
    from scipy.linalg import solve_triangular

    ridge = np.full(features.shape[1], RIDGE)
    ridge[-1] = 1e-9  # the constant is free
    curvature = CURVATURE * (features.T @ features).astype(np.float64) / len(features)
    root = np.linalg.cholesky(curvature + np.diag(ridge))
    basis = solve_triangular(root, np.eye(len(root)), lower=True).T
    penalty = basis.T @ (ridge[:, None] * basis)
    return (features @ basis.astype(np.float32)).astype(np.float32), penalty.astype(np.float32)


def _even(values: Features, *, each: bool) -> Features:
    """Centred and scaled so that a row has length about 1.

    `each` column gets the same share; else columns, which are principal components, keep
    their own sizes.
    """
    centred = values - values.mean(axis=0)
    spread = centred.std(axis=0) + 1e-3 if each else centred.std() + 1e-9
    scaled: Features = (centred / (spread * np.sqrt(values.shape[1]))).astype(np.float32)
    return scaled


class Heads:
    """The heads of all cells; each `refit` starts from the one before."""

    def __init__(self, repeats: list[list[Cell]], n_classes: int) -> None:
        self._repeats = repeats
        self._n_classes = n_classes
        self._weights: dict[tuple[int, int, bool], Features] = {}

    def refit(self, targets: Probs) -> Probs:
        """Fit to soft labels, and say what each head makes of the images it was not fitted on.

        Args:
            targets: float32 [N, K], rows sum to 1.

        Returns:
            float32 [N, K] probabilities, the geometric mean over the repeats.
        """
        total = np.zeros((len(targets), self._n_classes), np.float32)
        for number, repeat in enumerate(self._repeats):
            for place, cell in enumerate(repeat):
                for second in (False, True):
                    fitted = cell.second == second
                    if fitted.all() or not fitted.any():
                        fitted[:] = True  # too few images for two halves
                    key = (number, place, second)
                    weights = fit_head(
                        cell.features[fitted],
                        targets[cell.index[fitted]],
                        cell.penalty,
                        self._weights.get(key),
                    )
                    self._weights[key] = weights
                    others = cell.second != second
                    scores = np.log(softmax(cell.features[others] @ weights) + 1e-9)
                    total[cell.index[others]] += scores / len(self._repeats)
        return softmax(total)


def fit_head(
    features: Features, targets: Probs, penalty: Features, start: Features | None = None
) -> Features:
    """Multinomial logistic regression on soft targets: weights float32 [D, K].

    Mean cross-entropy plus half the penalty; L-BFGS, stopped early.

    Args:
        features: float32 [n, D], whitened.
        targets: float32 [n, K], rows sum to 1.
        penalty: float32 [D, D], positive definite.
        start: Weights to start from, None for nothing.
    """
    from scipy.optimize import minimize

    shape = (features.shape[1], targets.shape[1])

    def loss(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(shape).astype(np.float32)
        scores = features @ weights
        scores -= scores.max(axis=1, keepdims=True)
        powers = np.exp(scores)
        sums = powers.sum(axis=1, keepdims=True)
        cross = -float((targets * (scores - np.log(sums))).sum()) / len(targets)
        pull = penalty @ weights
        gradient = features.T @ (powers / sums - targets) / len(targets) + pull
        return cross + 0.5 * float((weights * pull).sum()), gradient.ravel().astype(np.float64)

    first = np.zeros(shape) if start is None else start
    steps = STEPS if start is None else STEPS // 2
    found = minimize(
        loss, first.ravel().astype(np.float64), jac=True, method="L-BFGS-B",
        options={"maxiter": steps},
    )  # fmt: skip
    return np.asarray(found.x.reshape(shape), np.float32)
