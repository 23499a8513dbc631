"""An end after so many seconds, for scripts."""

from __future__ import annotations

import math
import time

from fercurate.live.controls import Controls
from fercurate.live.frame import Result
from fercurate.live.stats import Stats


class Limit:
    """Ends a session; a `Sink`.

    Args:
        controls: `quit` is set when the time is over.
        seconds: Of the source's own clock, and of ours while it sends nothing; None is no end.
        waits: Whether the time without any result counts, as it does where a camera sends
            nothing, or where nobody opens the page.
    """

    def __init__(self, controls: Controls, seconds: float | None, *, waits: bool) -> None:
        self._controls, self._waits = controls, waits
        self._seconds = math.inf if seconds is None else seconds
        self._began: float | None = None
        self._passed, self._then = 0.0, time.perf_counter()
        self.reached = False

    def take(self, result: Result, stats: Stats) -> None:
        if self._began is None:
            self._began = result.frame.time
        self._passed, self._then = result.frame.time - self._began, time.perf_counter()
        self._end_if(self._passed >= self._seconds)

    def idle(self) -> None:
        now = time.perf_counter()
        if self._controls.paused:
            self._then = now
        self._end_if(self._waits and self._passed + now - self._then >= self._seconds)

    def close(self) -> None:
        pass

    def _end_if(self, over: bool) -> None:
        if over and not self._controls.quit.is_set():
            self.reached = True
            self._controls.quit.set()
