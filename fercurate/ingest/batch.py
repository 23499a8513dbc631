"""What every reader yields: some rows that were read and some that were refused."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fercurate.foreign import line
from fercurate.labels import FACE_SIDE

Faces = NDArray[np.uint8]


@dataclass(frozen=True)
class Rejection:
    """A row that was refused: where it stood and why.

    Attributes:
        source: The file.
        line: The line of a csv, counted from 1; None for an image file.
        reason: For people.
        label: The class as the source calls it; empty where it says none.
        known: The class that this is, empty where it is unknown.
        left_out: Whether the user said that it is to be left out.
        split: The split that it would be in; empty where that is not known.
    """

    source: str
    line: int | None
    reason: str
    label: str = ""
    known: str = ""
    left_out: bool = False
    split: str = ""

    def __str__(self) -> str:
        where = self.source if self.line is None else f"{self.source} line {self.line}"
        return line(f"{where}: {self.reason}")


@dataclass(frozen=True)
class Batch:
    """Consecutive rows of a source.

    Attributes:
        faces: uint8 [n, 48, 48].
        splits: n names out of `labels.SPLITS`.
        labels: n names out of `labels.CLASSES`; None where the source gives none.
        sources: n places, such as "fer2013.csv:2" or "train/angry/1.jpg".
        rows: n source rows, counted from 0 over good and refused rows alike.
        rejected: the refused rows in between.
    """

    faces: Faces
    splits: Sequence[str]
    labels: Sequence[str | None]
    sources: Sequence[str]
    rows: Sequence[int]
    rejected: Sequence[Rejection]


def no_faces() -> Faces:
    """uint8 [0, 48, 48]."""
    return np.empty((0, FACE_SIDE, FACE_SIDE), np.uint8)


def excerpt(text: str, limit: int = 24) -> str:
    """`text` quoted for a message, cut where it is long; letters of every script as they are."""
    cut = text if len(text) <= limit else text[:limit] + "..."
    return f"'{line(cut)}'"
