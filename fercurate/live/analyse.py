"""From a frame to its faces and what they show."""

from __future__ import annotations

import math
from time import perf_counter
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.detect.face import Face
from fercurate.detect.framing import cut, square
from fercurate.infer.classifier import Classifier
from fercurate.labels import FACE_SIDE
from fercurate.live.frame import Frame, LiveFace, Result, Timings
from fercurate.live.smooth import Smoother, label
from fercurate.live.track import MEMORY, Tracker

if TYPE_CHECKING:
    from fercurate.live.controls import Controls
    from fercurate.live.find import Finder

_LOOKED_FOR = 0.5
"""Seconds for which a face that is not seen any more is looked for where it should be."""


class Analyser:
    """Finds, follows and classifies the faces of one source's frames, in one thread.

    Args:
        classifier: All faces of a frame go through it at once.
        finder: Used by nobody else.
    """

    def __init__(self, classifier: Classifier, finder: Finder) -> None:
        info = classifier.info
        self._classifier, self._finder = classifier, finder
        self._classes = info.classes
        self._own = self._point = info.point()
        self._tracker = Tracker()
        self._smoothers: dict[int, tuple[float, Smoother]] = {}
        self._last: Frame | None = None

    def analyse(self, frame: Frame, controls: Controls) -> Result:
        """What a frame shows. Frames come in the order of their time.

        Only faces that are seen in this very frame are in the result.

        Args:
            frame: The next one.
            controls: Half-life of the smoothing, whether labels are groups, and how the model
                answers: as its file says, where they do not say.
        """
        begun = perf_counter()
        time = frame.time
        point = controls.point or self._own
        if point != self._point:  # no mixture of two answers is shown
            self._point, self._smoothers = point, {}
        if self._last is not None and time < self._last.time:  # a film that began anew
            self._tracker.forget()
            self._smoothers = {}
        expected = self._tracker.expected(time, _LOOKED_FOR)
        found = self._finder.find(frame.image, time, expected)
        detected = perf_counter()
        tracks = sorted(self._tracker.update(found, time), key=lambda track: track.number)
        tracked = perf_counter()
        crops = [crop_of(frame.image, track.face) for track in tracks]
        faces = np.stack(crops) if crops else np.empty((0, FACE_SIDE, FACE_SIDE), np.uint8)
        cropped = perf_counter()
        probabilities = point.probabilities(self._classifier.logits(faces))
        classified = perf_counter()
        live = tuple(
            self._live(track.number, track.face, instant, time, controls)
            for track, instant in zip(tracks, probabilities, strict=True)
        )
        self._smoothers = {
            number: kept for number, kept in self._smoothers.items() if time - kept[0] <= MEMORY
        }
        ended = perf_counter()
        timings = Timings(
            wait=begun - frame.read_at,
            detect=detected - begun,
            crop=cropped - tracked,
            classify=classified - cropped,
            track=tracked - detected + ended - classified,
            total=ended - frame.read_at,
        )
        skipped = 0 if self._last is None else frame.index - self._last.index - 1
        self._last = frame
        return Result(frame, live, timings, max(0, skipped), point)

    def skip(self, frame: Frame) -> None:
        """Let a frame go by, while it is paused: it does not count as dropped."""
        self._last = frame

    def _live(
        self,
        number: int,
        face: Face,
        instant: NDArray[np.float32],
        time: float,
        controls: Controls,
    ) -> LiveFace:
        smoother = self._smoothers[number][1] if number in self._smoothers else Smoother()
        self._smoothers[number] = time, smoother
        smooth = smoother.add(instant, time, controls.half_life)
        said = label(smooth, self._classes, self._point.threshold, grouped=controls.grouped)
        return LiveFace(number, face, instant, smooth, said)


def crop_of(image: NDArray[np.uint8], face: Face) -> NDArray[np.uint8]:
    """What `framing.cut` gives of a frame; only the face's part of it is turned to RGB.

    Args:
        image: uint8 [H, W, 3], blue, green, red.
        face: In it.

    Returns:
        uint8 [48, 48].
    """
    height, width = image.shape[:2]
    left, top, side = square(face)
    first_x = min(max(0, math.floor(left)), width - 1)
    first_y = min(max(0, math.floor(top)), height - 1)
    last_x = max(min(width, math.ceil(left + side)), first_x + 1)
    last_y = max(min(height, math.ceil(top + side)), first_y + 1)
    part = np.ascontiguousarray(image[first_y:last_y, first_x:last_x, ::-1])
    return cut(part, face.moved(-first_x, -first_y))
