"""A screen without a monitor: Xvfb, its picture, and keys by xdotool."""

from __future__ import annotations

import contextlib
import ctypes
import os
import shutil
import struct
import subprocess
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from waiting import until

_is_missing = not (shutil.which("Xvfb") and shutil.which("xdotool"))


def needs_screen(test: Callable[..., None]) -> Callable[..., None]:
    """Skipped where there is no screen; alone, since a window of Qt stays black now and then."""
    skipped = pytest.mark.skipif(_is_missing, reason="no Xvfb or no xdotool")(test)
    return pytest.mark.alone(skipped)  # type: ignore[no-any-return]


class _ClientMessage(ctypes.Structure):
    """XClientMessageEvent of X11/Xlib.h, as large as an XEvent."""

    _fields_ = (
        ("type", ctypes.c_int),
        ("serial", ctypes.c_ulong),
        ("send_event", ctypes.c_int),
        ("display", ctypes.c_void_p),
        ("window", ctypes.c_ulong),
        ("message_type", ctypes.c_ulong),
        ("format", ctypes.c_int),
        ("data", ctypes.c_long * 17),
    )


@dataclass(frozen=True)
class Screen:
    """`name` is for DISPLAY; `folder` holds the picture."""

    name: str
    folder: Path

    def xdotool(self, *words: str) -> str:
        environment = {**os.environ, "DISPLAY": self.name}
        done = subprocess.run(["xdotool", *words], env=environment, capture_output=True, text=True)
        return done.stdout.strip()

    def wait_for_window(self, title: str) -> str:
        """Its number, as soon as it is there."""
        found = ""

        def is_there() -> bool:
            nonlocal found
            found = self.xdotool("search", "--onlyvisible", "--name", title)
            return bool(found)

        until(is_there, step=0.1)
        return found.splitlines()[-1]

    def press(self, window: str, *keys: str, heard: Path | None = None) -> None:
        """Keys by X's names, such as plus.

        OpenCV keeps the last key alone, so more than one wait for each other.

        Args:
            window: Its number.
            keys: In turn.
            heard: Where the window's program writes the lowest byte of each key, a line each.
        """
        self.xdotool("windowfocus", "--sync", window)
        for key in keys:
            before = len(_lines(heard))
            self.xdotool("key", key)
            if heard is not None:
                low = str(_LOWEST.get(key) or ord(key.lower()))
                until(lambda before=before, low=low: low in _lines(heard)[before:])

    def cross(self, window: str) -> None:
        """What a window manager sends when a window's x is pressed; Xvfb has none."""
        x11 = ctypes.CDLL("libX11.so.6")
        x11.XOpenDisplay.restype = ctypes.c_void_p
        x11.XInternAtom.restype = ctypes.c_ulong
        x11.XInternAtom.argtypes = (ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int)
        x11.XSendEvent.argtypes = (
            ctypes.c_void_p, ctypes.c_ulong, ctypes.c_int, ctypes.c_long, ctypes.c_void_p,
        )  # fmt: skip
        x11.XCloseDisplay.argtypes = (ctypes.c_void_p,)
        display = x11.XOpenDisplay(self.name.encode())
        protocols, delete = (
            x11.XInternAtom(display, name, 0) for name in (b"WM_PROTOCOLS", b"WM_DELETE_WINDOW")
        )
        message = _ClientMessage(33, 0, 1, display, int(window), protocols, 32)
        message.data[0] = delete
        x11.XSendEvent(display, int(window), 0, 0, ctypes.byref(message))
        x11.XCloseDisplay(display)

    def picture(self) -> NDArray[np.uint8]:
        """uint8 [H, W, 3], blue, green, red."""
        data = (self.folder / "Xvfb_screen0").read_bytes()
        header = struct.unpack(">25I", data[:100])  # XWD: X11/XWDFile.h
        start = header[0] + 12 * header[19]
        width, height, row = header[4], header[5], header[12]
        rows = np.frombuffer(data, np.uint8, row * height, start).reshape(height, row)
        return rows[:, : 4 * width].reshape(height, width, 4)[:, :, :3].copy()


_LOWEST = {"Left": 0x51, "Right": 0x53, "KP_Add": ord("+"), "minus": ord("-"), "Escape": 0x1B}
"""The lowest byte of OpenCV's number of a key, by X's name."""


def _lines(path: Path | None) -> list[str]:
    return path.read_text().split() if path is not None and path.exists() else []


@contextlib.contextmanager
def screen(folder: Path, size: str = "1400x900") -> Iterator[Screen]:
    """Xvfb on a number that is free."""
    read, write = os.pipe()
    command = ["Xvfb", "-displayfd", str(write), "-screen", "0", f"{size}x24"]
    # without -noreset it begins anew, and throws out who is just coming, when its last client goes
    command += ["-fbdir", str(folder), "-nolisten", "tcp", "-noreset"]
    with subprocess.Popen(command, pass_fds=(write,), stderr=subprocess.DEVNULL) as server:
        os.close(write)
        try:
            with os.fdopen(read) as told:
                number = told.readline().strip()
            yield Screen(f":{number}", folder)
        finally:
            server.terminate()
