"""Results made by hand, for what shows and writes them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from fercurate.detect.face import Face
from fercurate.labels import CLASSES
from fercurate.live.frame import Frame, LiveFace, Result, Timings

HAPPY = (0.02, 0.01, 0.03, 0.87, 0.02, 0.03, 0.02)
DOUBTFUL = (0.2, 0.05, 0.2, 0.1, 0.2, 0.05, 0.2)
Box = tuple[float, float, float, float]


def live_face(
    box: Box, shares: Sequence[float] = HAPPY, label: str | None = "happy", track: int = 1
) -> LiveFace:
    left, top, width, height = box
    points = np.array([[left + width * x, top + height * 0.4] for x in (0.3, 0.7, 0.5, 0.5, 0, 1)])
    values = np.array(shares, np.float32)
    return LiveFace(track, Face(box, 0.9, points), values, values, label)


def picture(width: int = 640, height: int = 480, level: int = 90) -> NDArray[np.uint8]:
    """Grey, and darker to the left: mirrored it is another."""
    across = np.linspace(level - 20, level + 20, width).astype(np.uint8)
    return np.repeat(np.repeat(across[None, :, None], height, 0), 3, 2)


def result(
    *faces: LiveFace, image: NDArray[np.uint8] | None = None, time: float = 0.0, index: int = 0
) -> Result:
    frame = Frame(picture() if image is None else image, time, index, 0.0)
    return Result(frame, faces, Timings(0.0, 0.004, 0.001, 0.003, 0.001, 0.009), 0)


def grid(n: int, width: int, height: int) -> list[LiveFace]:
    """Faces in rows; every second one is happy, the others are doubtful."""
    columns = int(np.ceil(np.sqrt(n * width / height)))
    rows = -(-n // columns)
    side = 0.45 * min(width / columns, height / rows)
    made = []
    for i in range(n):
        left = (i % columns + 0.5) * width / columns - side / 2
        top = (i // columns + 0.5) * height / rows - side / 2
        said = (DOUBTFUL, None) if i % 2 else (HAPPY, "happy")
        made.append(live_face((left, top, side, side), said[0], said[1], i + 1))
    return made


CLASS_NAMES = tuple(CLASSES)
