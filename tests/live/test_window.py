from __future__ import annotations

import contextlib
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_cases import CLASS_NAMES
from screens import Screen, needs_screen, screen
from waiting import HANG, until

from fercurate.errors import FercurateError
from fercurate.live.controls import Controls
from fercurate.live.look import INKS
from fercurate.live.window import Window, obstacle

SHOW = """
import sys, time
sys.path.insert(0, {here!r})
import cv2
real = cv2.waitKeyEx
def wait_key(delay):
    code = real(delay)
    if code != -1:
        with open({heard!r}, "a") as file:
            print(code & 0xFF, file=file)
    return code
cv2.waitKeyEx = wait_key
from fake_model import Finds, Says, analyser, face
from live_cases import CLASS_NAMES, picture
from fercurate.live.controls import Controls
from fercurate.live.frame import Frame
from fercurate.live.stats import Meter
from fercurate.live.window import Window
controls, meter = Controls(), Meter()
window = Window("a test", controls, CLASS_NAMES)
model = Says((0.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0))
controls.answer_with(model.info)
live, image = analyser(model, Finds([face(260, 160, 120)])), picture({width}, {height}, 200)
begun, index = time.monotonic(), 0
while not controls.quit.is_set() and time.monotonic() < begun + 280:
    if controls.paused:
        window.idle()
    else:
        index += 1
        frame = Frame(image, time.monotonic() - begun, index, time.perf_counter())
        found = live.analyse(frame, controls)
        meter.add(found, time.perf_counter())
        window.take(found, meter.stats())
    time.sleep(0.01)
window.close()
print(sorted(controls.as_dict().items()), controls.take_snapshot(), controls.quit.is_set())
"""


@pytest.fixture(scope="module")
def display(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Screen]:
    with screen(tmp_path_factory.mktemp("screen")) as made:
        yield made


def display_heard(display: Screen) -> Path:
    """Where the keys are written that a window here has heard."""
    return display.folder / "heard"


@contextlib.contextmanager
def start(display: Screen, width: int = 640, height: int = 480) -> Iterator[subprocess.Popen[str]]:
    display_heard(display).unlink(missing_ok=True)
    code = SHOW.format(
        here=str(Path(__file__).parent), width=width, height=height,
        heard=str(display_heard(display)),
    )  # fmt: skip
    # what some desktops set, and a folder of fonts that is not there
    odd = {"QT_QPA_PLATFORM": "wayland", "QT_QPA_FONTDIR": "/nowhere"}
    with subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "DISPLAY": display.name, **odd},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()  # where it has not ended by itself


def pixels(display: Screen, name: str) -> int:
    """How many have the colour of a class."""
    return int((display.picture() == np.array(INKS[name], np.uint8)).all(axis=2).sum())


@needs_screen
def test_keys_change_the_switches_and_the_picture(display: Screen) -> None:
    with start(display) as shown:
        window = display.wait_for_window("a test")
        until(lambda: pixels(display, "sad") > 500, step=0.1)
        display.press(window, "v", "b", heard=display_heard(display))
        until(lambda: pixels(display, "fear") > 500, step=0.1)  # what the other head says
        assert pixels(display, "sad") == 0
        before = display.picture()
        # arrows are no letters: the left one ends in the byte of Q
        keys = ("Left", "Right", "KP_Add", "minus", "minus", "G", "m", "s", "p", "x")
        display.press(window, *keys, heard=display_heard(display))
        until(lambda: (display.picture() != before).any())
        display.press(window, "q")
        out, err = shown.communicate(timeout=HANG)
    assert out.strip() == (
        "[('balance', 0.25), ('balances', True), ('grouped', True), ('half_life', 0.2), "
        "('head', 'votes'), ('heads', 2), ('mirror', True), ('paused', True)] True True"
    )
    assert err == ""  # nothing of Qt's


@needs_screen
@pytest.mark.parametrize("way", ["Escape", "cross"])
def test_escape_and_the_cross_end_it(display: Screen, way: str) -> None:
    with start(display) as shown:
        window = display.wait_for_window("a test")
        if way == "cross":
            display.cross(window)
        else:
            display.press(window, way)
        out, err = shown.communicate(timeout=HANG)
    assert out.strip().endswith("False True")
    assert err == ""


@needs_screen
def test_a_4k_frame_fits_the_screen(display: Screen) -> None:
    with start(display, 3840, 2160) as shown:
        window = display.wait_for_window("a test")
        size = display.xdotool("getwindowgeometry", "--shell", window)
        display.press(window, "q")
        shown.communicate(timeout=HANG)
    assert "WIDTH=1280" in size
    assert "HEIGHT=720" in size


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="X11 alone")
@pytest.mark.parametrize(
    ("variables", "says"),
    [
        ({}, "DISPLAY is not set"),
        ({"WAYLAND_DISPLAY": "wayland-0"}, "XWayland"),
        ({"DISPLAY": ":987"}, "The display :987 does not answer"),
        ({"DISPLAY": "nonsense"}, "The display nonsense does not answer"),
    ],
)
def test_no_display(variables: dict[str, str], says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("DISPLAY", "WAYLAND_DISPLAY"):
        monkeypatch.delenv(name, raising=False)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(FercurateError, match="--view browser") as caught:
        Window("a test", Controls(), CLASS_NAMES)
    assert says in caught.value.message


def test_an_opencv_without_windows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cv2, "currentUIFramework", lambda: "")
    found = obstacle()
    assert found is not None
    assert "headless" in found.message
    assert "opencv-contrib-python" in found.fix
    assert "--view browser" in found.fix
