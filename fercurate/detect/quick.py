"""A quick search of a photograph for the faces that anybody sees at once.

`Detector.in_photo` looks into every corner, which takes from a quarter of a second to
seconds. Most photographs of people show a large face, which takes a hundredth.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator

import numpy as np

from fercurate.detect.detector import FOUND_IN_PHOTO, Detector
from fercurate.detect.face import Face, distinct, mean, overlap
from fercurate.detect.photo import CONTEXT, VIEW, Image, view

LEAST = 0.3
"""Score of a first look from which on a second one is taken."""

SURE = 0.7
"""Score from which on one closer look is enough; below it, the mirror image has a say.

One look instead of the five or so of `photo.second_look` moves the crop by 2 % of its side
and scales it by 4 % (standard deviation over 188 faces), a small part of what training varies
them by.
"""

DOUBTFUL = 0.5
"""Score of a closer look below which there is no face, whatever the other one says."""

_SAME = 0.3
_STEP = 0.75
_LONGEST = 20
_SMALLEST = 96


def faces_in(detector: Detector, photo: Image, least: float = FOUND_IN_PHOTO) -> list[Face]:
    """The large faces of a photograph, best first.

    Looks at the whole photograph, and closely at what that finds. Only where it finds nothing,
    it goes on: at squares of the shorter side, at the photograph with a border, for one that is
    all face, and at squares of half the shorter side. So a photograph with a large face may
    have more, smaller ones; one of a tenth of the shorter side is found when it is alone.

    Args:
        detector: Used by no other thread meanwhile.
        photo: uint8 [H, W] grey or [H, W, 3] RGB.
        least: Lowest score, 0 to 1.
    """
    for views in _views(*photo.shape[:2]):
        found = []
        for left, top, side in views:
            seen, left, top, scale = view(photo, left, top, side)
            looked = _worth_it(detector.look(seen, LEAST))
            closer = (_closely(detector, photo, face.moved(left, top, scale)) for face in looked)
            found += [face for face in closer if face is not None and face.score >= least]
        if found:
            return distinct(found, within=0.5)
    return []


def _worth_it(looked: list[Face]) -> list[Face]:
    """What to look at closely: beside a clear face only what is likely to be another."""
    best = max((face.score for face in looked), default=0.0)
    least = DOUBTFUL if best >= SURE else LEAST
    return [face for face in looked if face.score >= least]


def _views(height: int, width: int) -> Iterator[list[tuple[float, float, float]]]:
    """Left, top and side of the squares to look at, the next ones where the last show nothing."""
    short, long = sorted((height, width))
    yield [((width - long) / 2, (height - long) / 2, long)]
    if short < long <= _LONGEST * short:
        yield squares(height, width, short)
    yield [((width - 2 * long) / 2, (height - 2 * long) / 2, 2 * long)]
    if long <= _LONGEST * short and short >= _SMALLEST:
        yield squares(height, width, short / 2)


def squares(height: int, width: int, side: float) -> list[tuple[float, float, float]]:
    """Squares that cover an image and overlap by a quarter: left, top and side, pixels."""
    return [(left, top, side) for top in _starts(height, side) for left in _starts(width, side)]


def _starts(length: int, side: float) -> list[float]:
    steps = math.ceil((length - side) / (_STEP * side))
    return [(length - side) * i / max(1, steps) for i in range(steps + 1)]


def _closely(detector: Detector, photo: Image, face: Face) -> Face | None:
    """The same face, framed by a look from close by; None where there is none."""
    side = CONTEXT * face.side
    seen, left, top, scale = view(photo, face.centre[0] - side / 2, face.centre[1] - side / 2, side)

    def look(is_mirrored: bool) -> Face | None:
        if is_mirrored:
            looked = detector.look(np.ascontiguousarray(seen[:, ::-1]), DOUBTFUL)
            looked = [found.mirrored(VIEW) for found in looked]
        else:
            looked = detector.look(seen, DOUBTFUL)
        placed = (found.moved(left, top, scale) for found in looked)
        near = [other for other in placed if overlap(other, face) > _SAME]
        return max(near, key=lambda other: other.score, default=None)

    return agreed(look)


def agreed(look: Callable[[bool], Face | None]) -> Face | None:
    """A face by one look where that is sure, else the mean of two; None where one finds none.

    Args:
        look: Finds it from close by, or when told True in the mirror image; the face in the
            photograph's own pixels both times.
    """
    best = look(False)
    if best is None or best.score >= SURE:
        return best
    other = look(True)
    return None if other is None else mean(best, other)
