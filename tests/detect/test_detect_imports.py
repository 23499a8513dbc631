"""mediapipe comes without matplotlib, and whoever wants that still gets it."""

from __future__ import annotations

import subprocess
import sys

import pytest

LATER = """
import sys
from fercurate.detect.detector import Detector
Detector()
print(any(name.startswith(("matplotlib", "sounddevice")) for name in sys.modules))
from mediapipe.tasks.python.vision import drawing_utils as drawing
import matplotlib.pyplot as plt
print(drawing.plt.figure is plt.figure)
"""

BEFORE = """
import matplotlib.colors as before
from fercurate.detect.imports import drawing_later
with drawing_later():
    import matplotlib.colors
print(matplotlib.colors is not before)
print(matplotlib.colors.to_hex("red") == "#ff0000")
"""


@pytest.mark.parametrize("code", [LATER, BEFORE])
def test_matplotlib_waits_until_it_is_wanted(code: str) -> None:
    pytest.importorskip("matplotlib")
    command = [sys.executable, "-c", code]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["False", "True"]
