"""Exponential smoothing over time, and the answer that is given of it."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import GROUPS


def mean_lag(half_life: float) -> float:
    """Seconds by which smoothing lags behind on average: 0.5 for a half-life of 0.35."""
    return half_life / math.log(2)


class Smoother:
    """One face's probabilities, smoothed over its time.

    An older value counts half as much for each half-life that has passed. Between two frames
    the probabilities are taken to go in a straight line, so that the result does not depend on
    the frame rate: 10 and 60 frames a second give the same curve.
    """

    def __init__(self) -> None:
        self._time = 0.0
        self._last: NDArray[np.float64] | None = None
        self._smooth: NDArray[np.float64]

    def add(
        self, probabilities: NDArray[np.float32], time: float, half_life: float
    ) -> NDArray[np.float32]:
        """The smoothed probabilities at a frame's time; the first ones are given back as they are.

        Args:
            probabilities: float32 [classes], adding up to 1.
            time: Seconds, not before the last one.
            half_life: Seconds, 0 for no smoothing. It may differ from call to call.

        Returns:
            float32 [classes], adding up to 1.
        """
        new = probabilities.astype(np.float64)
        if self._last is None or half_life <= 0:
            self._smooth = new
        else:
            passed = max(0.0, time - self._time) / mean_lag(half_life)
            kept = math.exp(-passed)
            # the exact answer of the filter to a straight line from the last value to the new one
            share = -math.expm1(-passed) / passed if passed > 1e-9 else 1.0
            self._smooth = kept * self._smooth + (share - kept) * self._last + (1 - share) * new
        self._last, self._time = new, time
        return self._smooth.astype(np.float32)


def label(
    probabilities: NDArray[np.float32],
    classes: Sequence[str],
    threshold: float,
    *,
    grouped: bool = False,
) -> str | None:
    """The likeliest class or group; None where it is below the threshold: unclear.

    A group's probability is the sum of its classes', which is as well calibrated as they are,
    so that one threshold does for both: an answer is right as often. Groups are clear more often.

    Args:
        probabilities: float32 [classes].
        classes: Their names.
        threshold: 0 to 1.
        grouped: Whether to answer with a name of `GROUPS`.
    """
    names, shares = tuple(classes), probabilities
    if grouped:
        names, shares = tuple(GROUPS), of_groups(probabilities, classes)
    best = int(np.argmax(shares))
    return names[best] if shares[best] >= threshold else None


def of_groups(probabilities: NDArray[np.float32], classes: Sequence[str]) -> NDArray[np.float32]:
    """Probabilities of `GROUPS`, the sums of their classes': float32 [groups].

    Args:
        probabilities: float32 [classes].
        classes: Their names; those that are in no group are left out.
    """
    members = [[i for i, name in enumerate(classes) if name in of] for of in GROUPS.values()]
    return np.array([probabilities[of].sum() for of in members], np.float32)
