"""The browser's own camera as a source: the page sends frames, the newest one waits here."""

from __future__ import annotations

import io
import math
import threading
import time
from collections.abc import Callable
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from fercurate.live.frame import Frame
from fercurate.live.page.limits import BadMessage

if TYPE_CHECKING:
    from PIL.JpegImagePlugin import JpegImageFile

MOST_PIXELS = 16_000_000
"""Larger pictures are refused before they are decoded."""

_JPEG = b"\xff\xd8\xff"
_DRIFT = 5.0
"""Seconds that the page's clock may be away from ours before it is set anew."""

STATES = MappingProxyType(
    {
        "on": "the page's camera is on",
        "off": "the page's camera is off; start it on the page",
        "asked": "the page asks for its camera; allow it there",
        "denied": "the browser was told to keep its camera to itself; allow it in the address bar",
        "missing": "the browser found no camera",
        "busy": "another program holds the browser's camera",
        "ended": "the browser's camera went away; plug it in and start it on the page",
        "hidden": "the page is hidden, so its camera rests",
        "gone": "the page went away; waiting for it to come back",
        "waiting": "waiting for the page's camera: open the link and start it there",
    }
)
"""What a page can say of its camera, and what we say to people."""


class BrowserSource:
    """Keeps the newest frame that the page has sent; a `Source`. Any thread may use it.

    Args:
        say: Told each new state, in words; called in the server's thread.
    """

    def __init__(self, say: Callable[[str], None] | None = None) -> None:
        self._say = say
        self._new = threading.Condition()
        self._newest: tuple[bytes, float, int] | None = None
        self._index = -1
        self._began: float | None = None
        self._shift = 0.0
        self._last = 0.0
        self._state = "waiting"
        self._is_closed = False

    @property
    def name(self) -> str:
        return "the page's camera"

    @property
    def is_live(self) -> bool:
        return True

    @property
    def rate(self) -> float | None:
        return None

    @property
    def state(self) -> str:
        """How the camera stands, in words."""
        return STATES[self._state]

    @property
    def code(self) -> str:
        """The same as a key of `STATES`."""
        return self._state

    def tell(self, state: str) -> None:
        """The page says how its camera stands.

        Args:
            state: A key of `STATES`.
        """
        with self._new:
            changed, self._state = self._state != state, state
            if state != "on":
                self._newest = None  # what was seen before is over
        if changed and self._say is not None:
            self._say(self.state)

    def offer(self, data: bytes, stamp: float) -> int:
        """A frame came; it takes the place of the one before.

        Args:
            data: A JPEG.
            stamp: The page's clock, milliseconds.

        Returns:
            Its index, as `Frame` has it.

        Raises:
            BadMessage: it is none, or too large.
        """
        check(data)
        if not math.isfinite(stamp):
            raise BadMessage(1007, "no time")
        now = time.monotonic()
        with self._new:
            if self._began is None:
                self._began = now
            ours, theirs = now - self._began, stamp / 1000
            if self._index < 0 or abs(theirs + self._shift - ours) > _DRIFT:
                self._shift = ours - theirs  # another browser, or its clock was set
            self._index += 1
            self._last = max(self._last + 1e-3 * (self._index > 0), theirs + self._shift)
            self._newest = data, self._last, self._index
            self._new.notify()
            return self._index

    def read(self, timeout: float) -> Frame | None:
        end = time.monotonic() + timeout
        while True:
            with self._new:
                self._new.wait_for(
                    lambda: self._newest is not None or self._is_closed,
                    max(0.0, end - time.monotonic()),
                )
                if self._is_closed:
                    return None
                if self._newest is None:
                    raise TimeoutError(self.state)
                data, stamp, index = self._newest
                self._newest = None
            image = decode(data)
            if image is not None:
                return Frame(image, stamp, index, time.perf_counter())

    def close(self) -> None:
        with self._new:
            self._is_closed = True
            self._newest = None
            self._new.notify_all()


def check(data: bytes) -> None:
    """Refuse what is no JPEG, or a huge one; only its header is read.

    Raises:
        BadMessage: it is.
    """
    if not data.startswith(_JPEG):
        raise BadMessage(1003, "no JPEG")
    try:
        with _opened(data) as image:
            width, height = image.size
    except Exception:  # Pillow's reader raises many kinds, and the bytes may be anything
        raise BadMessage(1003, "no JPEG") from None
    if width * height > MOST_PIXELS:
        raise BadMessage(1009, "too many pixels")


def decode(data: bytes) -> NDArray[np.uint8] | None:
    """uint8 [H, W, 3], blue, green, red, of a JPEG that was checked; None for a damaged one.

    Pillow reads what Pillow has checked: two readers may see two sizes.
    """
    try:
        with _opened(data) as image:
            pixels = np.asarray(image.convert("RGB"))
    except Exception:  # as above
        return None
    return np.ascontiguousarray(pixels[:, :, ::-1])


def _opened(data: bytes) -> JpegImageFile:
    """The one reader that frames need; `Image.open` would also warn of large ones."""
    from PIL.JpegImagePlugin import JpegImageFile

    return JpegImageFile(io.BytesIO(data))
