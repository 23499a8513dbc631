"""How fast the live loop is on this machine: at full speed, at a camera's pace, and to begin."""

from __future__ import annotations

import contextlib
import os
import subprocess
import sys
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from fercurate.config import BenchConfig, LiveConfig
from fercurate.errors import FercurateError, InputError
from fercurate.live.controls import Controls
from fercurate.live.frame import Frame, Result
from fercurate.live.stats import STEPS, Meter, Stats
from fercurate.progress import Progress

if TYPE_CHECKING:
    from fercurate.live.ports import Source

_STARTS = 3
_LONGEST_START = 120.0


@dataclass(frozen=True)
class Pass:
    """One way to go through the video.

    Attributes:
        rate: Frames a second that came, None where the next one came as soon as one was done.
        frames: Analysed.
        dropped: That came while another one was analysed, and were skipped.
        faces: Mean number in a frame.
        seconds: From the first frame to the last.
        fps: Frames analysed a second.
        cpu: Share of all cores' time that the process took, reading of the video included, 0
            to 1.
        read: Median and 95th percentile of the time to read and decode a frame, seconds.
        steps: The same of each of `stats.STEPS`.
    """

    rate: float | None
    frames: int
    dropped: int
    faces: float
    seconds: float
    fps: float
    cpu: float
    read: tuple[float, float]
    steps: dict[str, tuple[float, float]]


@dataclass(frozen=True)
class BenchResult:
    """What was measured.

    Attributes:
        video: Name of the file.
        size: Its width and height, pixels.
        cores: That this process may use.
        passes: At full speed, then paced.
        first_result: Seconds from a command's start to its first face, median of three.
    """

    video: str
    size: tuple[int, int]
    cores: int
    passes: tuple[Pass, ...]
    first_result: float


def run(config: BenchConfig, progress: Progress) -> BenchResult:
    """Measure all of it. Takes some `2 * config.seconds`; nothing is shown or written.

    Args:
        config: `video` has to be set.
        progress: Is told what is measured.

    Raises:
        InputError: a setting is out of range, or there is no such video or model.
        FercurateError: the video shows no face, or mediapipe cannot be used.
    """
    if config.video is None or not config.video.is_file():
        raise InputError(f"There is no video {config.video}.", "Name a video, or none at all.")
    for name in ("seconds", "rate"):
        if not 0 < getattr(config, name) < np.inf:
            raise InputError(f"{name} is {getattr(config, name)}.", "It is above 0.")
    progress.say(f"Start to first result, {_STARTS} times")
    first = float(np.median([start_to_face(config) for _ in range(_STARTS)]))
    passes = []
    size = (0, 0)
    for rate in (None, config.rate):
        progress.say("At full speed" if rate is None else f"At {rate:g} frames/s")
        found, size = _measured(config, rate)
        passes.append(found)
    return BenchResult(config.video.name, size, cores(), tuple(passes), first)


def cores() -> int:
    """Cores that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


class AsCamera:
    """A file's frames at the times at which a camera has them; a `decode.Device`.

    Behind `capture.Capture` it is all that a camera is, decoding in the capture thread included.

    Args:
        source: Of a file, one that begins anew if need be.
        rate: Frames a second; frame n is there n / rate seconds after the first.
    """

    def __init__(self, source: Source, rate: float) -> None:
        self._source, self._rate = source, rate
        self._start: float | None = None
        self._count = 0
        self.reads: list[float] = []

    def isOpened(self) -> bool:
        return True

    def read(self) -> tuple[bool, Any]:
        begun = time.perf_counter()
        self._start = self._start or begun
        early = self._start + self._count / self._rate - begun
        if early > 0:
            time.sleep(early)
        self._count += 1
        begun = time.perf_counter()
        frame = self._source.read(1.0)
        self.reads.append(time.perf_counter() - begun)
        return frame is not None, frame.image if frame is not None else None

    def get(self, what: int, /) -> float:
        return self._rate

    def release(self) -> None:
        self._source.close()


class _Watched:
    """A file's frames with the time that reading them takes; a `Source`."""

    is_live = False

    def __init__(self, source: Source) -> None:
        self._source = source
        self.reads: list[float] = []

    @property
    def name(self) -> str:
        return self._source.name

    @property
    def rate(self) -> float | None:
        return self._source.rate

    def read(self, timeout: float) -> Frame | None:
        begun = time.perf_counter()
        frame = self._source.read(timeout)
        self.reads.append(time.perf_counter() - begun)
        return frame

    def close(self) -> None:
        self._source.close()


class _Record:
    """Keeps all timings, and ends it after some seconds; a `Sink`."""

    def __init__(self, controls: Controls, seconds: float) -> None:
        self._controls, self._seconds = controls, seconds
        self.timings: list[list[float]] = []
        self.faces = self.dropped = 0
        self.began = self.ended = 0.0
        self.size = (0, 0)

    def take(self, result: Result, stats: Stats) -> None:
        self.ended = time.perf_counter()
        self.began = self.began or self.ended
        self.timings.append([getattr(result.timings, step) for step in STEPS])
        self.faces += len(result.faces)
        self.dropped += result.dropped
        self.size = result.frame.image.shape[1], result.frame.image.shape[0]
        if self.ended - self.began >= self._seconds:
            self._controls.quit.set()

    def idle(self) -> None:
        pass

    def close(self) -> None:
        pass


def _measured(config: BenchConfig, rate: float | None) -> tuple[Pass, tuple[int, int]]:
    """One way through the video, and its size."""
    from fercurate.live import loop
    from fercurate.live.capture import Capture
    from fercurate.live.opening import analyser as open_analyser
    from fercurate.live.opening import model
    from fercurate.live.sources import open_source

    analyser = open_analyser(model(LiveConfig(model=config.model, device=config.device)))
    film = open_source(str(config.video), loop=True)
    watched: _Watched | AsCamera
    source: Source
    if rate is None:
        source = watched = _Watched(film)
    else:
        watched = AsCamera(film, rate)
        source = Capture("the video", lambda: watched, watched, watched.read()[1])
    controls = Controls()
    record = _Record(controls, config.seconds)
    with contextlib.closing(source):
        used, begun = _cpu_seconds(), time.perf_counter()
        loop.run(source, analyser, [record], controls, Meter())
        used, wall = _cpu_seconds() - used, time.perf_counter() - begun
    n = len(record.timings)
    p50, p95 = np.percentile(record.timings, (50, 95), axis=0)
    read = np.percentile(watched.reads, (50, 95))
    span = record.ended - record.began
    measured = Pass(
        rate=rate,
        frames=n,
        dropped=record.dropped,
        faces=record.faces / n,
        seconds=span,
        fps=(n - 1) / span,
        cpu=used / wall / cores(),
        read=(float(read[0]), float(read[1])),
        steps={step: (float(p50[i]), float(p95[i])) for i, step in enumerate(STEPS)},
    )
    return measured, record.size


def _cpu_seconds() -> float:
    """Of this process, all threads."""
    spent = os.times()
    return spent.user + spent.system


def start_to_face(config: BenchConfig) -> float:
    """Seconds from the start of `fercurate live` to its first row about a face.

    Raises:
        FercurateError: it fails, or says nothing of a face within two minutes.
    """
    command = [sys.executable, "-m", "fercurate", "live", "--source", str(config.video)]
    command += ["--view", "none", "--jsonl", "-", "--device", config.device]
    command += [] if config.model is None else ["--model", str(config.model)]
    begun = time.perf_counter()
    with subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        env={**os.environ, "PYTHONUNBUFFERED": "1"},
    ) as process:
        limit = threading.Timer(_LONGEST_START, process.kill)
        limit.start()
        try:
            line = process.stdout.readline() if process.stdout else b""
            took = time.perf_counter() - begun
        finally:
            limit.cancel()
            process.kill()
    if not line:
        raise FercurateError(
            "The video shows no face that is found.",
            f"See what is wrong with: fercurate live --source {config.video} --view none",
        )
    return took
