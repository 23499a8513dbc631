"""Evaluated images that the model has seen, as a copy, while it was trained."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

Rows = NDArray[np.integer[Any]]
Groups = NDArray[np.integer[Any]]


@dataclass(frozen=True)
class Copies:
    """Which of n evaluated images have a copy among the training images, bool [n] each.

    Attributes:
        exact: The same pixels.
        near: Nearly the same picture, exact copies included; None without a screen.
    """

    exact: NDArray[np.bool_]
    near: NDArray[np.bool_] | None

    @property
    def any(self) -> NDArray[np.bool_]:
        return self.exact if self.near is None else self.exact | self.near


def linked(screen: pd.DataFrame) -> NDArray[np.int64]:
    """Groups of near copies of which no pair is in two, int64 [N], -1 for an image without one.

    The groups of which one image is kept may part two that are near. Screens of older versions
    have the linked ones under that name.
    """
    name = "near_duplicate_component"
    column = screen[name if name in screen else "near_duplicate_group"]
    found: NDArray[np.int64] = column.to_numpy(np.int64)
    return found


def copies(
    rows: Rows, training: Rows, duplicate_group: Groups, near_group: Groups | None
) -> Copies:
    """Look the images in `rows` up among those in `training`.

    Args:
        rows, training: int [n] and [m], rows of the manifest.
        duplicate_group: int [N] in the manifest's order, -1 for an image without a copy.
        near_group: The same of near copies, as `linked` gives it; None where nothing was
            screened.
    """
    exact = _shared(rows, training, duplicate_group)
    near = None if near_group is None else exact | _shared(rows, training, near_group)
    return Copies(exact, near)


def _shared(rows: Rows, training: Rows, group: Groups) -> NDArray[np.bool_]:
    seen = group[training]
    own = group[rows]
    shared: NDArray[np.bool_] = (own >= 0) & np.isin(own, seen[seen >= 0])
    return shared
