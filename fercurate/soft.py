"""What "more than one class fits" says of a label."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Target = NDArray[np.float32]

AMBIGUOUS_SHARE = 0.5
"""Largest share of one class in the label of an image that a person calls ambiguous: of FER+'s
votes for FER2013's classes, the first has 0.51 on average where no class has most of all (3,397
images; `tools/clean_steps.py`)."""


def at_most(target: Target, share: float = AMBIGUOUS_SHARE) -> Target:
    """One label [K] whose largest class has `share` at most; the others get the surplus.

    They get it in proportion to what they have, or evenly where they have nothing.
    """
    top = int(target.argmax())
    if target[top] <= share:
        return target
    others = target.astype(np.float64)
    others[top] = 0.0
    if others.sum() < 1e-6:
        others = np.ones(len(target))
        others[top] = 0.0
    made = others / others.sum() * (1 - share)
    made[top] = share
    capped: Target = made.astype(np.float32)
    return capped
