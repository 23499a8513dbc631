"""What has no business in a dataset of faces: non-faces, and faces that are drawn."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw, ImageFont
from scipy.ndimage import gaussian_filter, gaussian_gradient_magnitude, median_filter

from fercurate.labels import FACE_SIDE
from fercurate.samples.faces import N_FACES, Floats, enlarge, load_photo, to_grey

Greys = NDArray[np.uint8]

CONSTANTS = (0, 255, 128, 20, 64, 200)
"""Grey values of the constant images, each once: two alike would be a duplicate."""

# Crops of the second half that show something, and no part of a face.
_LFW_NONFACES = (10, 14, 15, 16, 35, 46, 61, 75, 86)

_CAT_FACE = (14, 94, 270)
"""Top, left and side in chelsea.png."""

N_NONFACES = len(CONSTANTS) + len(_LFW_NONFACES) + 10
N_DRAWN = 25


def nonfaces(crops: Floats, rng: np.random.Generator) -> list[tuple[Greys, bool]]:
    """Images that show no face: uint8 [48, 48] each, and whether it is constant.

    Args:
        crops: Float64 [200, 25, 25] as `faces.load_crops` gives them.
        rng: Draws where the pictures are cut and how the cards are set.
    """
    scenes = [enlarge(crops[N_FACES + i]) for i in _LFW_NONFACES]
    cat, page = load_photo("chelsea.png"), load_photo("page.png")
    top, left, side = _CAT_FACE
    for _ in range(3):
        down, right = rng.integers(-12, 13, 2)
        scenes.append(_shrink(_cut(cat, top + int(down), left + int(right), side)))
    scenes += [_patch(page, side, rng) for side in (70, 100, 140)]
    scenes += [_patch(load_photo(name), 120, rng) for name in ("coffee.png", "brick.png")]
    cards = [_card(lines, rng) for lines in (("NO", "IMAGE"), ("image not", "available"))]
    flat = [np.full((FACE_SIDE, FACE_SIDE), value, dtype=np.uint8) for value in CONSTANTS]
    return [(to_grey(s), False) for s in scenes + cards] + [(f, True) for f in flat]


def drawn(faces: Sequence[Floats], rng: np.random.Generator) -> list[Greys]:
    """Faces that no camera took: drawings made from `faces`, then drawn smileys.

    Args:
        faces: At most `N_DRAWN` faces, float64 [48, 48] each, 0 to 1.
        rng: Draws the style's settings.

    Returns:
        `N_DRAWN` images, uint8 [48, 48].
    """
    styles: tuple[Callable[[Floats, np.random.Generator], Floats], ...]
    styles = (_outline, _poster, _sketch)
    traced = [styles[i % len(styles)](face, rng) for i, face in enumerate(faces)]
    smileys = [_smiley(rng) for _ in range(N_DRAWN - len(traced))]
    return [to_grey(image) for image in traced + smileys]


def _cut(photo: Floats, top: int, left: int, side: int) -> Floats:
    return photo[max(top, 0) : top + side, max(left, 0) : left + side]


def _patch(photo: Floats, side: int, rng: np.random.Generator) -> Floats:
    top = int(rng.integers(0, photo.shape[0] - side + 1))
    left = int(rng.integers(0, photo.shape[1] - side + 1))
    return _shrink(_cut(photo, top, left, side))


def _shrink(picture: Floats) -> Floats:
    image = Image.fromarray(to_grey(picture)).resize((FACE_SIDE, FACE_SIDE), Image.Resampling.BOX)
    return np.asarray(image) / 255.0


def _card(lines: Sequence[str], rng: np.random.Generator) -> Floats:
    """An "image not available" card."""
    size = 4 * FACE_SIDE
    paper, ink = int(rng.integers(200, 246)), int(rng.integers(20, 110))
    image = Image.new("L", (size, size), paper)
    pen = ImageDraw.Draw(image)
    pen.rectangle((10, 10, size - 11, size - 11), outline=ink, width=5)
    pen.line((10, size - 11, size - 11, 10), fill=(paper + ink) // 2, width=4)
    font = ImageFont.load_default(33)
    for i, line in enumerate(lines):
        place = (size / 2, size / 2 + 46 * (i - (len(lines) - 1) / 2))
        pen.text(place, line, fill=ink, font=font, anchor="mm")
    return _shrink(np.asarray(image) / 255.0)


def _outline(face: Floats, rng: np.random.Generator) -> Floats:
    """Pencil: dark where the grey changes."""
    edges = gaussian_gradient_magnitude(face, rng.uniform(0.7, 1.0))
    return np.asarray(1.0 - np.clip(edges / np.percentile(edges, 97), 0.0, 1.0) ** 0.8)


def _poster(face: Floats, rng: np.random.Generator) -> Floats:
    """Cartoon: a few flat greys with dark contours."""
    levels = int(rng.integers(3, 5))
    flat = median_filter(face, 5)
    low, high = np.percentile(flat, (2, 98))
    flat = np.rint(np.clip((flat - low) / (high - low), 0.0, 1.0) * levels) / levels
    edges = gaussian_gradient_magnitude(face, 1.0)
    contour = np.clip(edges / np.percentile(edges, 96) - 0.45, 0.0, 1.0)
    return np.asarray((0.15 + 0.85 * flat) * (1.0 - contour))


def _sketch(face: Floats, rng: np.random.Generator) -> Floats:
    """Ink: a thresholded difference of Gaussians (Winnemoeller 2012)."""
    wide = rng.uniform(1.4, 1.8)
    difference = gaussian_filter(face, 0.7) - 0.98 * gaussian_filter(face, wide)
    return np.asarray(np.clip(1.0 + 45.0 * (difference + 0.005), 0.0, 1.0))


def _smiley(rng: np.random.Generator) -> Floats:
    """A round face of a few strokes, drawn four times too big."""
    size = 4 * FACE_SIDE
    paper, skin, ink = (int(rng.integers(*span)) for span in ((150, 256), (190, 256), (0, 50)))
    image = Image.new("L", (size, size), paper)
    pen = ImageDraw.Draw(image)
    width = int(rng.integers(4, 9))
    left, top, right, bottom = rng.uniform(10, 26, 4)
    pen.ellipse((left, top, size - right, size - bottom), fill=skin, outline=ink, width=width)
    middle, row, gap = (size + left - right) / 2, rng.uniform(70, 84), rng.uniform(26, 36)
    eye, brow, tilt = rng.uniform(6, 13), rng.uniform(20, 28), rng.uniform(-8, 8)
    for side in (-1, 1):
        x = middle + side * gap
        pen.ellipse((x - eye, row - eye, x + eye, row + 1.2 * eye), fill=ink)
        ends = (x - 15, row - brow + side * tilt, x + 15, row - brow - side * tilt)
        pen.line(ends, fill=ink, width=width)
    half, deep, place = rng.uniform(26, 42), rng.uniform(14, 30), rng.uniform(122, 134)
    box = (middle - half, place - deep, middle + half, place + deep)
    shape = int(rng.integers(0, 4))
    if shape == 0:
        pen.arc(box, 15, 165, fill=ink, width=width)
    elif shape == 1:
        pen.arc(box, 195, 345, fill=ink, width=width)
    elif shape == 2:
        pen.ellipse((middle - deep, box[1], middle + deep, box[3]), fill=ink)
    else:
        pen.line((box[0], place, box[2], place), fill=ink, width=width)
    return _shrink(np.asarray(image) / 255.0)
