from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest
from live_cases import CLASS_NAMES
from numpy.typing import NDArray
from screens import Screen, needs_screen, screen, wait_until

from fercurate.errors import FercurateError
from fercurate.live.controls import Controls
from fercurate.live.look import INKS
from fercurate.live.window import Window, obstacle

SHOW = """
import sys, time
sys.path.insert(0, {here!r})
from live_cases import CLASS_NAMES, live_face, picture, result
from fercurate.live.controls import Controls
from fercurate.live.stats import Meter
from fercurate.live.window import Window
controls, meter = Controls(), Meter()
window = Window("a test", controls, CLASS_NAMES)
found = result(live_face((200, 100, 120, 120)), image=picture({width}, {height}, 200))
end = time.monotonic() + 200
while not controls.quit.is_set() and time.monotonic() < end:
    if controls.paused:
        window.idle()
    else:
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


def start(display: Screen, width: int = 640, height: int = 480) -> subprocess.Popen[str]:
    code = SHOW.format(here=str(Path(__file__).parent), width=width, height=height)
    # what some desktops set, and a folder of fonts that is not there
    odd = {"QT_QPA_PLATFORM": "wayland", "QT_QPA_FONTDIR": "/nowhere"}
    return subprocess.Popen(
        [sys.executable, "-c", code],
        env={**os.environ, "DISPLAY": display.name, **odd},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def happy(image: NDArray[np.uint8]) -> int:
    """Pixels of the colour of happy."""
    return int((image == np.array(INKS["happy"], np.uint8)).all(axis=2).sum())


@needs_screen
def test_keys_change_the_switches_and_the_picture(display: Screen) -> None:
    with start(display) as shown:
        window = display.wait_for_window("a test")
        assert wait_until(lambda: happy(display.picture()) > 500)
        before = display.picture()
        # arrows are no letters: the left one ends in the byte of Q
        display.press(window, "Left", "Right", "KP_Add", "minus", "minus", "G", "m", "s", "p", "x")
        paused = display.picture()
        display.press(window, "q")
        out, err = shown.communicate(timeout=120)
    assert out.strip() == (
        "[('grouped', True), ('half_life', 0.2), ('mirror', True), ('paused', True)] True True"
    )
    assert err == ""  # nothing of Qt's
    assert (paused != before).any()


@needs_screen
@pytest.mark.parametrize("way", ["Escape", "cross"])
def test_escape_and_the_cross_end_it(display: Screen, way: str) -> None:
    with start(display) as shown:
        window = display.wait_for_window("a test")
        if way == "cross":
            display.cross(window)
        else:
            display.press(window, way)
        out, err = shown.communicate(timeout=120)
    assert out.strip().endswith("False True")
    assert err == ""


@needs_screen
def test_a_4k_frame_fits_the_screen(display: Screen) -> None:
    with start(display, 3840, 2160) as shown:
        window = display.wait_for_window("a test")
        size = display.xdotool("getwindowgeometry", "--shell", window)
        display.press(window, "q")
        shown.communicate(timeout=120)
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
