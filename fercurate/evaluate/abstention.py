"""What a model gains by not answering where it is not sure."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

COVERAGES = (0.5, 0.7, 0.8, 0.9, 1.0)
"""Shares of the images to answer that the tables show."""

WISHES = (0.8, 0.85, 0.9, 0.95)
"""Accuracies that a user may wish for."""

MIN_IMAGES = 50
"""An accuracy of fewer answers promises nothing."""

POINTS = 200
"""Points of the curve at most."""


@dataclass(frozen=True)
class Answering:
    """A model that answers where the probability of its likeliest class reaches a threshold.

    Attributes:
        threshold: 0..1.
        coverage: Share of the images that it answers, 0..1.
        accuracy: Share of the answers that are right, 0..1, high = good.
    """

    threshold: float
    coverage: float
    accuracy: float


@dataclass(frozen=True)
class Abstention:
    """Accuracy by coverage.

    Attributes:
        area: Area under the curve of risk (share wrong) by coverage, 0..1, low = good
            (AURC, Geifman et al. 2019, https://arxiv.org/abs/1805.08206).
        curve: The most sure answers first, at most `POINTS` points.
        at: For each share in `COVERAGES` the answering that comes nearest from above.
        reaching: For each wished accuracy the widest coverage that reaches it, None where no
            `MIN_IMAGES` answers do.
    """

    area: float
    curve: tuple[Answering, ...]
    at: dict[str, Answering]
    reaching: dict[str, Answering | None]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def abstention(
    probabilities: NDArray[np.floating[Any]], labels: NDArray[np.integer[Any]]
) -> Abstention:
    """Accuracy by coverage, of probabilities float [n, K] and labels int [n], 0..K-1.

    Images with the same confidence are answered together: no threshold parts them.

    Raises:
        ValueError: there is no row.
    """
    if not len(labels):
        raise ValueError("no labelled image")
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    surest_first = np.argsort(-confidence, kind="stable")
    sure, right = confidence[surest_first], right[surest_first]
    n = len(sure)
    last_of_tie = np.flatnonzero(np.r_[sure[1:] != sure[:-1], True])
    answered = last_of_tie + 1
    accuracy = np.cumsum(right)[last_of_tie] / answered
    width = np.diff(np.r_[0, answered])
    points = [
        Answering(float(sure[i]), float(k / n), float(a))
        for i, k, a in zip(last_of_tie, answered, accuracy, strict=True)
    ]
    kept = np.unique(np.linspace(0, len(points) - 1, POINTS).round().astype(int))
    return Abstention(
        area=float(((1 - accuracy) * width).sum() / n),
        curve=tuple(points[i] for i in kept),
        at={
            f"{share:.0%}": points[int(np.searchsorted(answered, np.ceil(share * n)))]
            for share in COVERAGES
        },
        reaching={f"{wish:.0%}": _reaching(points, n, wish) for wish in WISHES},
    )


def _reaching(points: list[Answering], n: int, wish: float) -> Answering | None:
    enough = [p for p in points if p.accuracy >= wish and round(p.coverage * n) >= MIN_IMAGES]
    return enough[-1] if enough else None
