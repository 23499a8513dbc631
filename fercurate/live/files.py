"""Videos in files: every frame, by the file's own clock."""

from __future__ import annotations

import contextlib
import math
import stat
import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

from fercurate.errors import InputError
from fercurate.images import is_image
from fercurate.live import content
from fercurate.live.decode import Device, open_address, quiet, rate_of, to_bgr
from fercurate.live.frame import Frame

_GUESSED_RATE = 30.0
"""Of a file that does not say."""

_MISSING = 0.1
"""Share of the promised frames that are missing from a file that is cut off..."""

_MISSING_SECONDS = 1.0
"""...and seconds: a few frames less are usual, their number is often an estimate."""

_DAMAGED = 10
"""Frames in a row that cannot be decoded and are passed over; after more the file is at its end."""


class VideoFile:
    """The frames of a file, one after the other, in the caller's thread; a `Source`.

    Time is the file's own (its presentation times, as `CAP_PROP_POS_MSEC` gives them), so that
    a variable frame rate is as it was. Where the file has no times, or times that go back, it
    is counted on at the file's rate. Grey and 16-bit videos come as 8-bit colour, turned
    upright as the file says; large ones stay as large as they are.

    Args:
        name: Of it in messages.
        address: Path, or address of a file behind http.
        loop: Whether to begin anew at the end; time and index go on.
        say: Is told when the file ends before it should.

    Raises:
        InputError: it is no video that can be read, or has no frame.
    """

    is_live = False

    def __init__(
        self,
        name: str,
        address: str,
        *,
        loop: bool = False,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._name, self._address, self._loop = name, address, loop
        self._say = say or (lambda text: None)
        self._silence = contextlib.ExitStack()
        self._silence.enter_context(quiet())
        self._index = -1
        self._time = 0.0
        self._in_pass = 0
        self._offset = 0.0
        self._device: Device | None = open_address(address)
        self._rate = rate_of(self._device)
        self._promised = self._length(self._device)
        self._ready: deque[Frame] = deque()
        try:
            self._begin()
        except BaseException:
            self.close()
            raise

    @property
    def name(self) -> str:
        return self._name

    @property
    def rate(self) -> float | None:
        return self._rate

    def read(self, timeout: float) -> Frame | None:
        """The next frame; as `ports.Source` says. It is decoded here, however long that takes.

        Raises:
            FercurateError: a frame is no picture.
        """
        if self._ready:
            return self._ready.popleft()
        frame = self._decoded()
        if frame is None and self._device is not None:
            self._look_at_the_end()
            frame = self._anew() if self._loop else None
        return frame

    def close(self) -> None:
        if self._device is not None:
            self._device.release()
            self._device = None
            self._silence.close()

    def _begin(self) -> None:
        """Decode the first frame; of what may be one picture and no more, the second one, too."""
        codec = self._codec()
        first = None if codec in content.TEXT_CODECS else self._decoded()
        if first is not None:
            self._ready.append(first)
            if not content.may_be_a_still(codec):
                return
            first = self._decoded()
            self._ready.extend([] if first is None else [first])
        if first is None:
            path = None if "://" in self._address else Path(self._address)
            raise content.no_video(self._name, path)

    def _codec(self) -> str:
        """Four letters."""
        import cv2

        number = 0 if self._device is None else int(self._device.get(cv2.CAP_PROP_FOURCC))
        return (number & 0xFFFFFFFF).to_bytes(4, "little").decode("latin-1")

    def _decoded(self) -> Frame | None:
        import cv2

        if self._device is None:
            return None
        found, image = self._device.read()
        tries = _DAMAGED if self._in_pass < self._promised else 0
        while tries and not found:
            found, image = self._device.read()
            tries -= 1
        if not found or image is None or image.size == 0:
            return None
        moment = self._device.get(cv2.CAP_PROP_POS_MSEC) / 1000 + self._offset
        step = 1 / (self._rate or _GUESSED_RATE)
        self._index += 1
        self._in_pass += 1
        is_first = self._in_pass == 1
        if is_first:
            self._offset += self._next_time() - moment
            moment = self._next_time()
        elif not (math.isfinite(moment) and moment > self._time):
            moment = self._time + step
        self._time = moment
        return Frame(to_bgr(image), moment, self._index, time.perf_counter())

    def _next_time(self) -> float:
        """Of the first frame of a pass through the file."""
        return self._time + 1 / (self._rate or _GUESSED_RATE) if self._index > 0 else 0.0

    def _anew(self) -> Frame | None:
        if self._device is not None:
            self._device.release()
        self._device = open_address(self._address)
        self._in_pass, self._offset = 0, 0.0
        self._promised = 0.0
        return self._decoded()

    def _length(self, device: Device) -> float:
        """Frames that it should have, 0 where it does not say."""
        import cv2

        promised = float(device.get(cv2.CAP_PROP_FRAME_COUNT))
        return promised if math.isfinite(promised) and promised > 0 else 0.0

    def _look_at_the_end(self) -> None:
        """Say so where the file ends too early by its number of frames and by its time."""
        seconds = self._promised / (self._rate or _GUESSED_RATE)
        if (
            self._in_pass < (1 - _MISSING) * self._promised
            and self._time < seconds - max(_MISSING_SECONDS, _MISSING * seconds)
        ):  # fmt: skip
            self._say(
                f"{self._name} ends at second {self._time:.1f} of {seconds:.1f}: it is cut off or "
                "damaged there. What came before is analysed."
            )


def open_file(
    spec: str, *, loop: bool = False, say: Callable[[str], None] | None = None
) -> VideoFile:
    """A video file by its path.

    Args:
        spec: Path.
        loop: Whether to begin anew at the end.
        say: Is told when the file ends before it should.

    Raises:
        InputError: there is no such file, it may not be read, or it is no video.
    """
    if not spec:
        raise InputError(
            "No source was named.", "Give a video's path, or a camera's number, such as 0."
        )
    path = Path(spec).expanduser()
    _check(path)
    return VideoFile(path.name, str(path.absolute()), loop=loop, say=say)


def _check(path: Path) -> None:
    try:
        moves = path.suffix.lower() == ".gif"  # maybe: its content tells
        if path.is_dir() or (is_image(path.name) and not moves):
            what = "a folder" if path.is_dir() else "a still image"
            raise InputError(
                f"{path} is {what}, and live reads videos.",
                f"For images: fercurate predict {_quoted(path)}",
            )
        mode = path.stat().st_mode
        if not stat.S_ISREG(mode):
            raise InputError(
                f"{path} is no file, but a pipe, a socket or a device.",
                "Give a video's path, or a camera's number, such as 0.",
            )
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except FileNotFoundError as error:
        raise InputError(
            f"There is no file {path}.", "Give a video's path, or a camera's number, such as 0."
        ) from error
    except OSError as error:
        raise InputError(
            f"{path} cannot be read: {error.strerror or error}.", "Choose another file."
        ) from error
    if is_empty:
        raise InputError(f"{path} is empty.", "Copy or record it again.")
    if content.is_still(content.head_of(path)):
        raise content.no_video(path.name, path)
    if content.is_list(content.head_of(path)):
        raise InputError(f"{path} is a list of videos.", "Give one of them.")


def _quoted(path: Path | str) -> str:
    import shlex

    return shlex.quote(str(path))


def is_finite(device: Device) -> bool:
    """Whether what is behind an address has a known length, as a file has and a camera has not."""
    import cv2

    frames = float(device.get(cv2.CAP_PROP_FRAME_COUNT))
    return math.isfinite(frames) and frames > 1
