"""What is common to all of OpenCV's readers: silence, time limits, and one kind of picture."""

from __future__ import annotations

import contextlib
import math
import os
import threading
from collections.abc import Callable, Iterator
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import FercurateError

if TYPE_CHECKING:
    import cv2

Image = NDArray[np.uint8]

OPEN_SECONDS = 10.0
"""That opening a stream may take."""

STALL_SECONDS = 5.0
"""Without a frame, after which a stream is opened anew."""

_FASTEST = 1000.0


class Device(Protocol):
    """What is used of `cv2.VideoCapture`."""

    def isOpened(self) -> bool: ...

    def read(self) -> tuple[bool, Any]: ...

    def get(self, what: int, /) -> float: ...

    def release(self) -> None: ...


class _Silence:
    """OpenCV's log level is one for the process: the last who needs silence ends it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._users = 0
        self._restore: Callable[[], object] = int

    def begin(self) -> None:
        from cv2.utils import logging

        with self._lock:
            if self._users == 0:
                # FFmpeg's own level is read when OpenCV first uses it; -8 is AV_LOG_QUIET
                os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
                self._restore = partial(logging.setLogLevel, logging.getLogLevel())
                logging.setLogLevel(logging.LOG_LEVEL_SILENT)
            self._users += 1

    def end(self) -> None:
        with self._lock:
            self._users -= 1
            if self._users == 0:
                self._restore()


_SILENCE = _Silence()


@contextlib.contextmanager
def quiet() -> Iterator[None]:
    """Keep what OpenCV and FFmpeg have to say off stderr meanwhile: it is said in our words."""
    _SILENCE.begin()
    try:
        yield
    finally:
        _SILENCE.end()


def open_address(address: str) -> cv2.VideoCapture:
    """A file or stream through FFmpeg, turned upright as its file says; may not be open.

    Opening and reading of what comes over a network give up after `OPEN_SECONDS` and
    `STALL_SECONDS`.
    """
    import cv2

    device = cv2.VideoCapture(
        address,
        cv2.CAP_FFMPEG,
        [
            cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
            round(1000 * OPEN_SECONDS),
            cv2.CAP_PROP_READ_TIMEOUT_MSEC,
            round(1000 * STALL_SECONDS),
        ],
    )
    # some of OpenCV's builds do not by themselves: a phone's faces lie on their side then
    device.set(cv2.CAP_PROP_ORIENTATION_AUTO, 1)
    return device


def rate_of(device: Device) -> float | None:
    """Frames a second, None where it does not say, or says nonsense (0, NaN, 90,000)."""
    import cv2

    rate = float(device.get(cv2.CAP_PROP_FPS))
    return rate if math.isfinite(rate) and 0 < rate <= _FASTEST else None


def to_bgr(image: NDArray[Any]) -> Image:
    """Any picture that a reader may give as uint8 [H, W, 3], blue, green, red.

    Args:
        image: uint8 or uint16, [H, W], or [H, W, C] with one, three or four channels. 16-bit
            values are divided by 257, the last of four channels is left out.

    Raises:
        FercurateError: it is something else.
    """
    if image.dtype == np.uint16:
        image = (image // 257).astype(np.uint8)
    if image.ndim == 2:
        image = image[:, :, None]
    if image.dtype != np.uint8 or image.ndim != 3 or image.shape[2] not in (1, 3, 4):
        raise FercurateError(
            f"A frame is {image.dtype} of shape {image.shape}, which is no picture.",
            "Convert the video: ffmpeg -i IN -pix_fmt yuv420p OUT.mp4",
        )
    if image.shape[2] == 1:
        return np.repeat(image, 3, axis=2)
    return np.ascontiguousarray(image[:, :, :3])
