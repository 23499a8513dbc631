"""How many images each reviewed one stands for, when some were drawn at random and some not.

Images drawn at random speak for their stratum. Images that were decided in the queue were
chosen for looking wrong: they speak for themselves alone (a take-all stratum, Särndal,
Swensson and Wretman 1992, Model Assisted Survey Sampling, section 3.7).
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.labels import N_CLASSES

STRATA_PER_CLASS = 3
"""A stratum's number is 3 x class index + third of label quality, 0 the worst third."""

FIRST_RARE = STRATA_PER_CLASS * N_CLASSES
"""From this number on strata hold the images that are believed to be of a rare class:
`FIRST_RARE` + K x that class + the given class."""


def given_class(stratum: NDArray[Any]) -> NDArray[np.int64]:
    """int64 [N]: the given class of the images of each stratum."""
    rare = (stratum - FIRST_RARE) % N_CLASSES
    found: NDArray[np.int64] = np.where(stratum < FIRST_RARE, stratum // STRATA_PER_CLASS, rare)
    return found


def pooled(stratum: NDArray[Any], reviewed: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Strata in which nobody reviewed anything, joined to the nearest of their class.

    Args:
        stratum: int [N] of all images of the frame.
        reviewed: bool [N] whether an image was drawn and reviewed.

    Returns:
        int64 [N]; -1 where nothing of the class was reviewed.
    """
    codes = np.unique(stratum)
    filled = np.unique(stratum[reviewed])
    target = np.full(int(codes.max(initial=-1)) + 1, -1, np.int64)
    for code in codes:
        near = filled[given_class(filled) == given_class(code)]
        if len(near):
            target[code] = near[np.argmin(np.abs(near - code))]
    found: NDArray[np.int64] = target[stratum]
    return found


def weights(
    stratum: NDArray[Any],
    reviewed_blind: NDArray[np.bool_],
    decided_in_queue: NDArray[np.bool_] | None = None,
    quality: NDArray[Any] | None = None,
) -> NDArray[np.float64]:
    """Weights of all reviewed images for training and for totals over the frame.

    The queue passes over images that were reviewed blind before. Of those, the ones that it
    would have come to represent themselves too: with a share f of a stratum reviewed blind and
    q images decided in the queue, the queue has come past about q / (1 - f) images, and
    f q / (1 - f) of the blind ones with the lowest `quality` are taken as passed. Without
    that the rest of the stratum would look as bad as the part that the queue has done.

    Args:
        stratum: int [N] of all images of the frame.
        reviewed_blind: bool [N]; within a stratum these are a random sample.
        decided_in_queue: bool [N]; where both are true the image counts as reviewed blind.
        quality: float [N] label quality, low = bad, such as the queue was sorted by; None:
            no image counts as passed.

    Returns:
        float64 [N], 0 where nothing was reviewed. The sum is N where anything was reviewed
        blind and not all of it was passed.
    """
    n = len(stratum)
    blind = np.asarray(reviewed_blind, bool)
    queue = np.zeros(n, bool) if decided_in_queue is None else decided_in_queue & ~blind
    found = np.where(queue, 1.0, 0.0)
    if not blind.any():
        return found
    cells = pooled(stratum, blind)
    for code in np.unique(cells[cells >= 0]):
        here = cells == code
        sampled = np.flatnonzero(here & blind)
        n_here, n_queue = int(here.sum()), int((here & queue).sum())
        passed = 0
        if quality is not None and n_queue and len(sampled) < n_here:
            share = len(sampled) / n_here
            passed = min(round(share * n_queue / (1 - share)), len(sampled))
            sampled = sampled[np.argsort(quality[sampled], kind="stable")]
        found[sampled[:passed]] = 1.0
        rest = sampled[passed:]
        if len(rest):
            found[rest] = (n_here - n_queue - passed) / len(rest)
    # classes without any blind verdict are spoken for by all others
    missing = int((cells < 0).sum() - (queue & (cells < 0)).sum())
    if missing:
        total = found[blind].sum()
        found[blind] *= 1 + missing / total
    return found
