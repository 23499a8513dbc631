"""What a true class makes of the evidence: a conditional logit, shrunk towards what is known.

McFadden 1974, Conditional logit analysis of qualitative choice behavior. Each class of an image
gets a score from a handful of weights that all classes share, from how frequent the class is,
and from a table of confusions, given class by true class. All are drawn towards a prior, so that
no verdict at all gives the prior and a hundred move what a hundred can tell.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import CLASSES, N_CLASSES
from fercurate.strict import Table

Matrix = NDArray[np.float64]
Probs = NDArray[np.float32]

SHARED = ("picture", "given", "confused", "resisted")
"""The weights that all classes share: the log-probability of the class from the picture alone;
that it is the given one; how often annotators who see it write the given one (log); and, on the
given class, the standardised area under the margin."""

WIDEST = 1000.0
"""Coefficients are logits: beyond 10 either way they leave nothing to the others."""


@dataclass(frozen=True)
class Coefficients:
    """The weights of the logit.

    Attributes:
        shared: float64 [4], in the order of `SHARED`.
        bias: float64 [K], of each true class.
        confusion: float64 [K, K], given class by true class.
    """

    shared: Matrix
    bias: Matrix
    confusion: Matrix

    def __post_init__(self) -> None:
        k = len(self.bias)
        if self.shared.shape != (len(SHARED),) or self.confusion.shape != (k, k):
            raise ValueError(
                f"coefficients of shapes {self.shared.shape}, {self.bias.shape}, "
                f"{self.confusion.shape}"
            )

    def flat(self) -> Matrix:
        return np.concatenate([self.shared, self.bias, self.confusion.ravel()])

    @classmethod
    def of_flat(cls, values: Matrix) -> Coefficients:
        s, k = len(SHARED), N_CLASSES
        return cls(values[:s], values[s : s + k], values[s + k :].reshape(k, k))

    def as_dict(self) -> dict[str, Any]:
        """As names and numbers, for a profile's file."""
        return {
            "shared": {name: float(v) for name, v in zip(SHARED, self.shared, strict=True)},
            "bias": {name: float(v) for name, v in zip(CLASSES, self.bias, strict=True)},
            "confusion": {
                given: {name: float(v) for name, v in zip(CLASSES, row, strict=True)}
                for given, row in zip(CLASSES, self.confusion, strict=True)
            },
        }

    @classmethod
    def of_dict(cls, stored: object) -> Coefficients:
        """The reverse of `as_dict`.

        Raises:
            ValueError: a number is missing, none, or beyond `WIDEST`.
        """
        table = Table(stored, "coefficients")
        shared, bias = (Table(table.table(name), name) for name in ("shared", "bias"))
        confusion = Table(table.table("confusion"), "confusion")
        rows = [Table(confusion.table(given), f"confusion.{given}") for given in CLASSES]
        return cls(
            np.array([shared.number(name, -WIDEST, WIDEST) for name in SHARED]),
            np.array([bias.number(name, -WIDEST, WIDEST) for name in CLASSES]),
            np.array([[row.number(name, -WIDEST, WIDEST) for name in CLASSES] for row in rows]),
        )


@dataclass(frozen=True)
class Prior:
    """Where the coefficients start, and how hard verdicts have to pull.

    `shared`, `bias` and `confusion` are precisions (one over the variance) of each group;
    `n_verdicts` is on how many images the mean was learned, and `of_shares` the mean for what
    share of people would name each class; None where it is the same.
    """

    mean: Coefficients
    shared: float = 1.0
    bias: float = 1.0
    confusion: float = 2.0
    n_verdicts: int = 0
    of_shares: Coefficients | None = None

    def precision(self) -> Matrix:
        k = len(self.mean.bias)
        held: Matrix = np.repeat(
            [self.shared, self.bias, self.confusion], [len(self.mean.shared), k, k * k]
        )
        return held

    def times(self, factor: float) -> Prior:
        """The same start, held `factor` times as hard."""
        return dataclasses.replace(
            self,
            shared=self.shared * factor,
            bias=self.bias * factor,
            confusion=self.confusion * factor,
        )


UNINFORMED = Prior(
    Coefficients(np.array([1.0, 0.0, 1.0, 0.3]), np.zeros(N_CLASSES), np.zeros((N_CLASSES,) * 2))
)
"""Bayes' rule with the noise that confident learning estimates, and a little of the margin.

Chosen on FER+ votes among a dozen settings: see reports/record/fer2013-review-loop."""


def shared_features(
    picture: Probs, labels: NDArray[np.int64], transition: Matrix, margins: NDArray[np.float32]
) -> Probs:
    """What the shared weights multiply: float32 [N, K, 4].

    Args:
        picture: float32 [N, K], probabilities from the picture alone.
        labels: int64 [N], given labels.
        transition: float64 [K, K], P(given | true); rows sum to 1.
        margins: float32 [N], area under the margin, standardised.
    """
    given = np.eye(picture.shape[1], dtype=np.float32)[labels]
    confused = np.log(np.maximum(transition, 1e-9))
    confused -= confused.mean(axis=1, keepdims=True)
    columns = (
        np.log(np.clip(picture, 1e-4, 1)),
        given,
        confused[:, labels].T,
        given * margins[:, None],
    )
    features: Probs = np.stack(columns, axis=2).astype(np.float32)
    return features


def probabilities(features: Probs, labels: NDArray[np.int64], weights: Coefficients) -> Probs:
    """P(true class | image, its given label): float32 [N, K], rows sum to 1."""
    scores = features @ weights.shared.astype(np.float32)
    scores = scores + (weights.bias + weights.confusion[labels]).astype(np.float32)
    return softmax(scores)


def softmax(scores: NDArray[Any]) -> Probs:
    powers = np.exp(scores - scores.max(axis=1, keepdims=True))
    result: Probs = (powers / powers.sum(axis=1, keepdims=True)).astype(np.float32)
    return result


def fit(
    features: Probs,
    labels: NDArray[np.int64],
    targets: Probs,
    weight: Matrix,
    prior: Prior,
) -> Coefficients:
    """The most probable coefficients after verdicts (penalised maximum likelihood).

    Args:
        features: float32 [n, K, 4] of the images with a verdict, from `shared_features`.
        labels: int64 [n], given labels.
        targets: float32 [n, K], 1 for the class that the reviewer settled on, or shares of
            several that add up to 1.
        weight: float64 [n], how much each verdict counts.
        prior: Without a verdict its mean is returned.
    """
    if not weight.any():
        return prior.mean
    from scipy.optimize import minimize

    start, precision = prior.mean.flat(), prior.precision()
    k = features.shape[1]
    given = np.eye(k)[labels]

    def loss(flat: Matrix) -> tuple[float, Matrix]:
        weights = Coefficients.of_flat(flat)
        probs = probabilities(features, labels, weights).astype(np.float64)
        likely = (targets * np.log(np.maximum(probs, 1e-12))).sum(axis=1)
        off = flat - start
        excess = (probs - targets) * weight[:, None]
        gradient = np.concatenate(
            [
                np.einsum("nk,nks->s", excess, features),
                excess.sum(axis=0),
                (given.T @ excess).ravel(),
            ]
        )
        total = -(weight * likely).sum() + 0.5 * (precision * off**2).sum()
        return float(total), gradient + precision * off

    found = minimize(loss, start, jac=True, method="L-BFGS-B", options={"maxiter": 200})
    return Coefficients.of_flat(found.x)
