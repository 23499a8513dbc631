"""Whether live grows: its memory, threads and open files while it runs over a looping video.

    python tools/soak_live.py VIDEO --minutes 30
    python tools/soak_live.py --scene four --minutes 0.5   # a video that is made for it

Everything runs as in `fercurate live --view none --loop --jsonl --summary`, at full speed, in
this process. A line is printed every tenth of the time. The exit status is 1 where memory grew
by more than `--allow` MB after the first tenth, in which caches fill.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from pathlib import Path

import psutil

from fercurate.infer.classifier import open_classifier
from fercurate.live import loop
from fercurate.live.analyse import Analyser
from fercurate.live.controls import Controls
from fercurate.live.find import Finder
from fercurate.live.frame import Result
from fercurate.live.rows import JsonRows
from fercurate.live.sources import open_source
from fercurate.live.stats import Meter, Stats
from fercurate.live.summary import Summary
from fercurate.samples import video

_TIMES = 10


class Watch:
    """Prints how it stands, and ends the session when its time is over; a `Sink`."""

    def __init__(self, controls: Controls, seconds: float) -> None:
        self._controls, self._seconds = controls, seconds
        self._process = psutil.Process()
        self._began = time.perf_counter()
        self.sizes: list[float] = []

    def take(self, result: Result, stats: Stats) -> None:
        passed = time.perf_counter() - self._began
        if passed < (len(self.sizes) + 1) * self._seconds / _TIMES:
            return
        self.sizes.append(self._process.memory_info().rss / 2**20)
        print(
            f"{passed:7.0f} s  {self.sizes[-1]:8.1f} MB  {threading.active_count()} threads  "
            f"{self._process.num_fds()} files  {stats.frames:,} frames",
            flush=True,
        )
        if len(self.sizes) == _TIMES:
            self._controls.quit.set()

    def idle(self) -> None:
        pass

    def close(self) -> None:
        pass


def main() -> int:
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("video", type=Path, nargs="?")
    options.add_argument("--scene", default="four", choices=list(video.SCENES))
    options.add_argument("--minutes", type=float, default=30.0)
    options.add_argument("--allow", type=float, default=20.0, metavar="MB")
    given = options.parse_args()
    with tempfile.TemporaryDirectory(prefix="fercurate-soak-") as folder:
        film = given.video
        if film is None:
            film = Path(folder) / "film.mp4"
            video.write(film, video.scene(given.scene))
        sizes = soak(film, Path(folder), 60 * given.minutes)
    grown = sizes[-1] - sizes[0]
    print(f"{grown:+.1f} MB from the first tenth to the end")
    return int(grown > given.allow)


def soak(film: Path, folder: Path, seconds: float) -> list[float]:
    """MB in use at each tenth of the time."""
    classifier = open_classifier(None, "cpu", threads=1)
    classes = classifier.info.classes
    analyser = Analyser(classifier, Finder())
    controls = Controls()
    watch = Watch(controls, seconds)
    sinks = [JsonRows(folder / "soak.jsonl", classes), Summary(folder / "soak.png", classes), watch]
    source = open_source(str(film), loop=True)
    try:
        loop.run(source, analyser, sinks, controls, Meter())
    finally:
        source.close()
        for sink in sinks:
            sink.close()
    return watch.sizes


if __name__ == "__main__":
    sys.exit(main())
