"""Recordings: the frames' own times, what a kill or a full disk leaves, and what stops them."""

from __future__ import annotations

import contextlib
import errno
import os
import shutil
import subprocess
import sys
import threading
import time
from collections import namedtuple
from itertools import count
from pathlib import Path
from typing import Any

import av
import cv2
import numpy as np
import pytest
from live_cases import result
from waiting import HANG, until

from fercurate.errors import FercurateError, InputError
from fercurate.live import film as film_module
from fercurate.live.decode import Image
from fercurate.live.film import Film, fit
from fercurate.live.frame import Result
from fercurate.live.record import Recorder
from fercurate.live.stats import Meter

STATS = Meter().stats()
STEP = 20


def grey(level: int, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def recorded(path: Path) -> list[tuple[Image, float]]:
    """The frames of a film and their times, seconds, as OpenCV and so `live` reads them."""
    film, frames = cv2.VideoCapture(str(path)), []
    while (read := film.read())[0]:
        frames.append((read[1], film.get(cv2.CAP_PROP_POS_MSEC) / 1000))
    film.release()
    return frames


def by_pyav(path: Path) -> list[tuple[int, float]]:
    """The same as PyAV reads it, each frame as its number; half a frame at the end is none."""
    found = []
    with av.open(str(path)) as film, contextlib.suppress(av.error.InvalidDataError):
        for frame in film.decode(video=0):
            level = float(frame.to_ndarray(format="gray").mean())
            found.append((round(level / STEP), frame.time or 0.0))
    return found


def feed(recorder: Recorder, times: list[float]) -> None:
    """Frames, each `STEP` lighter than the one before."""
    for i, moment in enumerate(times):
        while recorder._waiting.qsize() >= 3:  # a camera is slower than the encoder here
            time.sleep(0.001)
        recorder.take(result(image=grey(STEP * (i % 12)), time=moment, index=i), STATS)
        recorder.idle()


def numbers(path: Path) -> list[int]:
    return [round(float(image.mean()) / STEP) for image, _ in recorded(path)]


@pytest.mark.parametrize(
    ("times", "is_live", "at"),
    [
        ([0, 0.1, 0.2, 0.3], False, [0, 0.1, 0.2, 0.3]),
        ([7, 7.1, 7.2, 7.3], True, [0, 0.1, 0.2, 0.3]),
        ([0, 0.1, 0.3, 0.4, 0.7], True, [0, 0.1, 0.3, 0.4, 0.7]),  # a variable rate stays as it is
        ([0, 0.02, 0.04, 0.1, 0.12, 0.2], True, [0, 0.02, 0.04, 0.1, 0.12, 0.2]),
        ([0, 0.1, 9.1, 9.2], True, [0, 0.1, 2.1, 2.2]),  # paused: two seconds of it
        ([0, 0.1, 3.1, 3.2], False, [0, 0.1, 3.1, 3.2]),  # a file's time is as it is
        ([0, 0.1, 9e6, 9e6 + 0.1], False, [0, 0.1, 60.1, 60.2]),  # but for a broken one
        ([5, 5.1, 0, 0.1], False, [0, 0.1, 0.101, 0.2]),  # a clock that goes back
        ([5, 5, 5], False, [0, 0.001, 0.002]),  # one that stands still
        ([0], False, [0]),
    ],
)
def test_each_frame_is_shown_at_its_own_time(
    times: list[float], is_live: bool, at: list[float], tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=is_live)
    feed(recorder, times)
    recorder.close()
    shown = recorded(tmp_path / "a.mp4")
    assert numbers(tmp_path / "a.mp4") == list(range(len(times)))
    assert [moment for _, moment in shown] == pytest.approx(at, abs=1e-4)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(("rate", "used"), [(None, 30), (25, 25), (90_000, 30), (0.2, 30)])
def test_the_last_frame_is_shown_as_long_as_the_sources_rate_says(
    rate: float | None, used: float, tmp_path: Path
) -> None:
    recorder = Recorder(tmp_path / "a.mp4", None, rate, is_live=True)
    feed(recorder, [0, 0.5])
    recorder.close()
    with av.open(str(tmp_path / "a.mp4")) as film:
        assert film.duration == pytest.approx(1e6 * (0.5 + 1 / used), abs=1000)


def test_it_is_an_ordinary_mp4_in_h264_when_it_is_finished(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=False)
    feed(recorder, [i / 10 for i in range(40)])
    recorder.close()
    assert b"moof" not in (tmp_path / "a.mp4").read_bytes()[:64]
    with av.open(str(tmp_path / "a.mp4")) as film:
        stream = film.streams.video[0]
        assert (stream.codec_context.name, stream.frames, stream.pix_fmt) == ("h264", 40, "yuv420p")
        assert stream.average_rate == 10
        film.seek(3_000_000)  # there is an index: it does not begin at the beginning
        assert next(film.decode(video=0)).time == pytest.approx(2.0)


def test_colours_are_as_they_were(tmp_path: Path) -> None:
    image = np.zeros((64, 96, 3), np.uint8)
    image[:, :32, 0], image[:, 32:64, 1], image[:, 64:, 2] = 200, 200, 200
    film = Film(tmp_path / "a.mp4", 10, 2.0, force=False)
    film.show(image, 0.0)
    film.finish()
    shown = recorded(tmp_path / "a.mp4")[0][0]
    for left in (4, 36, 68):
        there = shown[8:56, left : left + 24].mean(axis=(0, 1))
        assert there == pytest.approx(image[0, left].astype(float), abs=8)
    with av.open(str(tmp_path / "a.mp4")) as opened:
        context = opened.streams.video[0].codec_context
        assert (context.colorspace, context.color_range) == (6, 1)  # or a browser takes BT.709


@pytest.mark.parametrize("n", [2, 3, 17, 60, 100])
def test_what_is_on_the_disk_at_any_moment_can_be_played(n: int, tmp_path: Path) -> None:
    """A kill leaves the file as it is between two frames, or in the middle of a write."""
    times = [round(0.1 * i + 0.03 * (i % 3), 3) for i in range(n)]
    film = Film(tmp_path / "a.mp4", 10, 2.0, force=False)
    for i, moment in enumerate(times):
        film.show(grey(STEP * (i % 12)), moment)
    there = (tmp_path / "a.mp4").read_bytes()
    film.finish()
    for name, data in (("whole.mp4", there), ("torn.mp4", there[:-20])):
        (tmp_path / name).write_bytes(data)
        least = n - 1 - (name == "torn.mp4")  # the newest waits for the time of the next
        read = by_pyav(tmp_path / name)
        assert least <= len(read) <= n
        assert [shown for shown, _ in read] == [i % 12 for i in range(len(read))]
        assert [moment for _, moment in read] == pytest.approx(times[: len(read)], abs=1e-4)
        assert len(recorded(tmp_path / name)) == len(read)


@pytest.mark.parametrize("after", [3, 50])
def test_a_kill_loses_no_more_than_the_newest_frame(after: int, tmp_path: Path) -> None:
    """In a process of its own, which SIGKILL ends while it writes."""
    code = (
        "import itertools, sys\n"
        "from pathlib import Path\n"
        "import numpy as np\n"
        "from fercurate.live.film import Film\n"
        "film = Film(Path(sys.argv[1]), 10, 2.0, force=False)\n"
        "for i in itertools.count():\n"
        f"    film.show(np.full((48, 64, 3), {STEP} * (i % 12), np.uint8), i / 10)\n"
        "    print(i, flush=True)\n"
    )
    command = [sys.executable, "-c", code, str(tmp_path / "a.mp4")]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        shown = [int(process.stdout.readline()) for _ in range(after)]
        process.kill()
        shown += [int(line) for line in process.stdout]
    read = by_pyav(tmp_path / "a.mp4")
    assert len(shown) - 1 <= len(read) <= len(shown) + 2
    assert [number for number, _ in read] == [i % 12 for i in range(len(read))]
    assert [moment for _, moment in read] == pytest.approx([i / 10 for i in range(len(read))])
    assert len(recorded(tmp_path / "a.mp4")) == len(read)
    assert [path.name for path in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(("n", "left"), [(300, 3000), (300, 9000), (50, 10), (50, 900)])
def test_a_disk_that_is_full_in_the_middle_of_a_frame_or_of_the_index(
    n: int, left: int, tmp_path: Path
) -> None:
    film = Film(tmp_path / "a.mp4", 10, 2.0, force=False)
    film.show(grey(0), 0.0)
    assert film._file is not None
    disk = film._file._file = Small(film._file._file, left if n == 300 else None)

    def record() -> None:
        for i in range(1, n):
            film.show(grey(STEP * (i % 12)), i / 10)
        disk.left = left
        film.finish()

    with pytest.raises(FercurateError, match="No space left") as error:
        record()
    assert "can be played" in error.value.message
    film.finish()
    film.drop()
    read = [number for number, _ in by_pyav(tmp_path / "a.mp4")]
    assert read == [i % 12 for i in range(len(read))]
    assert len(read) == pytest.approx(n, abs=2) if n == 50 else len(read) > left / 500
    with av.open(str(tmp_path / "a.mp4")) as opened:  # no half frame is left
        assert len(list(opened.decode(video=0))) == len(read)


class Small:
    """A file on a disk that has so many bytes left; None is enough."""

    def __init__(self, file: Any, left: int | None) -> None:
        self.file, self.left = file, left

    def write(self, data: memoryview) -> int:
        if self.left is None:
            return int(self.file.write(data))
        if not self.left:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        n = self.file.write(data[: self.left])
        self.left -= n
        return int(n)

    def __getattr__(self, name: str) -> Any:
        return getattr(self.file, name)


def test_what_is_drawn_is_recorded(tmp_path: Path) -> None:
    seen: list[str] = []

    def draw(taken: Result) -> Image:
        seen.append(threading.current_thread().name)
        return grey(200)

    recorder = Recorder(tmp_path / "a.mp4", draw, 10, is_live=False)
    recorder.take(result(image=grey(10)), STATS)
    recorder.close()
    assert abs(float(recorded(tmp_path / "a.mp4")[0][0].mean()) - 200) < 5
    assert seen == ["live-record"]


def test_a_slow_encoder_holds_up_a_file_and_no_camera(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    goes = threading.Event()

    def slow(taken: Result) -> Image:
        goes.wait(HANG)
        return grey(90)

    def take(recorder: Recorder) -> None:
        for i in range(20):
            recorder.take(result(image=grey(90), time=i / 10), STATS)

    for is_live in (True, False):
        goes.clear()
        recorder = Recorder(tmp_path / f"{is_live}.mp4", slow, 10, is_live=is_live)
        taking = threading.Thread(target=take, args=(recorder,))
        taking.start()
        if is_live:
            taking.join(HANG)  # though nothing is encoded
        else:
            until(recorder._waiting.full)
            taking.join(0.05)
        assert taking.is_alive() == (not is_live)
        goes.set()
        taking.join(HANG)
        recorder.close()
        images = recorded(tmp_path / f"{is_live}.mp4")
        assert (len(images) == 20) == (not is_live)


@pytest.mark.parametrize("size", [(63, 47), (64, 47), (1, 1), (1280, 720)])
def test_sizes_of_all_kinds(size: tuple[int, int], tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=False)
    recorder.take(result(image=grey(90, *size)), STATS)
    recorder.close()
    height, width = recorded(tmp_path / "a.mp4")[0][0].shape[:2]
    assert (width, height) == (max(2, size[0] // 2 * 2), max(2, size[1] // 2 * 2))


def test_a_camera_that_comes_back_with_another_size(tmp_path: Path) -> None:
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=False)
    for i, size in enumerate([(64, 48), (48, 64), (128, 96)]):
        recorder.take(result(image=grey(200, *size), time=i / 10), STATS)
    recorder.close()
    images = [image for image, _ in recorded(tmp_path / "a.mp4")]
    assert [image.shape for image in images] == [(48, 64, 3)] * 3
    assert images[1][:, :8].mean() < 40  # black at the sides
    assert images[2].mean() > 190


@pytest.mark.parametrize(("have", "size"), [((100, 50), (64, 48)), ((3, 900), (64, 48))])
def test_fitting_keeps_the_shape(have: tuple[int, int], size: tuple[int, int]) -> None:
    fitted = fit(grey(255, *have), size)
    assert fitted.shape == (size[1], size[0], 3)
    lit = np.argwhere(fitted[:, :, 0] > 127)
    height, width = lit.max(axis=0) - lit.min(axis=0) + 1
    scale = min(size[0] / have[0], size[1] / have[1])
    assert abs(width - max(1, have[0] * scale)) <= 1
    assert abs(height - have[1] * scale) <= 1


def test_without_a_frame_there_is_no_file(tmp_path: Path) -> None:
    Recorder(tmp_path / "a.mp4", None, 10, is_live=True).close()
    assert list(tmp_path.iterdir()) == []


def test_a_recording_is_not_overwritten(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"wedding")
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=True)
    feed(recorder, [0.0])
    with pytest.raises(InputError, match="not overwritten") as error:
        recorder.close()
    assert error.value.code == 2
    assert (tmp_path / "a.mp4").read_bytes() == b"wedding"


@pytest.mark.parametrize("times", [[], [0.0, 0.1]])
def test_with_force_it_is_replaced_once_there_is_a_frame(
    times: list[float], tmp_path: Path
) -> None:
    kept = tmp_path / "kept.mp4"
    kept.write_bytes(b"wedding")
    (tmp_path / "a.mp4").symlink_to(kept)
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=True, force=True)
    feed(recorder, times)
    recorder.close()
    assert (tmp_path / "a.mp4").is_symlink() == (not times)
    assert kept.read_bytes() == b"wedding"
    if times:
        assert numbers(tmp_path / "a.mp4") == [0, 1]


def test_a_nearly_full_disk_ends_it_and_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count()
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: usage(1 << 40 if next(calls) == 0 else 1000)
    )
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=False)
    with pytest.raises(FercurateError, match="full"):
        feed(recorder, [i / 10 for i in range(500)])
    with pytest.raises(FercurateError, match="full"):
        recorder.close()
    assert len(recorded(tmp_path / "a.mp4")) == 32
    assert not [t for t in threading.enumerate() if t.name == "live-record"]


def test_no_codec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(film_module, "CODEC", "nono")
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=False)
    feed(recorder, [0.0])
    with pytest.raises(FercurateError, match=r"cannot write a\.mp4") as error:
        recorder.close()
    assert "pip install" in error.value.fix
    assert list(tmp_path.iterdir()) == []


def test_without_pyav_it_is_said_before_the_session(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "av", None)
    with pytest.raises(FercurateError, match="PyAV"):
        Recorder(tmp_path / "a.mp4", None, 10, is_live=False)
    assert not [t for t in threading.enumerate() if t.name == "live-record"]


@pytest.mark.parametrize("after", [0, 3])
def test_a_drawing_that_fails_ends_it_and_keeps_what_was_drawn(after: int, tmp_path: Path) -> None:
    drawn = count()

    def draw(taken: Result) -> Image:
        if next(drawn) == after:
            raise ValueError("no ink")
        return grey(90)

    recorder = Recorder(tmp_path / "a.mp4", draw, 10, is_live=False)
    with pytest.raises(FercurateError, match="no ink"):
        feed(recorder, [i / 10 for i in range(500)])
    with pytest.raises(FercurateError, match="no ink"):
        recorder.close()
    assert (tmp_path / "a.mp4").exists() == bool(after)
    assert not after or len(recorded(tmp_path / "a.mp4")) == after
