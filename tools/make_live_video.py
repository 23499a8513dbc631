"""Write a film of moving faces, to try `fercurate live` on.

    python tools/make_live_video.py four.mp4 --scene four
    python tools/make_live_video.py camera.mjpeg --width 640 --height 480

The second one is for Chromium's fake camera: --use-fake-device-for-media-stream
--use-file-for-fake-video-capture=camera.mjpeg
"""

from __future__ import annotations

import argparse
from pathlib import Path

from fercurate.samples import video


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("path", type=Path, help=".mp4, .avi, .mjpeg or .y4m")
    parser.add_argument("--scene", default="one", choices=sorted(video.SCENES))
    parser.add_argument("--width", type=int, default=1280)
    parser.add_argument("--height", type=int, default=720)
    parser.add_argument("--seconds", type=float, default=video.SECONDS)
    parser.add_argument("--rate", type=float, default=30.0)
    given = parser.parse_args()
    made = video.scene(given.scene, given.width, given.height)
    video.write(given.path, made, given.seconds, given.rate)


if __name__ == "__main__":
    main()
