"""How fast it runs: frames a second and latencies over the last seconds."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, fields

import numpy as np

from fercurate.live.frame import Result, Timings

STEPS = tuple(field.name for field in fields(Timings))


@dataclass(frozen=True)
class Stats:
    """Over the last seconds.

    Attributes:
        fps: Results a second.
        p50: Median of each step of `STEPS`, seconds.
        p95: 95th percentile of each, seconds.
        frames: Results since the start.
        dropped: Frames dropped since the start.
    """

    fps: float
    p50: dict[str, float]
    p95: dict[str, float]
    frames: int
    dropped: int


class Meter:
    """Keeps what `Stats` is made of.

    Args:
        window: Seconds that count.
    """

    def __init__(self, window: float = 5.0) -> None:
        self._window = window
        self._recent: deque[tuple[float, Timings]] = deque()
        self._frames = self._dropped = 0

    def add(self, result: Result, now: float) -> None:
        """Count a result that was ready at `now`, seconds of `time.perf_counter()`."""
        self._frames += 1
        self._dropped += result.dropped
        self._recent.append((now, result.timings))
        while self._recent[0][0] < now - self._window:
            self._recent.popleft()

    def stats(self) -> Stats:
        """All zeros before the first result."""
        if not self._recent:
            nothing = dict.fromkeys(STEPS, 0.0)
            return Stats(0.0, nothing, nothing, self._frames, self._dropped)
        span = self._recent[-1][0] - self._recent[0][0]
        fps = (len(self._recent) - 1) / span if span > 0 else 0.0
        values = np.array([[getattr(t, s) for s in STEPS] for _, t in self._recent])
        low, high = np.percentile(values, (50, 95), axis=0)
        named = (dict(zip(STEPS, map(float, row), strict=True)) for row in (low, high))
        p50, p95 = named
        return Stats(fps, p50, p95, self._frames, self._dropped)
