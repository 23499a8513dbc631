"""MediaPipe's short-range face detector, for photographs and for tight crops of faces.

The model is BlazeFace (Bazarevsky et al. 2019, https://arxiv.org/abs/1907.05047). It was made
for selfies: a face that fills the picture is as strange to it as a tiny one. Crops are therefore
padded, and photographs cut into tiles.
"""

from __future__ import annotations

import contextlib
import os
import sys
import tempfile
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fercurate.detect import mesh
from fercurate.detect import photo as photos
from fercurate.detect.face import Face, distinct
from fercurate.detect.imports import drawing_later
from fercurate.errors import FercurateError, first_line

PADDINGS = (0.5, 0.25)
"""Black border that a crop gets on each side, as a share of the crop; the second one only when
the first leaves a doubt."""

SURE = 0.7
"""Score from which on a crop needs no second look: all but a few of FER2013's faces reach it."""

TURNS = (30, -30, 90, -90)
"""Degrees that a crop is turned by when no upright face is found: sleepers are people."""

FOUND = 0.5
"""Score from which on a crop's face counts as found (MediaPipe's own default)."""

FOUND_TURNED = 0.65
"""Score that a face found by turning needs."""

FOUND_IN_PHOTO = 0.6
"""The same for a second look at a photograph's faces: it loses 1 of 200 more than 0.5 does,
and takes no cat's eye for a face."""

MESH = 0.5
"""Presence that MediaPipe's face mesh must report of a photograph's faces (its own default)."""

MODEL = Path(__file__).parent / "models" / "face_detection_short_range.tflite"

_TERMINAL = threading.RLock()
_SIDE = 192
_FIRST_LOOKS = 20
_LEAST = 0.05


@dataclass(frozen=True)
class CropFaces:
    """What was found in one crop.

    Attributes:
        face: The best face in the crop's own pixels, None when there is none.
        turn: Degrees by which the crop had to be turned for `face`; 0 upright.
    """

    face: Face | None
    turn: int


class Detector:
    """Finds faces. Making one takes 20 ms; use `shared_detector`.

    Raises:
        FercurateError: mediapipe is missing or broken, or the model's file is.
    """

    def __init__(self) -> None:
        with _hushed() as said:
            self._mediapipe, self._detector = _create()
            # it warns once of memory that is not aligned: at 19 of 20 first looks, or soon after
            for more in range(_FIRST_LOOKS):
                self.look(np.zeros((_SIDE + 7 * more, _SIDE), np.uint8))
                if b"not aligned" in said():
                    break

    def in_photo(self, photo: NDArray[np.uint8], least: float = FOUND_IN_PHOTO) -> list[Face]:
        """Faces in a photograph, best first.

        The photograph is searched in tiles, down to faces of a fortieth of its shorter side,
        and what is found there is looked at again from close by (see `photo`). What neither
        that nor MediaPipe's face mesh takes for a face is left out. 12 megapixels take a core 3 s.

        Args:
            photo: uint8 [H, W] grey or [H, W, 3] RGB.
            least: Lowest score, 0 to 1.
        """
        found = []
        for candidate in photos.candidates(self.look, photo):
            looked = photos.second_look(self.look, photo, candidate)
            if looked is None or looked[0].score < least:
                continue
            face, view, likeliest = looked
            if mesh.presence(_rgb(view), likeliest) > MESH:
                found.append(face)
        return distinct(found, within=0.5)

    def in_crop(self, crop: NDArray[np.uint8]) -> CropFaces:
        """The best face of a tight crop, tried at several paddings, then turned.

        Args:
            crop: uint8 [H, W], a face and little else.
        """
        best: Face | None = None
        for padding in PADDINGS:
            best = max(best, self._padded(crop, padding), key=_score)
            if _score(best) >= SURE:
                break
        if _score(best) >= FOUND:
            return CropFaces(best, 0)
        found = {turn: self._turned(crop, turn) for turn in TURNS}
        turn, turned = max(found.items(), key=lambda item: _score(item[1]))
        # cards and text reach 0.6 when they are turned
        if _score(turned) >= max(FOUND_TURNED, _score(best) + 0.1):
            return CropFaces(turned, turn)
        return CropFaces(best, 0)

    def _padded(self, crop: NDArray[np.uint8], padding: float) -> Face | None:
        import cv2

        height, width = crop.shape
        border = round(padding * max(height, width))
        scale = _SIDE / (max(height, width) + 2 * border)
        framed = cv2.copyMakeBorder(crop, border, border, border, border, cv2.BORDER_CONSTANT)
        large = cv2.resize(framed, None, fx=scale, fy=scale, interpolation=cv2.INTER_CUBIC)
        faces = self.look(np.asarray(large, np.uint8))
        best = max(faces, key=_score, default=None)
        return None if best is None else best.moved(-border, -border, 1 / scale)

    def _turned(self, crop: NDArray[np.uint8], degrees: int) -> Face | None:
        import cv2

        height, width = crop.shape
        # a corner turned by 30 degrees needs 1.37 times the side
        side = max(height, width) * (1.4 if degrees % 90 else 1.0) * 1.5
        scale = _SIDE / side
        middle = (width - 1) / 2, (height - 1) / 2
        # OpenCV turns against the clock
        matrix = np.asarray(cv2.getRotationMatrix2D(middle, -degrees, scale), np.float64)
        matrix[:, 2] += (_SIDE - 1) / 2 - np.array(middle)
        large = cv2.warpAffine(crop, matrix, (_SIDE, _SIDE), flags=cv2.INTER_CUBIC)
        best = max(self.look(np.asarray(large, np.uint8)), key=_score, default=None)
        if best is None:
            return None
        # a face's places count from a pixel's edge, OpenCV's from its middle
        centre = _SIDE / 2
        back = best.turned(-degrees, (centre, centre))
        return back.moved(width / 2 - centre / scale, height / 2 - centre / scale, 1 / scale)

    def look(self, image: NDArray[np.uint8], least: float = 0.0) -> list[Face]:
        """One pass over an image as it is: what fills from a fifth of it on; 4 ms.

        Boxes are whole pixels, and cut off at the left and upper edge.

        Args:
            image: uint8 [H, W] grey or [H, W, 3] RGB; more than 256 pixels a side are skipped
                over, so shrink it before.
            least: Lowest score of what is given back, 0 to 1.
        """
        mp = self._mediapipe
        frame = mp.Image(image_format=mp.ImageFormat.SRGB, data=_rgb(image))
        height, width = image.shape[:2]
        found = self._detector.detect(frame).detections
        return [_face(d, width, height) for d in found if d.categories[0].score >= least]


def _rgb(image: NDArray[np.uint8]) -> NDArray[np.uint8]:
    rgb = np.repeat(image[:, :, None], 3, axis=2) if image.ndim == 2 else image
    return np.ascontiguousarray(rgb)


def _face(detection: Any, width: int, height: int) -> Face:
    box = detection.bounding_box
    points = np.array([[p.x * width, p.y * height] for p in detection.keypoints], np.float64)
    return Face(
        (float(box.origin_x), float(box.origin_y), max(float(box.width), 1.0),
         max(float(box.height), 1.0)),
        float(detection.categories[0].score),
        points,
    )  # fmt: skip


def _score(face: Face | None) -> float:
    return 0.0 if face is None else face.score


@lru_cache(maxsize=1)
def shared_detector() -> Detector:
    """The process's one detector."""
    return Detector()


@lru_cache(maxsize=1)
def _create() -> tuple[Any, Any]:
    """mediapipe and the process's one detector of it: it prints at the end if one went before."""
    try:
        with drawing_later():
            import mediapipe
            from mediapipe.tasks.python import BaseOptions, vision
    except ImportError as error:
        raise FercurateError(
            f"mediapipe cannot be imported: {error}", "See what is amiss with: fercurate doctor"
        ) from error

    class Kept(vision.FaceDetector):  # type: ignore[misc]
        def __del__(self) -> None:
            """It goes with the process: Python may have taken apart by then what closes it."""

    options = vision.FaceDetectorOptions(
        base_options=BaseOptions(model_asset_path=str(MODEL)), min_detection_confidence=_LEAST
    )
    try:
        return mediapipe, Kept.create_from_options(options)
    except (RuntimeError, ValueError, OSError) as error:
        raise FercurateError(
            f"{MODEL} cannot be opened: {first_line(error)}", "Install fercurate again."
        ) from error


@contextlib.contextmanager
def _hushed() -> Iterator[Callable[[], bytes]]:
    """Keep what MediaPipe's C++ writes while it starts off the terminal; gives what that was."""
    # two threads would give back each other's file
    with _TERMINAL, tempfile.TemporaryFile() as said:
        sys.stderr.flush()
        kept = os.dup(2)
        try:
            os.dup2(said.fileno(), 2)
            yield lambda: (said.seek(0), said.read())[1]  # which leaves its place at the end
        finally:
            os.dup2(kept, 2)
            os.close(kept)
