"""Finding faces frame after frame: a close look where one is known, and a search in small steps.

A look at a face that is known takes 2 ms; a search of the whole frame takes twenty looks, and
is spread over a second of frames. What it finds is looked at from close by, as in
`detect.quick`, so that the box is the one that `detect.framing` expects.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from itertools import chain, zip_longest

import numpy as np

from fercurate.detect.detector import FOUND_IN_PHOTO, Detector, shared_detector
from fercurate.detect.face import Face, distinct, overlap, shared
from fercurate.detect.photo import CONTEXT, VIEW, Image, view
from fercurate.detect.quick import agreed, squares

KEPT = 0.4
"""Score that a face which is known needs in a close look; a new one needs `FOUND_IN_PHOTO`.

The mirror image has a say below `quick.SURE` alone. Asking it always makes boxes steadier by a
third, but labels no better, and takes 2 ms a face.
"""

VIEWS_A_SECOND = 30.0
"""Of the search while a face is known: one a frame of most cameras."""
VIEWS_A_SECOND_ALONE = 60.0
"""The same while none is."""

REFUSED = 3.0
"""Seconds for which a place that proved to be no face is not looked at again, unless it looks
more like one than it did."""

_MOST_AT_ONCE = 4
"""Looks of the search in one frame, however long the last one is ago."""
_MORE = 0.1
"""How much a refused place's score has to rise for another look."""
_LEAST = 0.3
"""Score of what the search looks at closely."""
_FAR, _RATIO = 0.75, 1.7
"""How far a close look may put a face, sides of its box, and by what factor change its side."""
_LONGEST = 20
"""A frame that is longer than so many of its shorter side is looked at as a whole only."""
_SMALLEST = 96
"""Shorter side from which on a search in small squares is worth it, pixels."""

Square = tuple[float, float, float]


class Finder:
    """Finds the faces of a video's frames. To be used by one thread.

    New faces of a seventh of the frame's shorter side and more are found within a third of a
    second, those of a twelfth within a second.

    Args:
        detector: Used by nobody else meanwhile; None for the process's own.

    Raises:
        FercurateError: mediapipe cannot be used.
    """

    def __init__(self, detector: Detector | None = None) -> None:
        self._detector = detector or shared_detector()
        self._size = (0, 0)
        self._squares: list[Square] = []
        self._next = 0
        self._searched: float | None = None
        self._refused: list[tuple[float, Face]] = []

    def find(self, image: Image, time: float, expected: Sequence[Face]) -> list[Face]:
        """The faces of a frame, none of them twice.

        Args:
            image: uint8 [H, W, 3], blue, green, red.
            time: Of the frame, seconds.
            expected: Where known faces should be, as `Tracker.expected` gives them.

        Returns:
            Boxes and landmarks in the frame's pixels.
        """
        seen = [self._closely(image, face, KEPT) for face in expected]
        found = distinct([face for face in seen if face is not None], 0.4, within=0.7)
        for square in self._due(image.shape[0], image.shape[1], time, is_alone=not found):
            for place in self._look(image, square):
                if any(_is_covered(place, face) for face in found) or self._is_refused(place, time):
                    continue
                face = self._closely(image, place, FOUND_IN_PHOTO)
                if face is None:
                    self._refused.append((time, place))
                elif not any(_is_covered(face, other) for other in found):
                    found.append(face)
        return found

    def _is_refused(self, place: Face, time: float) -> bool:
        self._refused = [(t, f) for t, f in self._refused if 0 <= time - t <= REFUSED]
        return any(
            overlap(place, face) > 0.5 and place.score <= face.score + _MORE
            for _, face in self._refused
        )

    def _due(self, height: int, width: int, time: float, *, is_alone: bool) -> list[Square]:
        """Where to search in this frame: everywhere in the first one, then a few places."""
        size = height, width
        if size != self._size or self._searched is None or time < self._searched - 1e-3:
            self._size, self._squares = size, list(_search(height, width))
            self._next, self._searched = 0, time
            return self._squares
        rate = VIEWS_A_SECOND_ALONE if is_alone else VIEWS_A_SECOND
        n = int((time - self._searched) * rate + 1e-3)
        # what a frame leaves over is added to the next one, but no backlog
        self._searched = self._searched + n / rate if n <= _MOST_AT_ONCE else time
        n = min(n, _MOST_AT_ONCE, len(self._squares))
        due = [self._squares[(self._next + i) % len(self._squares)] for i in range(n)]
        self._next = (self._next + n) % len(self._squares)
        return due

    def _closely(self, image: Image, face: Face, least: float) -> Face | None:
        """The face at a place, framed by a look from close by; None where there is none."""
        side = CONTEXT * face.side
        square = face.centre[0] - side / 2, face.centre[1] - side / 2, side
        best = agreed(
            lambda is_mirrored: _likest(self._look(image, square, mirrored=is_mirrored), face)
        )
        return None if best is None or best.score < least else best

    def _look(self, image: Image, square: Square, *, mirrored: bool = False) -> list[Face]:
        """What one pass over a square of the frame finds, in the frame's pixels."""
        # far more pixels than the view has are not needed, and take their time
        step = max(1, int(square[2] / (3 * VIEW)))
        small = image[::step, ::step]
        seen, left, top, scale = view(small, *(value / step for value in square))
        rgb = seen[:, ::-1, ::-1] if mirrored else seen[:, :, ::-1]
        looked = self._detector.look(np.ascontiguousarray(rgb), _LEAST)
        if mirrored:
            looked = [face.mirrored(VIEW) for face in looked]
        return [face.moved(left * step, top * step, scale * step) for face in looked]


def _likest(looked: Sequence[Face], face: Face) -> Face | None:
    """The best of those that can be the face."""
    near = [
        other
        for other in looked
        if math.dist(other.centre, face.centre) <= _FAR * face.side
        and abs(math.log(other.side / face.side)) <= math.log(_RATIO)
    ]
    return max(near, key=lambda other: other.score, default=None)


def _is_covered(place: Face, face: Face) -> bool:
    return overlap(place, face) > 0.2 or shared(place, face) > 0.6


def _search(height: int, width: int) -> Iterator[Square]:
    """Left, top and side of the squares that a search looks at, large and small ones by turns."""
    short, long = sorted((height, width))
    if short < 1 or long > _LONGEST * short:
        return iter([((width - long) / 2, (height - long) / 2, float(long))])
    large = [((width - long) / 2, (height - long) / 2, float(long))]
    if short < long:
        large += squares(height, width, short)
    small = squares(height, width, short / 2) if short >= _SMALLEST else []
    rounds = max(1, len(small) // len(large))
    pairs = zip_longest(small, large * rounds)
    return (square for square in chain.from_iterable(pairs) if square is not None)
