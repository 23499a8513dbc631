"""`fercurate live` as a user runs it, in a process of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import pytest
import torch
from screens import Screen, needs_screen, screen
from waiting import HANG, until

from fercurate.infer import onnx_export
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.learn import zoo
from fercurate.samples import video

PRIOR = (0.1, 0.02, 0.08, 0.3, 0.1, 0.1, 0.3)
TWO = ["--source", "nowhere.mp4", "--model", "two.onnx"]
LIVE = [sys.executable, "-m", "fercurate", "live"]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    video.write(folder / "one.mp4", video.scene("one", 640, 480), seconds=1, rate=15)
    torch.manual_seed(0)
    heads = (Head("given", PRIOR), Head("votes", PRIOR, balance=0.25))
    model = zoo.create("facenet", n_heads=2).eval()
    info = ModelInfo("facenet", mirrored=False, heads=heads)
    onnx_export.export(model, info, folder / "two.onnx")
    (folder / "text.mp4").write_text("no video")
    return folder


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with screen(tmp_path_factory.mktemp("screen")) as made:
        yield made


def environment(**more: str) -> dict[str, str]:
    kept = {k: v for k, v in os.environ.items() if k not in ("DISPLAY", "WAYLAND_DISPLAY")}
    return {**kept, "NO_COLOR": "1", **more}


def live(*words: str, folder: Path, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [*LIVE, *words],
        capture_output=True,
        text=True,
        cwd=folder,
        timeout=HANG,
        env=environment(**more),
    )


def test_a_video_from_end_to_end(folder: Path, tmp_path: Path) -> None:
    done = live(
        "--source", "one.mp4", "--view", "none", "--jsonl", "-", "--csv", str(tmp_path / "a.csv"),
        "--record", str(tmp_path / "a.mp4"), "--summary", str(tmp_path / "a.png"), folder=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert len(rows) >= 10
    assert {row["track"] for row in rows} == {1}
    said = done.stderr.splitlines()
    assert said[0].startswith("one.mp4, 15 frames/s; the model of the package")
    assert "15 frames, 1 face followed" in done.stderr
    for name in ("a.csv", "a.mp4", "a.png"):
        assert f"Written: {tmp_path / name}" in said
        assert (tmp_path / name).stat().st_size > 100
    film = cv2.VideoCapture(str(tmp_path / "a.mp4"))
    assert film.get(cv2.CAP_PROP_FRAME_COUNT) == 15
    film.release()


@pytest.mark.parametrize(
    ("words", "how"),
    [
        ([], ("votes", 0.25)),
        (["--balance", "1"], ("votes", 1.0)),
        (["--as", "given"], ("given", 0.0)),
    ],
)
def test_the_head_that_is_asked_for_answers(
    words: list[str], how: tuple[str, float], folder: Path
) -> None:
    done = live(
        "--source", "one.mp4", "--view", "none", "--model", "two.onnx", "--jsonl", "-", *words,
        folder=folder,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    assert {(row["as"], row["balance"]) for row in rows} == {how}
    assert f"answers as {how[0]}, balance {how[1]:g}" in done.stderr.splitlines()[0]


def test_json_is_the_summary_on_stdout(folder: Path) -> None:
    done = live("--source", "one.mp4", "--view", "none", "--json", folder=folder)
    assert json.loads(done.stdout)["frames"] == 15
    assert done.returncode == 0


@pytest.mark.parametrize(
    ("words", "code", "says"),
    [
        (["--source", "nowhere.mp4"], 2, "nowhere.mp4"),
        (["--source", "text.mp4"], 2, "text.mp4"),
        (["--source", "one.mp4", "--model", "nowhere.onnx"], 2, "no model nowhere.onnx"),
        (["--source", "one.mp4", "--view", "window"], 1, "--view browser"),
        (["--source", "one.mp4", "--view", "screen"], 2, "screen"),
        (["--source", "one.mp4", "--threshold", "5"], 2, "between 0 and 1"),
        (["--source", "one.mp4", "--balance", "-1"], 2, "between 0 and 1"),
        # the model is asked before anything is opened, the missing video too
        ([*TWO, "--as", "corrected", "--csv", "new.csv"], 2, "its heads are given, votes."),
        ([*TWO, "--as", "votes"], 2, "nowhere.mp4"),
        (["--source", "one.mp4", "--csv", "one.mp4"], 2, "overwritten"),
        (["--source", "one.mp4", "--csv", "text.mp4/a.csv"], 2, "text.mp4"),
        (["--source", "one.mp4", "--port", "70000"], 2, "port"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(
    words: list[str], code: int, says: str, folder: Path
) -> None:
    view = [] if "--view" in words else ["--view", "none"]
    done = live(*words, *view, folder=folder)
    assert says in done.stderr
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    assert done.stdout == ""
    assert not (folder / "new.csv").exists()


@pytest.mark.skipif(any(Path("/dev").glob("video*")), reason="there is a camera")
def test_no_camera(folder: Path) -> None:
    done = live("--view", "none", folder=folder)
    assert done.returncode in (1, 2)
    first, *rest = done.stderr.splitlines()
    assert "camera" in first.lower()
    assert rest  # and what to do
    assert len(done.stderr.splitlines()) < 6  # none of OpenCV's own


def test_a_reader_that_has_enough(folder: Path) -> None:
    command = f"{' '.join(LIVE)} --source one.mp4 --view none --loop --jsonl - | head -n 2"
    done = subprocess.run(
        command, shell=True, capture_output=True, text=True, cwd=folder, timeout=HANG,
        env=environment(),
    )  # fmt: skip
    assert len(done.stdout.splitlines()) == 2
    assert "Error" not in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_breaks_off_and_finishes_the_files(
    name: str, folder: Path, tmp_path: Path
) -> None:
    rows, film = tmp_path / "a.jsonl", tmp_path / "a.mp4"
    words = ["--source", "one.mp4", "--view", "none", "--loop"]
    words += ["--jsonl", str(rows), "--record", str(film)]
    with subprocess.Popen(
        [*LIVE, *words], stderr=subprocess.PIPE, text=True, cwd=folder, env=environment()
    ) as process:
        assert process.stderr is not None
        for line in process.stderr:
            if line.startswith("No view"):
                break
        until(lambda: rows.exists() and rows.read_text().count("\n") > 5)
        process.send_signal(getattr(signal, name))
        said = process.stderr.read()
        assert process.wait(HANG) == 130, said
    assert "Traceback" not in said
    assert f"Written: {film}" in said
    assert all(json.loads(line) for line in rows.read_text().splitlines())
    capture = cv2.VideoCapture(str(film))
    assert capture.read()[0]
    capture.release()


def test_it_needs_no_network_and_no_torch(folder: Path) -> None:
    code = (
        "import socket, sys\n"
        "def refuse(*a): raise OSError('no network')\n"
        "socket.socket.connect = socket.getaddrinfo = refuse\n"
        "sys.argv = ['fercurate', 'live', '--source', 'one.mp4', '--view', 'none']\n"
        "from fercurate import cli\n"
        "try: cli.main()\n"
        "except SystemExit as end: print(end.code)\n"
        "heavy = {'torch', 'pandas', 'sklearn', 'fiftyone', 'matplotlib', 'onnx', 'uvicorn'}\n"
        "print(sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, cwd=folder,
        env=environment(),
    )  # fmt: skip
    assert done.stdout.splitlines() == ["0", "[]"], done.stderr


@needs_screen
def test_a_window_where_there_is_a_display(folder: Path, display: Screen) -> None:
    words = ["--source", "one.mp4", "--loop", "--snapshots", "kept"]
    with subprocess.Popen(
        [*LIVE, *words],
        stderr=subprocess.PIPE,
        text=True,
        cwd=folder,
        env=environment(DISPLAY=display.name),
    ) as process:
        window = display.wait_for_window("fercurate live: one.mp4")
        display.press(window, "g")
        display.press(window, "s")
        until(lambda: (folder / "kept").is_dir() and any((folder / "kept").iterdir()))
        display.press(window, "q")
        assert process.stderr is not None
        said = process.stderr.read()
        assert process.wait(HANG) == 0, said
    assert "Snapshot: kept/" in said
    assert len(list((folder / "kept").iterdir())) == 1
    assert "QFont" not in said
    assert "qt." not in said
