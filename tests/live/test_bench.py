from __future__ import annotations

import json
import time
from pathlib import Path

import numpy as np
import pytest

from fercurate.config import BenchConfig
from fercurate.errors import FercurateError, InputError
from fercurate.live import bench
from fercurate.live.frame import Frame
from fercurate.progress import Quiet
from fercurate.road import bench_live
from fercurate.samples import video
from fercurate.show_bench import measured


@pytest.fixture(scope="module")
def film(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("bench") / "one.mp4"
    video.write(path, video.scene("one", 320, 180), seconds=0.5)
    return path


class Endless:
    """A file of frames without end, or of a few."""

    name, is_live, rate = "endless", False, None

    def __init__(self, end: int | None = None) -> None:
        self.given = 0
        self._end = end

    def read(self, timeout: float) -> Frame | None:
        if self.given == self._end:
            return None
        self.given += 1
        image = np.zeros((4, 4, 3), np.uint8)
        return Frame(image, 0.0, self.given - 1, time.perf_counter())

    def close(self) -> None:
        pass


class Clock:
    """Time that passes in `sleep` alone."""

    def __init__(self) -> None:
        self.now = 100.0

    def perf_counter(self) -> float:
        return self.now

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    made = Clock()
    monkeypatch.setattr(bench, "time", made)
    return made


def test_frames_come_when_a_camera_has_them(clock: Clock) -> None:
    device = bench.AsCamera(Endless(), 50)
    begun = clock.now
    for n in range(11):
        found, image = device.read()
        assert found
        assert image.shape == (4, 4, 3)
        assert clock.now - begun == pytest.approx(n / 50)


def test_a_camera_that_is_late_catches_up(clock: Clock) -> None:
    source = Endless()
    device = bench.AsCamera(source, 100)
    device.read()
    clock.sleep(0.2)
    late = clock.now
    for _ in range(19):
        device.read()
    assert clock.now == late
    assert source.given == 20
    for _ in range(3):
        device.read()
    assert clock.now > late


def test_a_device_at_its_end_says_so() -> None:
    assert bench.AsCamera(Endless(0), 1000).read() == (False, None)


def test_steps_are_measured_at_both_paces(
    film: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "start_to_face", lambda config: 1.5)
    result = bench_live(BenchConfig(video=film, seconds=1.0, rate=20), Quiet())
    full, paced = result.passes
    assert result.size == (320, 180)
    assert result.first_result == 1.5
    assert (full.rate, paced.rate) == (None, 20)
    assert full.dropped == 0
    assert min(full.frames, paced.frames) >= 2
    for one in (full, paced):
        assert one.faces == pytest.approx(1.0, abs=0.1)
        assert 0 < one.cpu <= 1
        assert 0 < one.read[0] <= one.read[1]
        assert one.steps["total"][0] >= one.steps["detect"][0] > 0
    measured(result, as_json=False)
    table = capsys.readouterr().out
    assert "one.mp4, 320x180" in table
    assert "find faces" in table
    measured(result, as_json=True)
    assert json.loads(capsys.readouterr().out)["passes"][1]["rate"] == 20


def test_a_start_is_timed_to_the_first_face(film: Path) -> None:
    assert 0.2 < bench.start_to_face(BenchConfig(video=film)) < 60


def test_a_video_without_a_face_is_said(tmp_path: Path) -> None:
    path = tmp_path / "nobody.mp4"
    video.write(path, video.scene("nobody", 320, 180), seconds=0.3)
    with pytest.raises(FercurateError, match="no face"):
        bench.start_to_face(BenchConfig(video=path))


@pytest.mark.parametrize(
    ("config", "message"),
    [
        (BenchConfig(faces=3), "--faces is 3"),
        (BenchConfig(video=Path("absent.mp4")), "no video absent.mp4"),
        (BenchConfig(video=Path(__file__), seconds=0), "seconds is 0"),
        (BenchConfig(video=Path(__file__), rate=-1), "rate is -1"),
    ],
)
def test_what_cannot_be_measured_is_refused(config: BenchConfig, message: str) -> None:
    with pytest.raises(InputError, match=message):
        bench_live(config, Quiet())
