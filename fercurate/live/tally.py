"""What a session came to, counted in a fixed amount of memory however long it lasts."""

from __future__ import annotations

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np

from fercurate.live.controls import Controls
from fercurate.live.frame import Result
from fercurate.live.stats import Stats

Ending = Literal["end", "quit", "time", "stopped"]

_BIN = 1e-4
_BINS = 20_000
"""Latencies are counted in tenths of a millisecond, up to two seconds."""


@dataclass(frozen=True)
class LiveSummary:
    """What a session came to.

    Attributes:
        source: What it was of.
        ended: By the source's end, the key q, `seconds`, or a signal.
        is_live: Whether the source has no end of its own.
        frames: Analysed.
        dropped: Frames of the source that nobody waited for.
        faces: That were followed; one that left and came back may count twice.
        seconds: That it ran, without pauses.
        fps: Frames analysed a second.
        p50: Median of the time from a frame read to its result, seconds.
        p95: 95th percentile of the same.
        files: What was written.
    """

    source: str
    ended: Ending
    is_live: bool
    frames: int
    dropped: int
    faces: int
    seconds: float
    fps: float
    p50: float
    p95: float
    files: tuple[Path, ...] = ()


class Tally:
    """Counts results; a `Sink`.

    Args:
        controls: Say whether it is paused: that time does not count.
    """

    def __init__(self, controls: Controls) -> None:
        self._controls = controls
        self.frames = self.dropped = self.faces = 0
        self.seconds = 0.0
        self._last: float | None = None
        self._latencies = np.zeros(_BINS, np.int64)

    def take(self, result: Result, stats: Stats) -> None:
        now = time.perf_counter()
        if self._last is not None:
            self.seconds += now - self._last
        self._last = now
        self.frames += 1
        self.dropped += result.dropped
        self.faces = max([self.faces, *(face.track for face in result.faces)])
        self._latencies[min(int(result.timings.total / _BIN), _BINS - 1)] += 1

    def idle(self) -> None:
        if self._controls.paused:
            self._last = None

    def close(self) -> None:
        pass

    def latency(self, share: float) -> float:
        """Seconds within which this share of the results came, to a tenth of a millisecond."""
        if not self.frames:
            return 0.0
        reached = np.cumsum(self._latencies) >= share * self.frames
        return float(np.argmax(reached) + 0.5) * _BIN

    def summary(
        self, source: str, ended: Ending, *, is_live: bool, files: tuple[Path, ...] = ()
    ) -> LiveSummary:
        """All of it."""
        fps = (self.frames - 1) / self.seconds if self.seconds > 0 else 0.0
        return LiveSummary(
            source=source,
            ended=ended,
            is_live=is_live,
            frames=self.frames,
            dropped=self.dropped,
            faces=self.faces,
            seconds=self.seconds,
            fps=fps,
            p50=self.latency(0.5),
            p95=self.latency(0.95),
            files=files,
        )
