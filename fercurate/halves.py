"""The validation split in two halves: one chooses, the other reports.

What was chosen on images is not measured on the same images: the epoch, the temperature and the
threshold come from the first half, the figures that are shown for validation from the second.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray


def is_choosing(sha256: Sequence[str]) -> NDArray[np.bool_]:
    """Which validation images choose, bool [n]; the others report.

    The pixels decide, so that an image is in the same half whatever else was imported, and exact
    copies are in one half.

    Args:
        sha256: Of each image's pixels, hexadecimal.
    """
    return np.array([int(digest[-8:], 16) % 2 == 0 for digest in sha256], bool)


def reporting(split: str, sha256: Sequence[str]) -> NDArray[np.int64]:
    """Places of the images of a split that figures are measured on: all of test, and of
    validation the half that chose nothing."""
    if split != "val":
        return np.arange(len(sha256))
    return np.flatnonzero(~is_choosing(sha256))
