"""What one thread does: read images, find and cut the faces, classify them."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable, Generator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from queue import SimpleQueue
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.images import ImageError, decode_face, read_file, read_photo, read_small
from fercurate.predict.result import Found, Image

if TYPE_CHECKING:
    from fercurate.detect.detector import Detector

SMALL = 640
"""A large JPEG is decoded at a part of its size that leaves its shorter side this long."""

_CROPS_A_JOB, _PHOTOS_A_JOB = 32, 8

Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class _Read:
    """One image before its faces are classified."""

    file: str
    faces: Sequence[NDArray[np.uint8]] = ()
    boxes: Sequence[Box | None] = ()
    reason: str | None = None


Reader = Callable[[Path], _Read]
Classify = Callable[[NDArray[np.uint8]], NDArray[np.float32]]
"""From faces uint8 [N, 48, 48] to probabilities float32 [N, classes]."""


def read_crop(path: Path) -> _Read:
    """An image that is a face and little else, as import reads it."""
    name = shown(path)
    try:
        return _Read(name, [decode_face(read_file(path))], [None])
    except ImageError as error:
        return _Read(name, reason=str(error))


class PhotoReader:
    """Finds faces in photographs; each thread that calls it borrows a detector.

    Args:
        n: Threads at a time.
        thorough: Look into every corner of every photograph.
        least: Lowest score of a face, 0 to 1.

    Raises:
        FercurateError: mediapipe cannot be used.
    """

    def __init__(self, n: int, thorough: bool, least: float) -> None:
        from fercurate.detect.detector import Detector

        self._thorough, self._least = thorough, least
        self._detectors: SimpleQueue[Detector] = SimpleQueue()
        for _ in range(n):
            self._detectors.put(Detector())

    def __call__(self, path: Path) -> _Read:
        name = shown(path)
        try:
            if self._thorough:
                pixels, factor = read_photo(path), 1.0
            else:
                pixels, factor = read_small(path, SMALL)
        except ImageError as error:
            return _Read(name, reason=str(error))
        return self._cut(name, pixels, factor)

    def _cut(self, name: str, pixels: NDArray[np.uint8], factor: float) -> _Read:
        from fercurate.detect.framing import cut
        from fercurate.detect.quick import faces_in

        detector = self._detectors.get()
        try:
            if self._thorough:
                found = detector.in_photo(pixels, self._least)
            else:
                found = faces_in(detector, pixels, self._least)
        finally:
            self._detectors.put(detector)
        boxes = [face.moved(0, 0, factor).box for face in found]
        return _Read(name, [cut(pixels, face) for face in found], boxes)


def threads() -> int:
    """How many are quickest: one more than cores, as each waits for Python a part of its time."""
    return (os.cpu_count() or 1) + 1


def images(
    paths: Sequence[Path], read: Reader, classify: Classify, threads: int, *, crops: bool
) -> Generator[Image]:
    """The images in order, as they are done.

    Each thread takes a few images from reading to classifying: the decoders, the detector and
    onnxruntime all let other threads run meanwhile. Closed early, it waits for the images that
    are being looked at, not for the jobs that they are part of.
    """
    size = _CROPS_A_JOB if crops else _PHOTOS_A_JOB
    jobs = [paths[start : start + size] for start in range(0, len(paths), size)]
    ended = threading.Event()
    with ThreadPoolExecutor(threads) as pool:
        waiting: list[Future[list[Image]]] = []
        try:
            for job in jobs:
                waiting.append(pool.submit(_done, job, read, classify, ended))
                if len(waiting) > 4 * threads:
                    yield from waiting.pop(0).result()
            while waiting:
                yield from waiting.pop(0).result()
        finally:  # when Ctrl-C ends it, what has not begun is not begun
            ended.set()
            for future in waiting:
                future.cancel()


def _done(
    paths: Sequence[Path], read: Reader, classify: Classify, ended: threading.Event
) -> list[Image]:
    all_read = []
    for path in paths:
        if ended.is_set():
            return []
        all_read.append(read(path))
    faces = [face for one in all_read for face in one.faces]
    stacked = np.stack(faces) if faces else np.empty((0, 48, 48), np.uint8)
    shares = iter(classify(stacked).tolist())
    return [
        Image(
            one.file,
            tuple(
                Found(one.file, number, box, tuple(next(shares)))
                for number, box in enumerate(one.boxes, 1)
            ),
            one.reason,
        )
        for one in all_read
    ]


def shown(path: Path) -> str:
    """A path as text that can be printed, whatever bytes are in it."""
    return os.fsencode(path).decode("utf-8", "replace")
