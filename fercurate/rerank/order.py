"""The order of the images, worst label first: what verdicts taught, and what was known before."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Score = NDArray[np.float32]

UNTAUGHT_SHARE = 0.3
"""Weight of the untaught order beside what verdicts taught, when there are many: from 0 to 0.3 the
average precision on FER2013 gains 0.001 to 0.005 (reports/record/fer2013-review-loop/
settings.md)."""

UNTAUGHT_HALF = 20
"""Verdicts at which both count alike."""


def standardised(score: Score) -> Score:
    """The score with mean 0 and deviation 1; all zero when it does not vary."""
    deviation = float(score.std())
    return (score - score.mean()) / deviation if deviation > 0 else np.zeros_like(score)


def logit(probability: Score) -> Score:
    """float32 [N], finite also at 0 and 1."""
    inside = np.clip(probability, 1e-6, 1 - 1e-6)
    made: Score = np.log(inside / (1 - inside)).astype(np.float32)
    return made


def squashed(total: Score) -> Score:
    """float32 [N], 0 to 1, in the same order."""
    inside: Score = (1 / (1 + np.exp(-total))).astype(np.float32)
    return inside


def both(own: Score, untaught: Score, n_images: int) -> Score:
    """The order by what verdicts taught, the untaught one heard: float32 [N], 0 to 1, low = bad.

    The fewer verdicts there are, the more the untaught order counts, so that a handful cannot
    spoil it. The result is no probability.

    Args:
        own: float32 [N], what is believed of each given label, 0 to 1.
        untaught: float32 [N], the label quality without a verdict, 0 to 1.
        n_images: Images whose verdicts taught the belief.
    """
    share = max(UNTAUGHT_SHARE, UNTAUGHT_HALF / (UNTAUGHT_HALF + n_images))
    total = (1 - share) * standardised(logit(own)) + share * standardised(logit(untaught))
    return squashed(total)
