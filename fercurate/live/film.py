"""A video file whose frames can be played from the moment that they are written.

MP4 in fragments, one a frame (ISO/IEC 14496-12, section 8.8): each says where its frame lies,
so that a file that ends anywhere plays up to there. At the end FFmpeg's muxer makes an ordinary
MP4 of it (`hybrid_fragmented`), in which a player can jump.
"""

from __future__ import annotations

import contextlib
import shutil
from fractions import Fraction
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, Final

import numpy as np

from fercurate import outputs
from fercurate.errors import FercurateError
from fercurate.live.decode import Image

if TYPE_CHECKING:
    from av import VideoFrame, VideoStream
    from av.container import OutputContainer

CODEC: Final = "libx264"

_TICKS = 90_000
"""In a second: times are written in these, as MPEG does."""

_LEAST = _TICKS // 1000
"""Between two frames: players pass over what is closer."""

_MUXER = {
    "movflags": "hybrid_fragmented+frag_every_frame+default_base_moof",
    "flush_packets": "1",
    "video_track_timescale": str(_TICKS),
}
_ENCODER = {"preset": "ultrafast", "tune": "zerolatency", "crf": "23"}
"""The cheapest: some 4 ms of one core a frame at 1280x720, where `veryfast` takes twice that."""

_SMPTE170M, _LIMITED = 6, 1
"""What OpenCV's I420 is: BT.601 in 16 to 235. Left unsaid, browsers take large ones for BT.709."""

_RESERVE = 64 << 20
"""Bytes that are left on the disk for others, and for the index that is written at the end."""


class Film:
    """A video of frames at their own times; the file is made with the first one.

    A picture of another size than the first one's is laid into it; of odd sizes a pixel is cut
    off.

    Args:
        path: Of the file, ending in .mp4.
        rate: Frames a second that are likely, for the last one's length.
        longest_rest: Seconds between two frames; what is more is cut out of the time.
        force: Whether a file that is there is replaced.
    """

    def __init__(self, path: Path, rate: float, longest_rest: float, *, force: bool) -> None:
        self._path, self._rate, self._longest_rest = path, rate, longest_rest
        self._force = force
        self._file: _File | None = None
        self._container: OutputContainer | None = None
        self._stream: VideoStream
        self._size = (0, 0)
        self._start = self._last = 0.0
        self._tick = -_LEAST
        self._written = 0

    def show(self, image: Image, time: float) -> None:
        """Write a frame.

        Args:
            image: uint8 [H, W, 3], blue, green, red.
            time: Of it, seconds; where it is no later than the one before it follows at once.

        Raises:
            FercurateError: the disk is full, or this PyAV cannot write H.264. What was written
                until then is kept.
        """
        if self._container is None:
            self._open(image, time)
        rest = time - self._last
        self._start += rest - min(max(rest, 0.0), self._longest_rest)
        self._last = time
        self._tick = max(round((time - self._start) * _TICKS), self._tick + _LEAST)
        if self._written % 32 == 0 and shutil.disk_usage(self._path.parent).free < _RESERVE:
            self.finish()
            raise self._full()
        self._encode(self._frame(image))
        self._written += 1

    def finish(self) -> None:
        """Make an ordinary MP4 of it; without a frame there is no file.

        Raises:
            FercurateError: the disk is full. What was written until then is kept.
        """
        if self._container is None:
            return
        container, self._container = self._container, None
        try:
            if self._written:
                self._mux(container, self._stream.encode(None))
            container.close()
        except OSError as error:
            raise self._broken(error) from error
        finally:
            self._let_go(container)

    def drop(self) -> None:
        """Close the file as it is, after an error; what was written is kept."""
        if self._container is not None:
            container, self._container = self._container, None
            self._let_go(container)

    def _open(self, image: Image, time: float) -> None:
        import av

        height, width = image.shape[:2]
        self._size = max(2, width // 2 * 2), max(2, height // 2 * 2)
        self._start = self._last = time
        try:
            av.codec.Codec(CODEC, "w")
        except ValueError as error:
            raise FercurateError(
                f"This PyAV cannot write {self._path.name}: it has no {CODEC}.",
                "Install the one from PyPI: pip install --force-reinstall av",
            ) from error
        self._file = _File(outputs.create(self._path, "record", force=self._force))
        self._container = av.open(self._file, "w", format="mp4", options=_MUXER)
        rate = Fraction(self._rate).limit_denominator(1001)
        stream = self._container.add_stream(CODEC, rate=rate)
        stream.width, stream.height = self._size
        stream.pix_fmt = "yuv420p"
        context: Any = stream.codec_context
        context.time_base = Fraction(1, _TICKS)
        context.thread_count = 1  # the analysis needs the other cores
        context.gop_size = max(1, round(2 * self._rate))
        context.colorspace = context.color_primaries = context.color_trc = _SMPTE170M
        context.color_range = _LIMITED
        context.options = _ENCODER
        self._stream = stream

    def _frame(self, image: Image) -> VideoFrame:
        import av
        import cv2

        planes: Any = cv2.cvtColor(fit(image, self._size), cv2.COLOR_BGR2YUV_I420)
        frame = av.VideoFrame.from_ndarray(planes, format="yuv420p")
        frame.colorspace, frame.color_range = _SMPTE170M, _LIMITED
        frame.pts, frame.time_base = self._tick, Fraction(1, _TICKS)
        return frame

    def _encode(self, frame: VideoFrame) -> None:
        container = self._container
        if container is None:
            return
        try:
            self._mux(container, self._stream.encode(frame))
        except OSError as error:
            self.drop()
            raise self._broken(error) from error

    def _mux(self, container: OutputContainer, packets: list[Any]) -> None:
        for packet in packets:
            packet.duration = round(_TICKS / self._rate)  # the last frame's; others end at the next
            container.mux(packet)
            if self._file is not None:
                self._file.mark()

    def _let_go(self, container: OutputContainer) -> None:
        if self._file is not None:
            self._file.close()  # from here on nothing is written: no half of an index
        with contextlib.suppress(Exception):
            container.close()

    def _broken(self, error: OSError) -> FercurateError:
        return FercurateError(
            f"{self._path} cannot be written any more: {error.strerror or error}. "
            "The recording ends there; what was written can be played.",
            "Make room, or choose another disk.",
        )

    def _full(self) -> FercurateError:
        return FercurateError(
            f"The disk of {self._path} is full; the recording ends there.",
            "Make room, or choose another disk.",
        )


class _File:
    """What PyAV writes to.

    After an error nothing more is written, or half an index would be pointed to, and what is
    behind the last whole frame is cut off.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self.name = ""
        self._is_over = False
        self._whole = 0

    def mark(self) -> None:
        """All that is written by now is whole."""
        self._whole = self._file.tell()

    def write(self, data: Any) -> int:
        if self._is_over:
            raise OSError("closed")
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError:
            self._is_over = True
            with contextlib.suppress(OSError):
                self._file.truncate(self._whole)
            raise
        return len(data)

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def tell(self) -> int:
        return self._file.tell()

    def close(self) -> None:
        self._is_over = True
        self._file.close()


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
