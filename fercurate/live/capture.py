"""A thread that keeps a camera's or a stream's newest frame, and brings it back when it is lost."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import chain, repeat

from fercurate.errors import FercurateError
from fercurate.live.decode import Device, Image, quiet, rate_of, to_bgr
from fercurate.live.frame import Frame

_CLOSING = 1.0
"""Seconds that `close` waits for a device that is blocked; then it is left to its thread."""


@dataclass(frozen=True)
class Patience:
    """How a lost source is waited for.

    Attributes:
        waits: Seconds before each attempt to open it again; the last one is repeated.
        give_up: Seconds without a frame after which it is lost for good.
    """

    waits: tuple[float, ...] = (0.5, 1.0, 2.0, 4.0, 8.0, 10.0)
    give_up: float = 60.0

    def all_waits(self) -> Iterator[float]:
        """One after the other, without end."""
        return chain(self.waits, repeat(self.waits[-1]))


CAMERA = Patience()
STREAM = Patience(give_up=600.0)


class Capture:
    """The newest frame of a device, read in a thread of its own; a `Source`.

    The thread reads as fast as the device gives frames, so that none waits in a buffer and
    gets old; a frame that nobody has taken when the next one comes is dropped, and its number
    with it. Time is when a frame was read, by this machine's clock: those of cameras and
    streams begin anew after a break. A device that gives no frame any more is released and
    opened again, after growing waits.

    Args:
        name: Of it in messages.
        reopen: Opens the device again; called in the thread.
        device: That is open, and has given `first`.
        first: Its first picture.
        patience: How long to wait for a lost one.
        say: Is told once that it is lost, and that it is back; from the thread.
    """

    is_live = True

    def __init__(
        self,
        name: str,
        reopen: Callable[[], Device],
        device: Device,
        first: Image,
        *,
        patience: Patience = CAMERA,
        say: Callable[[str], None] | None = None,
    ) -> None:
        self._name, self._reopen, self._patience = name, reopen, patience
        self._say = say or (lambda text: None)
        self._rate = rate_of(device)
        self._changed = threading.Condition()
        self._newest: Frame | None = None
        self._error: FercurateError | None = None
        self._ending = threading.Event()
        self._began = time.perf_counter()
        self._count = 0
        self._keep(first)
        self._thread = threading.Thread(
            target=self._run, args=(device,), daemon=True, name="live-capture"
        )
        self._thread.start()

    @property
    def name(self) -> str:
        return self._name

    @property
    def rate(self) -> float | None:
        return self._rate

    def read(self, timeout: float) -> Frame | None:
        with self._changed:
            self._changed.wait_for(
                lambda: self._newest or self._error or self._ending.is_set(), timeout
            )
            if self._ending.is_set():
                return None
            frame, self._newest = self._newest, None
            if frame is not None:
                return frame
            if self._error is not None:
                raise self._error
        raise TimeoutError

    def close(self) -> None:
        """End the thread; one that is blocked in the device gives it back when that returns."""
        self._ending.set()
        with self._changed:
            self._newest = None
            self._changed.notify_all()
        if threading.current_thread() is not self._thread:
            self._thread.join(_CLOSING)

    def _run(self, device: Device) -> None:
        held: Device | None = device
        try:
            with quiet():
                while held is not None and not self._ending.is_set():
                    self._read_all(held)
                    held.release()
                    held = None if self._ending.is_set() else self._back()
        except FercurateError as error:
            self._fail(error)
        except Exception as error:  # another library's, in a thread where nobody would see it
            self._fail(FercurateError(f"{self._name} failed: {error}", "Start it again."))
        finally:
            if held is not None:
                held.release()

    def _read_all(self, device: Device) -> None:
        """Until it gives nothing any more."""
        import cv2

        while not self._ending.is_set():
            try:
                found, image = device.read()
            except cv2.error:
                return
            if not found or image is None or image.size == 0:
                return
            self._keep(image)

    def _back(self) -> Device | None:
        """The device, opened again; None when it was closed meanwhile.

        Raises:
            FercurateError: it did not come back in time.
        """
        self._say(f"{self._name} gives no picture any more; waiting for it")
        lost = time.perf_counter()
        for wait in self._patience.all_waits():
            left = lost + self._patience.give_up - time.perf_counter()
            if left <= 0:
                raise FercurateError(
                    f"{self._name} was lost, and did not come back within "
                    f"{self._patience.give_up:.0f} seconds.",
                    "Look at its cable or its network, then start again.",
                )
            if self._ending.wait(min(wait, left)):
                return None
            device = self._tried()
            if device is not None:
                if not self._ending.is_set():
                    self._say(f"{self._name} is back")
                return device
        return None

    def _tried(self) -> Device | None:
        """The device, if it can be opened and gives a picture."""
        import cv2

        device: Device | None = None
        with contextlib.suppress(cv2.error, FercurateError):
            device = self._reopen()
            found, image = device.read() if device.isOpened() else (False, None)
            if found and image is not None and image.size:
                self._keep(image)
                return device
        if device is not None:
            device.release()
        return None

    def _keep(self, image: Image) -> None:
        now = time.perf_counter()
        frame = Frame(to_bgr(image), now - self._began, self._count, now)
        self._count += 1
        with self._changed:
            self._newest = None if self._ending.is_set() else frame
            self._changed.notify_all()

    def _fail(self, error: FercurateError) -> None:
        with self._changed:
            self._error = error
            self._changed.notify_all()
