"""What a source is called on the command line, and what it is: a camera, a file or a stream."""

from __future__ import annotations

import os
import re
import socket
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING

from fercurate.errors import InputError, first_line
from fercurate.live.address import SCHEMES, no_file, parsed, public_name, seems_one
from fercurate.live.capture import CAMERA, STREAM, Capture, Patience
from fercurate.live.decode import OPEN_SECONDS, Device, Image, open_address, quiet
from fercurate.live.files import VideoFile, is_finite, open_file

if TYPE_CHECKING:
    from fercurate.live.ports import Source

Say = Callable[[str], None]

_PORTS = MappingProxyType(
    {"rtsp": 554, "rtsps": 322, "rtmp": 1935, "rtmps": 443, "http": 80, "https": 443}
)
_CONNECT_SECONDS = 3.0
_FIRST_SECONDS = 5.0
"""Within which a camera that is open gives its first picture: some begin with nothing."""

_ELSE = "Use the browser's camera: fercurate live --source browser, or a file: --source video.mp4"


def open_source(
    spec: str,
    *,
    size: tuple[int, int] | None = None,
    fps: float | None = None,
    loop: bool = False,
    say: Say | None = None,
) -> Source:
    """Open what `--source` names, and wait for its first picture.

    Args:
        spec: "0", "1" or a path below /dev for a camera; an address (rtsp, http and others) for
            a stream; else a video's path. An address of a file of known length, such as
            http://host/video.mp4, is read as a file is: every frame, to its end.
        size: Width and height to ask a camera for; it gives what it can.
        fps: Frames a second to ask a camera for.
        loop: Whether a file begins anew when it ends.
        say: Is told of a camera or a stream that is lost and comes back, and of a file that ends
            too early; maybe from another thread.

    Raises:
        InputError: there is no such camera, file or stream, it gives no picture, or it is not
            clear what an address's host is. No message shows more of one than that.
    """
    spec = spec.strip()
    if spec.isascii() and spec.isdigit():
        return _camera(int(spec), size, fps, say)
    if spec.startswith("/dev/"):
        # a link below /dev/v4l/by-id is a camera that keeps its name
        match = re.fullmatch(r"/dev/video(\d+)", os.path.realpath(spec))
        return _camera(int(match[1]) if match else spec, size, fps, say)
    scheme, mark, rest = spec.partition("://")
    if not mark:
        return _file(spec, loop, say)
    if scheme.lower() == "file":
        from urllib.request import url2pathname  # on Windows /C:/a.mp4 is C:\\a.mp4

        return _file(url2pathname(rest.removeprefix("localhost")), loop, say)
    if scheme.lower() not in SCHEMES:
        raise InputError(
            f"{public_name(spec)} is no kind of stream that is known.",
            f"Known are {', '.join(SCHEMES)}.",
        )
    parsed(spec)
    return _stream(spec, loop, say)


def _file(spec: str, loop: bool, say: Say | None) -> VideoFile:
    if seems_one(spec):
        try:
            is_there = os.path.lexists(os.path.expanduser(spec))  # noqa: PTH111
        except ValueError:
            is_there = False
        if not is_there:
            raise no_file()
    return open_file(spec, loop=loop, say=say)


def first_picture(device: Device, patience: float) -> Image | None:
    """The first picture of an open device, None if it gives none within so many seconds."""
    end = time.perf_counter() + patience
    while device.isOpened():
        found, image = device.read()
        if found and image is not None and image.size:
            return image  # type: ignore[no-any-return]
        if time.perf_counter() >= end:
            break
        time.sleep(0.05)
    return None


def _camera(
    which: int | str, size: tuple[int, int] | None, fps: float | None, say: Say | None
) -> Source:
    name = f"camera {which}"
    _look_for(which)

    def opened() -> Device:
        return camera_device(which, size, fps)

    return _live(name, opened, CAMERA, _FIRST_SECONDS, say, _no_picture(which))


def _live(
    name: str,
    opened: Callable[[], Device],
    patience: Patience,
    wait: float,
    say: Say | None,
    error: InputError,
) -> Capture:
    """A capture of a device that has given its first picture; `error` if it gives none."""
    with quiet():
        device = opened()
        try:
            first = first_picture(device, wait)
            if first is None:
                raise error
            return Capture(name, opened, device, first, patience=patience, say=say)
        except BaseException:
            device.release()
            raise


def camera_device(which: int | str, size: tuple[int, int] | None, fps: float | None) -> Device:
    """A camera through OpenCV; it may not be open.

    Above 640x480 a USB camera's uncompressed frames are too much for its cable at 30 frames a
    second, so that motion JPEG is asked for.
    """
    import cv2

    api = cv2.CAP_V4L2 if sys.platform == "linux" else cv2.CAP_ANY
    device = cv2.VideoCapture(which, api)
    if size is not None:
        if size[0] * size[1] > 640 * 480:
            device.set(cv2.CAP_PROP_FOURCC, cv2.VideoWriter.fourcc(*"MJPG"))
        device.set(cv2.CAP_PROP_FRAME_WIDTH, size[0])
        device.set(cv2.CAP_PROP_FRAME_HEIGHT, size[1])
    if fps is not None:
        device.set(cv2.CAP_PROP_FPS, fps)
    device.set(cv2.CAP_PROP_BUFFERSIZE, 1)
    return device


def _look_for(which: int | str, devices: Path = Path("/dev")) -> None:
    """Say what is wrong with a camera that cannot be opened, where the system lets us see it.

    Raises:
        InputError: it is not there, or may not be used.
    """
    if sys.platform != "linux":
        return
    path = devices / f"video{which}" if isinstance(which, int) else Path(which)
    if not path.exists():
        there = sorted(int(p.name[5:]) for p in devices.glob("video*") if p.name[5:].isdigit())
        if not there:
            raise InputError(f"There is no camera: no {devices}/video0, nor any other.", _ELSE)
        listed = ", ".join(f"{n}{_title(n)}" for n in there)
        raise InputError(
            f"There is no camera {which}. There is: {listed}.",
            f"Choose one: fercurate live --source {there[0]}",
        )
    if not os.access(path, os.R_OK | os.W_OK):
        raise InputError(
            f"You may not use {path}: it belongs to the group video.",
            "Join it, then log in again: sudo usermod -aG video $USER",
        )


def _title(number: int) -> str:
    """What a camera calls itself, in brackets; nothing where it does not."""
    try:
        text = Path(f"/sys/class/video4linux/video{number}/name").read_text().strip()
    except OSError:
        return ""
    return f" ({text})" if text else ""


def _no_picture(which: int | str) -> InputError:
    if sys.platform == "darwin":
        fix = "Allow it: System Settings, Privacy & Security, Camera. "
    else:
        fix = "Close other programs that use it, or try another number. "
    return InputError(f"Camera {which} gives no picture.", fix + _ELSE)


def _stream(address: str, loop: bool, say: Say | None) -> Source:
    name = public_name(address)
    with quiet():
        device = open_address(address)
        is_open = device.isOpened()
        finite = is_open and is_finite(device)
        if finite or not is_open:
            device.release()
    if not is_open:
        raise _unreachable(address)
    if finite:
        return VideoFile(name, address, loop=loop, say=say)
    opened = iter([device])

    def next_one() -> Device:
        return next(opened, None) or open_address(address)

    return _live(name, next_one, STREAM, OPEN_SECONDS, say, _unreachable(address))


def _unreachable(address: str) -> InputError:
    """Why a stream cannot be opened, as far as its host tells."""
    name, found = public_name(address), parsed(address)
    port = found.port or _PORTS.get(found.scheme)
    if found.host and port:
        host = found.host.strip("[]")
        try:
            socket.create_connection((host, port), _CONNECT_SECONDS).close()
        except (OSError, UnicodeError) as error:  # a name that no name server takes
            why = error.strerror if isinstance(error, OSError) else None
            return InputError(
                f"{name} cannot be reached: {why or first_line(error)}.",
                f"Look at the address, and whether {host} is on and in this network.",
            )
    return InputError(
        f"{name} sends no video that can be read.",
        "Look at its path, user and password: rtsp://USER:PASSWORD@HOST/PATH",
    )
