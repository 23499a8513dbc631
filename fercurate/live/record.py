"""A recording of a session: MP4 at a constant rate, whatever the times of its frames."""

from __future__ import annotations

import contextlib
import os
import queue
import shutil
import threading
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from fercurate.errors import FercurateError, InputError
from fercurate.live.decode import Image, quiet
from fercurate.live.frame import Result
from fercurate.live.stats import Stats
from fercurate.live.targets import claim

if TYPE_CHECKING:
    import cv2

CODECS = ("avc1", "mp4v")
"""H.264 where this OpenCV has an encoder for it, which those from PyPI have not; else MPEG-4."""

_LIVE_RATE = 30.0
_LONGEST_REST = 2.0
"""Seconds of a live source without a frame (paused, lost) that are recorded; the rest is cut."""

_LONGEST_GAP = 60.0
"""The same for a file; times that jump further are its fault, and would fill the disk."""

_WAITING = 4
"""Frames that may wait for the encoder."""

_FULL = 64 << 20
"""Bytes that are left on the disk for others: OpenCV does not tell when it is full."""


class Recorder:
    """Draws and encodes in a thread of its own; a `Sink`.

    Each picture of the recording is the newest one at its time: where frames come more seldom
    than its rate they are repeated, where they come more often they are left out. A file's
    frames wait for the encoder, a live source's do not: the one before is repeated then. The
    file has another name until it is finished. A picture of another size than the first one's
    is laid into it; of odd sizes a pixel is cut off.

    Args:
        path: Of the file, ending in .mp4.
        draw: Makes the picture of a result, uint8 [H, W, 3]; None records the frame as it is.
        rate: Of the source, frames a second; the recording gets it where it is 1 to 120.
        is_live: Whether the source is.

    Raises:
        InputError: the file is there already, or cannot be written.
    """

    def __init__(
        self,
        path: Path,
        draw: Callable[[Result], Image] | None,
        rate: float | None,
        *,
        is_live: bool,
    ) -> None:
        check(path)
        self._path, self._draw, self._is_live = path, draw, is_live
        self._rate = rate if rate is not None and 1 <= rate <= 120 else _LIVE_RATE
        self._error: FercurateError | None = None
        self._waiting: queue.Queue[Result | None] = queue.Queue(_WAITING)
        self._thread = threading.Thread(target=self._run, daemon=True, name="live-record")
        self._thread.start()

    def take(self, result: Result, stats: Stats) -> None:
        """As `ports.Sink` says; of a file it waits for the encoder.

        Raises:
            FercurateError: the disk is full, or this OpenCV cannot write the file.
        """
        if self._error is not None:
            raise self._error
        with contextlib.suppress(queue.Full):
            self._waiting.put(result, block=not self._is_live)

    def idle(self) -> None:
        pass

    def close(self) -> None:
        """Finish the file and give it its name.

        Raises:
            FercurateError: it could not be written to its end.
        """
        self._waiting.put(None)
        self._thread.join()
        if self._error is not None:
            error, self._error = self._error, None
            raise error

    def _run(self) -> None:
        film = _Film(self._path, self._rate, _LONGEST_REST if self._is_live else _LONGEST_GAP)
        try:
            with quiet():
                self._encode(film)
                film.finish()
        except FercurateError as error:
            self._error = error
        except Exception as error:
            self._error = FercurateError(f"{self._path} cannot be written: {error}.")
        finally:
            with contextlib.suppress(OSError):
                film.drop()
            while self._error is not None and self._waiting.get() is not None:
                pass  # whoever waits for a place goes on, and is told at the next frame

    def _encode(self, film: _Film) -> None:
        while (result := self._waiting.get()) is not None:
            image = result.frame.image if self._draw is None else self._draw(result)
            film.show(image, result.frame.time)


class _Film:
    """A video file at a constant rate; shows each picture until the next one's time."""

    def __init__(self, path: Path, rate: float, longest_rest: float) -> None:
        self._path, self._rate, self._longest_rest = path, rate, longest_rest
        self._beside = path.with_name(f".{path.stem}.{os.getpid()}{path.suffix}")
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)
        self._shown: Image | None = None
        self._start = self._last = 0.0
        self._written = 0

    def show(self, image: Image, time: float) -> None:
        """From a time on, in seconds; one that is no later than the one before takes its place."""
        if self._shown is None:
            self._open(image)
            self._start = self._last = time
        rest = time - self._last
        self._start += rest - min(max(rest, 0.0), self._longest_rest)
        self._last = time
        self._write_until(round((time - self._start) * self._rate))
        self._shown = image

    def finish(self) -> None:
        """Write the last picture and give the file its name; without a picture there is none."""
        if self._writer is None:
            return
        self._write_until(self._written + 1)
        self._writer.release()
        self._writer = None
        self._beside.replace(self._path)

    def drop(self) -> None:
        """Remove what is not finished."""
        if self._writer is not None:
            self._writer.release()
            self._writer = None
        self._beside.unlink(missing_ok=True)

    def _open(self, image: Image) -> None:
        import cv2

        height, width = image.shape[:2]
        self._size = max(2, width // 2 * 2), max(2, height // 2 * 2)
        for codec in CODECS:
            writer = cv2.VideoWriter(
                str(self._beside), cv2.CAP_FFMPEG, cv2.VideoWriter.fourcc(*codec), self._rate,
                self._size,
            )  # fmt: skip
            if writer.isOpened():
                self._writer = writer
                return
            writer.release()
        raise FercurateError(
            f"This OpenCV cannot write {self._path.name}.",
            "Install the one that fercurate asks for: pip install opencv-contrib-python==4.11.0.86",
        )

    def _write_until(self, count: int) -> None:
        if self._shown is None or self._writer is None or self._written >= count:
            return
        fitted = fit(self._shown, self._size)
        while self._written < count:
            if self._written % 32 == 0 and shutil.disk_usage(self._path.parent).free < _FULL:
                self.finish_early()
                raise FercurateError(
                    f"The disk of {self._path} is full; the recording ends there.",
                    "Make room, or choose another disk.",
                )
            self._writer.write(fitted)
            self._written += 1

    def finish_early(self) -> None:
        """Keep what is written."""
        if self._writer is not None and self._written:
            self._writer.release()
            self._writer = None
            self._beside.replace(self._path)


def check(path: Path) -> None:
    """Whether a recording may be made.

    Raises:
        InputError: the file is there already, or cannot be written. A recording cannot be made
            a second time, so that none is overwritten.
    """
    if path.exists():
        raise InputError(
            f"{path} is there already, and a recording is not overwritten.",
            "Give it another name, or remove it first.",
        )
    claim(path)


def fit(image: Image, size: tuple[int, int]) -> Image:
    """A picture in a frame of another size, its shape kept, in the middle of black.

    Args:
        image: uint8 [H, W, 3].
        size: Width and height; one that is smaller by a pixel is cut out.

    Returns:
        uint8 [height, width, 3].
    """
    import cv2

    width, height = size
    have_height, have_width = image.shape[:2]
    if 0 <= have_width - width <= 1 and 0 <= have_height - height <= 1:
        return np.ascontiguousarray(image[:height, :width])
    scale = min(width / have_width, height / have_height)
    inner = max(1, round(have_width * scale)), max(1, round(have_height * scale))
    framed = np.zeros((height, width, 3), np.uint8)
    left, top = (width - inner[0]) // 2, (height - inner[1]) // 2
    small = cv2.resize(image, inner, interpolation=cv2.INTER_AREA)
    framed[top : top + inner[1], left : left + inner[0]] = small
    return framed
