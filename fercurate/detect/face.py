"""What a detector finds: a box, a score and six landmarks."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

LANDMARKS = ("right_eye", "left_eye", "nose", "mouth", "right_ear", "left_ear")
"""BlazeFace's six points (Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047).

Right and left are the person's own: in a picture the right eye is the one further left.
"""


@dataclass(frozen=True)
class Face:
    """One face in an image, in pixels of that image, which it may reach beyond.

    Attributes:
        box: left, top, width and height.
        score: The detector's confidence, 0 to 1; low = perhaps no face.
        landmarks: float64 [6, 2], x and y of `LANDMARKS`.

    Raises:
        ValueError: a shape or the box's size is wrong.
    """

    box: tuple[float, float, float, float]
    score: float
    landmarks: NDArray[np.float64]

    def __post_init__(self) -> None:
        if self.landmarks.shape != (len(LANDMARKS), 2):
            raise ValueError(f"landmarks are {self.landmarks.shape}, not (6, 2)")
        if not (self.box[2] > 0 and self.box[3] > 0):
            raise ValueError(f"the box is {self.box[2]} by {self.box[3]}")

    @property
    def centre(self) -> tuple[float, float]:
        """x and y of the middle of the box."""
        left, top, width, height = self.box
        return left + width / 2, top + height / 2

    @property
    def side(self) -> float:
        """Geometric mean of the box's width and height; BlazeFace's boxes are square."""
        return math.sqrt(self.box[2] * self.box[3])

    @property
    def roll(self) -> float:
        """Angle of the line from the right to the left eye, -180 to 180 degrees.

        0 upright, positive when the head leans to the right as the viewer sees it.
        """
        across = self.landmarks[1] - self.landmarks[0]
        return math.degrees(math.atan2(across[1], across[0]))

    def moved(self, right: float, down: float, scale: float = 1.0) -> Face:
        """The same face after scaling the image by `scale`, then shifting it, pixels."""
        left, top, width, height = self.box
        shift = np.array([right, down])
        return Face(
            (left * scale + right, top * scale + down, width * scale, height * scale),
            self.score,
            self.landmarks * scale + shift,
        )

    def turned(self, degrees: float, centre: tuple[float, float]) -> Face:
        """The same face after turning the image clockwise (as seen) about `centre`.

        The box keeps its size and its middle goes along.
        """
        angle = math.radians(degrees)
        matrix = np.array([[math.cos(angle), -math.sin(angle)], [math.sin(angle), math.cos(angle)]])
        pivot = np.array(centre)
        middle = matrix @ (np.array(self.centre) - pivot) + pivot
        _, _, width, height = self.box
        return Face(
            (middle[0] - width / 2, middle[1] - height / 2, width, height),
            self.score,
            (self.landmarks - pivot) @ matrix.T + pivot,
        )

    def mirrored(self, width: float) -> Face:
        """The same face after mirroring an image of `width` pixels, left to right."""
        left, top, wide, high = self.box
        # the right eye is the left one in the mirror
        points = self.landmarks[[1, 0, 2, 3, 5, 4]] * (-1, 1) + (width, 0)
        return Face((width - left - wide, top, wide, high), self.score, points)


def mean(one: Face, other: Face) -> Face:
    """What two looks at one face agree on: the mean of the boxes, scores and landmarks."""
    left, top, wide, high = ((a + b) / 2 for a, b in zip(one.box, other.box, strict=True))
    points = (one.landmarks + other.landmarks) / 2
    return Face((left, top, wide, high), (one.score + other.score) / 2, points)


def overlap(one: Face, other: Face) -> float:
    """Intersection over union of two faces' boxes, 0 to 1."""
    both = _common(one, other)
    return both / (one.box[2] * one.box[3] + other.box[2] * other.box[3] - both)


def shared(one: Face, other: Face) -> float:
    """Share of the smaller of two faces' boxes that lies within the other, 0 to 1."""
    smaller = min(one.box[2] * one.box[3], other.box[2] * other.box[3])
    return _common(one, other) / smaller


def distinct(faces: list[Face], most: float = 0.3, within: float = 1.0) -> list[Face]:
    """Best first, each clear of all that are better.

    Args:
        faces: In any order.
        most: Largest `overlap` with a better one.
        within: Largest `shared` with a better one; 1 allows a face upon a face.
    """
    kept: list[Face] = []
    for face in sorted(faces, key=lambda f: -f.score):
        if all(overlap(face, o) <= most and shared(face, o) <= within for o in kept):
            kept.append(face)
    return kept


def _common(one: Face, other: Face) -> float:
    wide = min(one.box[0] + one.box[2], other.box[0] + other.box[2]) - max(one.box[0], other.box[0])
    high = min(one.box[1] + one.box[3], other.box[1] + other.box[3]) - max(one.box[1], other.box[1])
    return max(0.0, wide) * max(0.0, high)
