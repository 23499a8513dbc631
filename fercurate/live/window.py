"""The view in a window of OpenCV's."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import TYPE_CHECKING

import numpy as np

from fercurate.errors import FercurateError, first_line
from fercurate.live.draw import overlay
from fercurate.live.look import look_of

if TYPE_CHECKING:
    from fercurate.live.controls import Controls
    from fercurate.live.frame import Result
    from fercurate.live.stats import Stats
    from fercurate.live.text import Image

MOST_ROWS = 1080
"""Larger frames are shown at this height; they are analysed as they are."""

_FIRST_SIZE = 1280, 720
"""Most that a new window takes of the screen; it can be drawn larger."""

_ESCAPE = 27
_KEYPAD = MappingProxyType({0xFFAB: "+", 0xFFAD: "-"})
"""Of X11: XK_KP_Add and XK_KP_Subtract."""

_BROWSER = "Or see it in the browser: --view browser"


def obstacle() -> FercurateError | None:
    """Why no window can be opened here, and what to do; None where one can.

    To be asked before a window is opened: Qt ends the whole process where it finds no display.
    """
    try:
        import cv2
    except ImportError as error:
        return FercurateError(f"OpenCV cannot be imported: {error}", "fercurate doctor says more.")
    toolkit = cv2.currentUIFramework() if hasattr(cv2, "currentUIFramework") else ""
    if not toolkit:
        return FercurateError(
            "This OpenCV cannot open windows: another package put its headless build in place.",
            (
                "Put the right one back: pip uninstall -y opencv-python-headless && "
                "pip install --force-reinstall --no-deps 'opencv-contrib-python<5'",
                _BROWSER,
            ),
        )
    if not sys.platform.startswith("linux"):
        return None
    display = os.environ.get("DISPLAY", "")
    if not display:
        wayland = bool(os.environ.get("WAYLAND_DISPLAY"))
        why = " (OpenCV's windows need X11, Wayland's XWayland say)" if wayland else ""
        return FercurateError(
            f"There is no display: DISPLAY is not set{why}.",
            ("Over ssh, a display comes with: ssh -X", _BROWSER),
        )
    return (
        None if _answers() else FercurateError(f"The display {display} does not answer.", _BROWSER)
    )


def _answers() -> bool:
    """Whether the X server lets us in."""
    try:
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError:
        return False  # Qt needs it as well
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connect.argtypes = (ctypes.c_char_p, ctypes.POINTER(ctypes.c_int))
    xcb.xcb_connection_has_error.argtypes = (ctypes.c_void_p,)
    xcb.xcb_disconnect.argtypes = (ctypes.c_void_p,)
    connection = xcb.xcb_connect(None, None)
    failed = bool(xcb.xcb_connection_has_error(connection))
    xcb.xcb_disconnect(connection)
    return not failed


class Window:
    """Shows results, and passes keys on; a `Sink`.

    To be made and used in the process's main thread, as all toolkits want it.

    Args:
        title: Of the window.
        controls: Take the keys; closing the window is "q".
        classes: The model's, in order.

    Raises:
        FercurateError: no window can be opened.
    """

    def __init__(self, title: str, controls: Controls, classes: Sequence[str]) -> None:
        reason = obstacle()
        if reason is not None:
            raise reason
        self._title, self._controls, self._classes = title, controls, classes
        self._last: tuple[Result, Stats] | None = None
        self._shown: object = None
        self._sides: dict[int, int] = {}
        self._is_open = False

    def take(self, result: Result, stats: Stats) -> None:
        self._last = _shrunk(result), stats
        self._show()
        self._listen()

    def idle(self) -> None:
        if self._last is not None and self._shown != look_of(self._controls, self._classes):
            self._show()
        self._listen()

    def close(self) -> None:
        import cv2

        if self._is_open:
            cv2.destroyAllWindows()
            cv2.waitKey(1)  # or it stays until the process ends
            self._is_open = False

    def _show(self) -> None:
        import cv2

        if self._last is None or self._is_closed():
            return
        look = look_of(self._controls, self._classes)
        image = overlay(self._last[0], look, self._last[1], self._sides)
        if not self._is_open:
            self._open(image)
        cv2.imshow(self._title, image)
        self._shown = look

    def _open(self, image: Image) -> None:
        import cv2

        quiet_qt()
        try:
            cv2.namedWindow(
                self._title, cv2.WINDOW_NORMAL | cv2.WINDOW_KEEPRATIO | cv2.WINDOW_GUI_NORMAL
            )
        except cv2.error as error:
            raise FercurateError(f"No window opens: {first_line(error)}", _BROWSER) from error
        height, width = image.shape[:2]
        scale = min(1.0, _FIRST_SIZE[0] / width, _FIRST_SIZE[1] / height)
        cv2.resizeWindow(self._title, round(width * scale), round(height * scale))
        self._is_open = True

    def _listen(self) -> None:
        import cv2

        if not self._is_open:
            return
        # the arrow to the left ends in the byte of Q, and the one to the right in that of S
        code = cv2.waitKeyEx(1)
        if code & 0xFF == _ESCAPE:
            self._controls.press("q")
        elif code & 0xFF00 == 0:
            self._controls.press(chr(code & 0xFF))
        elif code & 0xFFFF in _KEYPAD:
            self._controls.press(_KEYPAD[code & 0xFFFF])
        self._is_closed()

    def _is_closed(self) -> bool:
        """Whether its x was pressed; then it is not to be opened anew."""
        import cv2

        if not self._is_open:
            return self._controls.quit.is_set()
        try:
            closed = cv2.getWindowProperty(self._title, cv2.WND_PROP_VISIBLE) < 1
        except cv2.error:
            closed = True
        if closed:
            self._is_open = False
            self._controls.quit.set()
        return closed


def quiet_qt() -> None:
    """Keep Qt's warnings, of fonts say, off the terminal, and have it use the plugin it has."""
    if not sys.platform.startswith("linux"):
        return
    os.environ.setdefault("QT_LOGGING_RULES", "*.warning=false")
    os.environ["QT_QPA_PLATFORM"] = "xcb"  # OpenCV's wheel has no other, whatever the desktop says


def _shrunk(result: Result) -> Result:
    """A result as if its frame had had `MOST_ROWS` rows at most."""
    import cv2

    height, width = result.frame.image.shape[:2]
    if height <= MOST_ROWS:
        return result
    scale = MOST_ROWS / height
    size = round(width * scale), MOST_ROWS
    image = cv2.resize(result.frame.image, size, interpolation=cv2.INTER_AREA)
    faces = tuple(replace(one, face=one.face.moved(0, 0, scale)) for one in result.faces)
    return replace(
        result, frame=replace(result.frame, image=np.asarray(image, np.uint8)), faces=faces
    )
