"""Words and translucent panels on a picture; OpenCV's own letters are hard to read when small."""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from PIL.ImageFont import FreeTypeFont, ImageFont

Image = NDArray[np.uint8]
Colour = tuple[int, int, int]
"""Blue, green, red."""

_FINE = 4
"""Letters are drawn this much larger and reduced: small ones are then evenly spaced."""


class Rect(NamedTuple):
    """Whole pixels; may reach beyond the picture."""

    left: int
    top: int
    width: int
    height: int

    @property
    def right(self) -> int:
        return self.left + self.width

    @property
    def bottom(self) -> int:
        return self.top + self.height

    def meets(self, other: Rect) -> bool:
        """Whether they have a pixel in common."""
        across = self.left < other.right and other.left < self.right
        return across and self.top < other.bottom and other.top < self.bottom

    def inside(self, width: int, height: int) -> Rect:
        """Moved, as little as needed, so that it lies within a picture of this size."""
        left = max(0, min(self.left, width - self.width))
        return self._replace(left=left, top=max(0, min(self.top, height - self.height)))


def colour(text: str) -> Colour:
    """Of "#rrggbb"."""
    red, green, blue = (int(text[i : i + 2], 16) for i in (1, 3, 5))
    return blue, green, red


def ink_on(ground: Colour) -> Colour:
    """Black or white, whichever stands out more (relative luminance, WCAG 2)."""
    parts = (np.array(ground) / 255) ** 2.2
    bright = float(parts @ np.array([0.0722, 0.7152, 0.2126])) > 0.18
    return (0, 0, 0) if bright else (255, 255, 255)


def shade(image: Image, area: Rect, keep: float = 0.3) -> None:
    """Darken an area to this share of its brightness."""
    import cv2

    part = _part(image, area)
    if part.size:
        part[:] = cv2.convertScaleAbs(part, alpha=keep)


def fill(image: Image, area: Rect, paint: Colour) -> None:
    import cv2

    if area.width > 0 and area.height > 0:
        corner = area.right - 1, area.bottom - 1
        cv2.rectangle(image, (area.left, area.top), corner, paint, cv2.FILLED)


def write(image: Image, text: str, left: int, top: int, size: int, ink: Colour) -> None:
    """Words that begin at a corner; what lies outside the picture is cut off.

    Args:
        image: uint8 [H, W, 3], drawn into.
        text: One line or several, `line_height` apart.
        left: Of the first line.
        top: Of the first line, which is `size` pixels from ascender to baseline.
        size: Of the letters, pixels.
        ink: Their colour.
    """
    mask = _mask(text, size)
    height, width = mask.shape[:2]
    right, bottom = min(left + width, image.shape[1]), min(top + height, image.shape[0])
    x, y = max(left, 0), max(top, 0)
    if x >= right or y >= bottom:
        return
    cover = mask[y - top : bottom - top, x - left : right - left]
    part = image[y:bottom, x:right]
    mixed = part * (255 - cover) + np.array(ink, np.uint16) * cover
    part[:] = (mixed + 127) // 255


def width_of(text: str, size: int) -> int:
    """Pixels that the longest line takes."""
    return int(_mask(text, size).shape[1])


def line_height(size: int) -> int:
    """Pixels from the top of a line to the bottom of its descenders."""
    return round(size * 1.25)


def _part(image: Image, area: Rect) -> Image:
    return image[max(area.top, 0) : max(area.bottom, 0), max(area.left, 0) : max(area.right, 0)]


@lru_cache(maxsize=512)
def _mask(text: str, size: int) -> NDArray[np.uint16]:
    """How much of each pixel the letters cover: uint16 [height, width, 1], 0 to 255."""
    from PIL import Image as Pictures
    from PIL import ImageDraw

    font, lines = _font(size * _FINE), text.split("\n")
    width = max(1, -(-round(max(font.getlength(line) for line in lines)) // _FINE))
    row = line_height(size)
    canvas = Pictures.new("L", (width * _FINE, row * len(lines) * _FINE))
    pen = ImageDraw.Draw(canvas)
    for number, line in enumerate(lines):
        pen.text((0, number * row * _FINE), line, fill=255, font=font)
    return np.asarray(canvas.reduce(_FINE), np.uint16)[:, :, None]


@lru_cache(maxsize=64)
def _font(size: int) -> FreeTypeFont | ImageFont:
    from PIL import ImageFont

    return ImageFont.load_default(size)  # carried by Pillow: the same letters everywhere
