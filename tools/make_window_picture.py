"""Make docs/live-window.png: the window of `fercurate live` on a screen without a monitor.

    python tools/make_window_picture.py

The film is the test video with four faces; wants Xvfb and xdotool.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from PIL import Image

ROOT = Path(__file__).parent.parent
sys.path[:0] = [str(ROOT / "tests" / "live"), str(ROOT / "tests")]

from screens import screen  # noqa: E402

from fercurate.samples import video  # noqa: E402

PICTURE = ROOT / "docs" / "live-window.png"


def main() -> None:
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        video.write(folder / "four.mp4", video.scene("four"), seconds=10, rate=30)
        with screen(folder, "1280x720") as display:
            command = [sys.executable, "-m", "fercurate", "live", "--source", "four.mp4"]
            environment = {**os.environ, "DISPLAY": display.name}
            with subprocess.Popen(command, cwd=folder, env=environment) as process:
                window = display.wait_for_window("fercurate live")
                display.xdotool("mousemove", "1279", "719")  # out of the picture
                time.sleep(5)
                shot = Image.fromarray(display.picture()[:, :, ::-1])
                display.press(window, "q")
                process.wait(30)
    shot.quantize(256, kmeans=1, dither=Image.Dither.NONE).save(PICTURE, optimize=True)
    print(f"{PICTURE}: {PICTURE.stat().st_size / 1000:.0f} kB")


if __name__ == "__main__":
    main()
