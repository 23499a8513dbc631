"""A file at the pace at which it was taken, for those who look on."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from fercurate.live.frame import Frame
    from fercurate.live.ports import Source

_LATE = 0.1
"""Seconds behind its time from which on a frame starts a new count: after a pause, or where the
machine is too slow, nothing is made up for by hurrying."""


class Paced:
    """Every frame of a source, none before its time; a `Source`.

    Args:
        source: Of a file.
        is_watched: Whether anybody looks on; until then it waits.
    """

    def __init__(self, source: Source, is_watched: Callable[[], bool] = lambda: True) -> None:
        self._source, self._is_watched = source, is_watched
        self._start: float | None = None
        self._last = 0.0
        self._next: Frame | None = None

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def is_live(self) -> bool:
        return self._source.is_live

    @property
    def rate(self) -> float | None:
        return self._source.rate

    def read(self, timeout: float) -> Frame | None:
        if self._start is None and not self._is_watched():
            time.sleep(timeout)
            raise TimeoutError
        if self._next is None:
            self._next = self._source.read(timeout)
        frame = self._next
        if frame is None:
            return None
        early = self._early(frame)
        if early > timeout:
            time.sleep(timeout)
            raise TimeoutError
        if early > 0:
            time.sleep(early)
        self._next, self._last = None, frame.time
        return replace(frame, read_at=time.perf_counter())

    def close(self) -> None:
        self._source.close()

    def _early(self, frame: Frame) -> float:
        """Seconds until its time has come."""
        now = time.perf_counter()
        if self._start is None:
            self._start = now - frame.time
        early = self._start + frame.time - now
        # a film that begins anew, or whose clock is damaged
        jumped = frame.time < self._last or early > 5
        if early < -_LATE or jumped:
            self._start, early = now - frame.time, 0.0
        return early
