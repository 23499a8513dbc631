"""Whether a model is as often right as it says."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.infer.calibrate import N_BINS, bin_of, ece

Probs = NDArray[np.floating[Any]]
Labels = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Bin:
    """Images whose likeliest class has a probability in one interval.

    Attributes:
        low, high: The interval, 0..1; `high` belongs to it.
        images: How many there are.
        confidence: Mean probability of their likeliest class, None where there is no image.
        accuracy: Share of them that are right, None likewise.
    """

    low: float
    high: float
    images: int
    confidence: float | None
    accuracy: float | None


@dataclass(frozen=True)
class Calibration:
    """How far probabilities are from what comes true.

    Attributes:
        ece: Expected calibration error in 15 bins (Naeini et al. 2015), 0..1, low = good.
        nll: Mean negative log-likelihood of the label, nats, 0 or more, low = good.
        brier: Mean squared distance from the label's one-hot vector, summed over the classes
            (Brier 1950), 0..2, low = good.
        bins: The reliability plot, all bins from 0 to 1.
    """

    ece: float
    nll: float
    brier: float
    bins: tuple[Bin, ...]

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def calibration(probabilities: Probs, labels: Labels) -> Calibration:
    """Measure probabilities float [n, K], rows adding up to 1, against labels int [n], 0..K-1.

    Raises:
        ValueError: there is no row.
    """
    if not len(labels):
        raise ValueError("no labelled image")
    from sklearn.metrics import log_loss

    wide = np.asarray(probabilities, np.float64)
    wide = wide / wide.sum(axis=1, keepdims=True)  # float32 rows add up to 1 to six digits
    n_classes = wide.shape[1]
    one_hot = np.eye(n_classes)[labels]
    return Calibration(
        ece=ece(wide, labels),
        nll=float(log_loss(labels, wide, labels=range(n_classes))),
        brier=float(((wide - one_hot) ** 2).sum(axis=1).mean()),
        bins=reliability(wide, labels),
    )


def reliability(probabilities: Probs, labels: Labels, n_bins: int = N_BINS) -> tuple[Bin, ...]:
    """Confidence against accuracy in `n_bins` bins of equal width, as the ECE cuts them."""
    confidence = probabilities.max(axis=1)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, n_bins + 1)
    number = bin_of(confidence, n_bins)
    made = []
    for i in range(n_bins):
        inside = number == i
        n = int(inside.sum())
        made.append(
            Bin(
                low=float(edges[i]),
                high=float(edges[i + 1]),
                images=n,
                confidence=float(confidence[inside].mean()) if n else None,
                accuracy=float(right[inside].mean()) if n else None,
            )
        )
    return tuple(made)
