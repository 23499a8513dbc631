"""Recordings: a constant rate out of any times, finished files, and what stops them."""

from __future__ import annotations

import shutil
import threading
import time
from collections import namedtuple
from itertools import count
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_cases import result

from fercurate.errors import FercurateError, InputError
from fercurate.live import record
from fercurate.live.decode import Image
from fercurate.live.frame import Result
from fercurate.live.film import fit
from fercurate.live.record import Recorder
from fercurate.live.stats import Meter

STATS = Meter().stats()
STEP = 20


def grey(level: int, width: int = 64, height: int = 48) -> Image:
    return np.full((height, width, 3), level, np.uint8)


def recorded(path: Path) -> tuple[list[Image], float]:
    film = cv2.VideoCapture(str(path))
    rate, images = film.get(cv2.CAP_PROP_FPS), []
    while (read := film.read())[0]:
        images.append(read[1])
    film.release()
    return images, rate


def made(path: Path, times: list[float], rate: float | None, *, is_live: bool) -> list[int]:
    """Which of the frames, each `STEP` lighter than the one before, are shown in turn."""
    recorder = Recorder(path, None, rate, is_live=is_live)
    for i, moment in enumerate(times):
        while recorder._waiting.qsize() >= 3:  # a camera is slower than the encoder here
            time.sleep(0.001)
        recorder.take(result(image=grey(STEP * i), time=moment, index=i), STATS)
        recorder.idle()
    recorder.close()
    return [round(float(image.mean()) / STEP) for image in recorded(path)[0]]


@pytest.mark.parametrize(
    ("times", "rate", "is_live", "shown"),
    [
        ([0, 0.1, 0.2, 0.3], 10, False, [0, 1, 2, 3]),
        ([7, 7.1, 7.2, 7.3], 10, True, [0, 1, 2, 3]),
        ([0, 0.1, 0.3, 0.4, 0.7], 10, True, [0, 1, 1, 2, 3, 3, 3, 4]),  # seldom: repeated
        ([0, 0.02, 0.04, 0.1, 0.12, 0.2], 10, True, [2, 4, 5]),  # often: left out
        ([0, 0.1, 9.1, 9.2], 10, True, [0, *[1] * 20, 2, 3]),  # paused: two seconds of it
        ([0, 0.1, 3.1, 3.2], 10, False, [0, *[1] * 30, 2, 3]),  # a file's time is as it is
        ([0, 0.1, 9e6, 9e6 + 0.1], 10, False, [0, *[1] * 600, 2, 3]),  # but for a broken one
        ([5, 5.1, 0, 0.1], 10, False, [0, 2, 3]),  # a clock that goes back
        ([0], 10, False, [0]),
    ],
)
def test_each_picture_is_the_newest_of_its_time(
    times: list[float], rate: float, is_live: bool, shown: list[int], tmp_path: Path
) -> None:
    assert made(tmp_path / "a.mp4", times, rate, is_live=is_live) == shown
    assert recorded(tmp_path / "a.mp4")[1] == pytest.approx(rate)
    assert [p.name for p in tmp_path.iterdir()] == ["a.mp4"]


@pytest.mark.parametrize(("rate", "used"), [(None, 30), (25, 25), (90_000, 30), (0.2, 30)])
def test_the_rate_of_the_source_where_it_makes_sense(
    rate: float | None, used: float, tmp_path: Path
) -> None:
    made(tmp_path / "a.mp4", [i / used for i in range(5)], rate, is_live=True)
    images, found = recorded(tmp_path / "a.mp4")
    assert found == pytest.approx(used)
    assert len(images) == 5


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
    def slow(taken: Result) -> Image:
        time.sleep(0.02)
        return grey(90)

    for is_live in (True, False):
        recorder = Recorder(tmp_path / f"{is_live}.mp4", slow, 10, is_live=is_live)
        begun = time.perf_counter()
        for i in range(20):
            recorder.take(result(image=grey(90), time=i / 10), STATS)
        took = time.perf_counter() - begun
        recorder.close()
        images = recorded(tmp_path / f"{is_live}.mp4")[0]
        assert (took < 0.2) == is_live
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
    images = recorded(tmp_path / "a.mp4")[0]
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
    with pytest.raises(InputError, match="not overwritten") as error:
        Recorder(tmp_path / "a.mp4", None, 10, is_live=True)
    assert error.value.code == 2
    assert (tmp_path / "a.mp4").read_bytes() == b"wedding"


def test_a_folder_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(InputError, match="cannot be written"):
        record.check(tmp_path / "file" / "a.mp4")


def test_a_full_disk_ends_it_and_keeps_what_is_there(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = count()
    usage = namedtuple("usage", "free")
    monkeypatch.setattr(
        shutil, "disk_usage", lambda path: usage(1 << 40 if next(calls) == 0 else 1000)
    )
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=False)
    with pytest.raises(FercurateError, match="full"):
        feed(recorder, 500)
    with pytest.raises(FercurateError, match="full"):
        recorder.close()
    assert len(recorded(tmp_path / "a.mp4")[0]) == 32
    assert not [t for t in threading.enumerate() if t.name == "live-record"]


def feed(recorder: Recorder, n: int) -> None:
    for i in range(n):
        recorder.take(result(image=grey(90), time=i / 10), STATS)


def test_no_codec(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(record, "CODECS", ("nono",))
    recorder = Recorder(tmp_path / "a.mp4", None, 10, is_live=False)
    feed(recorder, 1)
    with pytest.raises(FercurateError, match=r"cannot write a\.mp4") as error:
        recorder.close()
    assert "pip install" in error.value.fix
    assert list(tmp_path.iterdir()) == []


def test_a_drawing_that_fails_ends_it(tmp_path: Path) -> None:
    def draw(taken: Result) -> Image:
        raise ValueError("no ink")

    recorder = Recorder(tmp_path / "a.mp4", draw, 10, is_live=False)
    with pytest.raises(FercurateError, match="no ink"):
        feed(recorder, 500)
    with pytest.raises(FercurateError, match="no ink"):
        recorder.close()
    assert list(tmp_path.iterdir()) == []
