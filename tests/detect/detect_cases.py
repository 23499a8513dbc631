"""Faces and photographs for the tests of detect, out of what scikit-image ships."""

from __future__ import annotations

from functools import lru_cache

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fercurate.detect.face import Face
from fercurate.samples.faces import data_dir, enlarge, load_crops

Pixels = NDArray[np.uint8]

ASTRONAUT_EYES = (225.0, 104.0)
"""x and y between the eyes in astronaut.png."""


@lru_cache
def shipped(name: str) -> Pixels:
    """uint8 [H, W, 3]."""
    with Image.open(data_dir() / name) as image:
        return np.asarray(image.convert("RGB"))


def small_faces(rows: list[int], side: int) -> Pixels:
    """uint8 [n, side, side]: faces of LFW, enlarged; rows 0 to 99."""
    crops = load_crops()
    grey = [(enlarge(crops[row]) * 255).astype(np.uint8) for row in rows]
    return np.stack([np.asarray(cv2.resize(g, (side, side), interpolation=2)) for g in grey])


def group_photo(sides: list[int]) -> tuple[Pixels, list[tuple[int, int, int]]]:
    """Faces pasted on a photograph of a cup; left, top and side of each."""
    photo = np.array(cv2.resize(shipped("coffee.png"), (1800, 1200), interpolation=2))
    places = []
    for i, side in enumerate(sides):
        left, top = 60 + 430 * (i % 4), 60 + 380 * (i // 4)
        face = small_faces([7 * i], side)[0]
        photo[top : top + side, left : left + side] = face[:, :, None]
        places.append((left, top, side))
    return photo, places


def face_at(left: float, top: float, side: float, score: float = 0.9) -> Face:
    """A face with plausible landmarks."""
    shares = np.array([[0.3, 0.3], [0.7, 0.3], [0.5, 0.5], [0.5, 0.75], [0.0, 0.4], [1.0, 0.4]])
    return Face((left, top, side, side), score, np.array([left, top]) + side * shares)
