"""What `--source` may be, and streams of a real server on this machine."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pytest
from mjpeg_server import network_camera
from test_capture import Camera, next_frame
from test_files import film, frames
from waiting import HANG, until

from fercurate.errors import InputError
from fercurate.live import decode, sources
from fercurate.live.capture import Capture, Patience
from fercurate.live.files import VideoFile
from fercurate.live.sources import open_source

SECRET = "hunter2"


def devices(folder: Path, *numbers: int) -> Path:
    for number in numbers:
        (folder / f"video{number}").touch()
    return folder


def test_no_camera_at_all(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="There is no camera") as error:
        sources._look_for(0, devices(tmp_path))
    assert "--source browser" in error.value.fix
    assert error.value.code == 2


def test_another_camera(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no camera 3\. There is: 0, 2, 10") as error:
        sources._look_for(3, devices(tmp_path, 10, 2, 0))
    assert error.value.fix == "Choose one: fercurate live --source 0"


def test_a_camera_that_may_not_be_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(InputError, match="may not use") as error:
        sources._look_for(0, devices(tmp_path, 0))
    assert "usermod -aG video" in error.value.fix


@pytest.fixture
def camera(monkeypatch: pytest.MonkeyPatch) -> Camera:
    made = Camera()
    monkeypatch.setattr(sources, "_look_for", lambda which: None)
    monkeypatch.setattr(sources, "camera_device", lambda which, size, fps: made)
    return made


@pytest.mark.parametrize(
    ("spec", "name"),
    [
        ("0", "camera 0"),
        (" 1 ", "camera 1"),
        ("/dev/video7", "camera 7"),
        ("/dev/x", "camera /dev/x"),
    ],
)
def test_a_camera_by_its_number_or_path(spec: str, name: str, camera: Camera) -> None:
    source = open_source(spec)
    assert source.name == name
    assert source.is_live
    assert isinstance(source, Capture)
    assert next_frame(source) is not None
    source.close()
    assert camera.released == 1


def test_a_camera_that_is_in_use(camera: Camera) -> None:
    camera.works.clear()
    with pytest.raises(InputError, match="Camera 0 gives no picture") as error:
        open_source("0")
    assert "other programs" in error.value.fix
    assert camera.released == 1


def test_a_camera_that_gives_nothing(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "_FIRST_SECONDS", 0.1)
    monkeypatch.setattr(camera, "read", lambda: (False, None))
    with pytest.raises(InputError, match="gives no picture"):
        open_source("0")
    assert camera.released == 1


def test_a_camera_that_begins_with_nothing(camera: Camera, monkeypatch: pytest.MonkeyPatch) -> None:
    reads = iter([(False, None)] * 3)
    real = camera.read
    monkeypatch.setattr(camera, "read", lambda: next(reads, None) or real())
    source = open_source("0")
    assert next_frame(source) is not None
    source.close()


def test_files_by_path_and_by_address(tmp_path: Path) -> None:
    path = film(tmp_path / "a b.mp4", n=3)
    for spec in (str(path), f"file://{str(path).replace(' ', '%20')}"):
        source = open_source(spec)
        assert isinstance(source, VideoFile)
        assert source.name == "a b.mp4"
        assert len(frames(source)) == 3
        source.close()


@pytest.mark.parametrize("spec", ["gopher://me:hunter2@host/a", "concat://a|b"])
def test_other_kinds_of_address(spec: str) -> None:
    with pytest.raises(InputError, match="no kind of stream") as error:
        open_source(spec)
    assert SECRET not in str(error.value)


def test_a_stream_that_cannot_be_reached(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(InputError, match="cannot be reached: Connection refused") as error:
        open_source(f"rtsp://me:{SECRET}@127.0.0.1:9/a?pwd={SECRET}")
    assert SECRET not in str(error.value)
    assert SECRET not in capfd.readouterr().err
    assert error.value.code == 2


@pytest.mark.parametrize("address", ["rtsp://127.0.0.1:99999/a", "rtsp://me:hunter2@[cam/a"])
def test_an_address_that_is_none(address: str) -> None:
    with pytest.raises(InputError, match="not well-formed") as error:
        open_source(address)
    assert SECRET not in str(error.value)


def test_a_stream_that_sends_no_video(capfd: pytest.CaptureFixture[str]) -> None:
    with network_camera() as camera:
        camera.refuses = True
        with pytest.raises(InputError, match="sends no video") as error:
            open_source(camera.address.replace("//", f"//me:{SECRET}@"))
    assert "password" in error.value.fix
    assert SECRET not in str(error.value) + capfd.readouterr().err


def open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir())) if Path("/proc/self/fd").exists() else 0


def test_a_stream_stalls_ends_and_comes_back(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decode, "STALL_SECONDS", HANG)
    monkeypatch.setattr(sources, "STREAM", Patience(waits=(0.05, 0.1), give_up=10 * HANG))
    said: list[str] = []
    with network_camera() as camera:
        before = threading.active_count(), open_files()
        source = open_source(camera.address.replace("//", f"//me:{SECRET}@"), say=said.append)
        assert source.is_live
        frame = next_frame(source)  # type: ignore[arg-type]
        assert frame is not None
        assert frame.image.shape == (48, 64, 3)

        camera.level = 200
        monkeypatch.setattr(decode, "STALL_SECONDS", 1.0)  # of the connection that comes now
        camera.hang_up()
        until(lambda: len(said) == 2)
        frame = next_frame(source)  # type: ignore[arg-type]
        assert frame is not None
        assert abs(float(frame.image.mean()) - 200) < 5
        assert camera.connections == 2

        camera.sends.clear()
        until(lambda: len(said) == 3)  # it is opened anew, and tried again and again
        monkeypatch.setattr(decode, "STALL_SECONDS", HANG)
        camera.sends.set()
        until(lambda: len(said) == 4)
        assert next_frame(source) is not None  # type: ignore[arg-type]
        source.close()
        camera.hang_up()
        until(lambda: (threading.active_count(), open_files()) <= before)
    assert [line.split(" ", 1)[1] for line in said] == [
        "gives no picture any more; waiting for it",
        "is back",
    ] * 2
    assert SECRET not in "".join(said)


def test_a_stream_is_never_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is read after a while of work is what the camera sees then."""
    monkeypatch.setattr(decode, "STALL_SECONDS", HANG)
    with network_camera(rate=200) as camera:
        source = open_source(camera.address)
        assert isinstance(source, Capture)
        next_frame(source)
        until(lambda: camera.sent > 100)
        camera.level = 220
        # it came here, and nobody has read those before it
        until(lambda: source._newest is not None and source._newest.image.mean() > 200)
        frame = next_frame(source)
        source.close()
    assert frame is not None
    assert frame.image.mean() > 200
    assert frame.index > 30


def test_a_file_behind_http_is_a_file(tmp_path: Path) -> None:
    path = film(tmp_path / "a.avi", n=30)
    with network_camera(video=path) as camera:
        address = camera.address.replace("camera.mjpg", f"video.avi?pwd={SECRET}")
        source = open_source(address)
        assert not source.is_live
        assert source.name == "http://127.0.0.1"
        assert len(frames(source)) == 30  # type: ignore[arg-type]
        source.close()
