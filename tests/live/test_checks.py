from __future__ import annotations

import os
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from fercurate.config import LiveConfig
from fercurate.errors import EXIT_USAGE, InputError
from fercurate.live.checks import camera_size, check, is_camera, is_mirrored


@pytest.mark.parametrize(
    ("changes", "says"),
    [
        ({"threshold": 1.5}, "threshold is 1.5"),
        ({"threshold": float("nan")}, "threshold is nan"),
        ({"smoothing": -1.0}, "smoothing is -1"),
        ({"seconds": 0.0}, "seconds is 0"),
        ({"fps": -5.0}, "fps is -5"),
        ({"port": 70000}, "port is 70000"),
        ({"size": "large"}, "--size is 'large'"),
        ({"source": "browser", "view": "window"}, "camera of the page"),
        ({"source": "browser", "view": "none"}, "camera of the page"),
        ({"source": "in.mp4", "size": "640x480"}, "asked of a camera"),
        ({"source": "browser", "fps": 30.0}, "asked of a camera"),
        ({"record": Path("there.mp4")}, "there.mp4 is there already"),
        ({"csv": Path("in.mp4/a.csv")}, "in.mp4/a.csv cannot be written"),
        ({"plain": True}, "--plain is about a recording"),
        ({"jsonl": Path("-"), "csv": Path("-")}, "both go to standard output"),
        ({"record": Path("a.avi")}, "--record a.avi is of no known kind"),
        ({"summary": Path("a")}, "--summary a is of no known kind"),
        ({"jsonl": Path()}, "--jsonl . is a folder"),
        ({"jsonl": Path("x"), "csv": Path("./x")}, "--csv would overwrite the file of --jsonl"),
        ({"source": "in.mp4", "record": Path("in.mp4")}, "in.mp4 is what is read"),
        ({"source": "in.mp4", "record": Path("./in.mp4"), "force": True}, "is what is read"),
        ({"source": "in.mp4", "record": Path("link.mp4"), "force": True}, "is what is read"),
        ({"model": Path("m.onnx"), "csv": Path("m.onnx"), "force": True}, "is what is read"),
        ({"jsonl": Path("there.mp4")}, "there.mp4 is there already"),
        ({"csv": Path("there.mp4")}, "there.mp4 is there already"),
        ({"csv": Path("dangling")}, "dangling is there already"),
        ({"summary": Path("there.png")}, "there.png is there already"),
        ({"csv": Path("/dev/null"), "force": True}, "is no file, but a device"),
        ({"record": Path("pipe.mp4"), "force": True}, "is no file, but a device, pipe"),
    ],
)
def test_what_cannot_be_done_is_refused(
    changes: dict[str, Any], says: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("in.mp4", "there.mp4", "there.png", "m.onnx"):
        Path(name).touch()
    Path("link.mp4").symlink_to("in.mp4")
    Path("dangling").symlink_to("nowhere")
    os.mkfifo("pipe.mp4")
    with pytest.raises(InputError) as caught:
        check(replace(LiveConfig(), **changes))
    assert says in caught.value.message
    assert caught.value.fix
    assert caught.value.code == EXIT_USAGE


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"source": "browser"},
        {"jsonl": Path("-"), "csv": Path("a.csv"), "record": Path("a.MP4"), "plain": True},
        {"smoothing": 0.0, "threshold": 0.0, "port": 0},
        {"csv": Path("there.csv"), "record": Path("there.mp4"), "force": True},
        {"source": "https://host/video?token=" + 500 * "a"},
    ],
)
def test_what_can_be_done_is_not(
    changes: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("there.mp4", "there.csv"):
        Path(name).write_text("older")
    check(replace(LiveConfig(), **changes))
    assert Path("there.mp4").read_text() == Path("there.csv").read_text() == "older"


@pytest.mark.parametrize(
    ("source", "camera"),
    [
        ("0", True),
        ("/dev/video2", True),
        ("/dev/v4l/by-id/usb-cam-index0", True),
        ("browser", True),
        ("a.mp4", False),
        ("rtsp://host/1", False),
    ],
)
def test_cameras_are_known_by_their_names(source: str, camera: bool) -> None:
    assert is_camera(source) == camera


@pytest.mark.parametrize(
    ("source", "mirror", "shown"),
    [("0", None, True), ("a.mp4", None, False), ("0", False, False), ("a.mp4", True, True)],
)
def test_a_camera_is_a_mirror_and_a_video_is_not(
    source: str, mirror: bool | None, shown: bool
) -> None:
    assert is_mirrored(LiveConfig(source=source, mirror=mirror)) == shown


def test_a_size_is_width_and_height() -> None:
    assert camera_size("1280X720") == (1280, 720)
    assert camera_size(None) is None
