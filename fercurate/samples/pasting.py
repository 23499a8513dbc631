"""Pictures of people laid over another picture, with soft edges and a sensor's noise."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from fercurate.samples.faces import enlarge, load_crops, read_picture, to_grey

Image = NDArray[np.uint8]

_ASTRONAUT = (214, 118, 172)
"""x and y of the middle of her face, and the side of what is cut out, pixels of the photograph."""

_PATCH = 256
_PEOPLE = (0, 3, 7, 12, 18, 21, 25, 30, 36, 41, 47, 52, 55, 61, 66, 70, 77, 83, 90, 96)
_SKIN = (0.78, 0.9, 1.0)
_NOISE = 2.0


def background(width: int, height: int) -> Image:
    """A cup of coffee, out of focus, uint8 [height, width, 3], blue, green, red."""
    import cv2

    photo = np.ascontiguousarray(_photo("coffee.png"))
    scale = max(width / photo.shape[1], height / photo.shape[0])
    large = cv2.resize(photo, None, fx=scale * 1.001, fy=scale * 1.001)[:height, :width]
    return np.asarray(cv2.GaussianBlur(large, (0, 0), height / 120), np.uint8)


def _photo(name: str) -> Image:
    """One of scikit-image's pictures, uint8 [H, W, 3], blue, green, red."""
    return read_picture(name, "RGB")[:, :, ::-1]


def astronaut() -> Image:
    """Her head, uint8 [S, S, 3], blue, green, red."""
    x, y, side = _ASTRONAUT
    left, top = x - side // 2, y - side // 2
    return _photo("astronaut.png")[top : top + side, left : left + side]


def people(n: int) -> list[Image]:
    """Up to 20 faces of the LFW subset, uint8 [256, 256, 3], toned like skin."""
    crops = load_crops()
    grey = [enlarge(crops[i], _PATCH) for i in _PEOPLE[:n]]
    return [to_grey(face[:, :, None] * np.array(_SKIN)) for face in grey]


def put(image: Image, picture: Image, x: float, y: float, side: float) -> None:
    """Lay a picture over an image, with an edge that fades; to parts of a pixel."""
    import cv2

    height, width = image.shape[:2]
    left, top = math.floor(x - side / 2), math.floor(y - side / 2)
    size = math.ceil(side) + 1
    shrinks = picture.shape[0] > side
    scale = side / picture.shape[0]
    if shrinks:  # warpAffine skips pixels
        picture = np.asarray(
            cv2.resize(picture, (round(side),) * 2, interpolation=cv2.INTER_AREA), np.uint8
        )
        scale = side / picture.shape[0]
    shift = np.array(
        [
            [scale, 0, x - side / 2 - left + (scale - 1) / 2],
            [0, scale, y - side / 2 - top + (scale - 1) / 2],
        ]
    )
    placed = cv2.warpAffine(
        picture, shift, (size, size), flags=cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE
    )
    first_x, first_y = max(0, left), max(0, top)
    last_x, last_y = min(width, left + size), min(height, top + size)
    if first_x >= last_x or first_y >= last_y:
        return
    part = np.s_[first_y - top : last_y - top, first_x - left : last_x - left]
    cover = _cover(size)[part][:, :, None]
    under = image[first_y:last_y, first_x:last_x]
    image[first_y:last_y, first_x:last_x] = np.rint(under + cover * (placed[part] - 1.0 * under))


def _cover(size: int) -> NDArray[np.float32]:
    """How much a picture covers, 0 to 1: all of it but for an edge of a sixteenth."""
    from_edge = np.minimum(np.arange(size), np.arange(size)[::-1]) / max(1, size / 16)
    ramp = np.clip(from_edge, 0, 1).astype(np.float32)
    return np.minimum.outer(ramp, ramp)


def with_noise(image: Image, time: float) -> Image:
    """The image with a sensor's noise, another one for each time."""
    import cv2

    rng = np.random.default_rng(round(time * 1e6))
    strip = rng.normal(128, _NOISE, (1 << 16,)).astype(np.uint8)
    noise = np.resize(strip, image.shape)
    return np.asarray(cv2.addWeighted(image, 1, noise, 1, -128), np.uint8)
