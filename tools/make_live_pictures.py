"""Make docs/live-page.png and docs/live-phone.png: the page of `fercurate live` at work.

    python tools/make_live_pictures.py

The faces are those of scikit-image's wheel; two of the three people turn into others now and
then, since a still face shows the same for a whole minute. What is said of them is the packaged
model's own. It takes a little over a minute, and wants Chromium and playwright.
"""

from __future__ import annotations

import io
import math
import shutil
import threading
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from PIL import Image

from fercurate.infer.classifier import Classifier, open_classifier
from fercurate.labels import COLOURS
from fercurate.live.analyse import Analyser
from fercurate.live.controls import Controls
from fercurate.live.find import Finder
from fercurate.live.frame import Frame
from fercurate.live.page.serve import Served, serve
from fercurate.live.stats import Meter
from fercurate.samples import pasting, video
from fercurate.samples.faces import enlarge, load_crops, to_grey

DOCS = Path(__file__).parent.parent / "docs"
SECONDS, RATE = 64.0, 30.0
CASTS = ((21, 54, 52, 6), (17, 87, 2, 51))
"""Rows of the LFW subset that a person goes through; 21 and 52 smile, 51 is surprised."""

HELD, TURNING = 9.0, 1.2
"""Seconds that a person stays one, and takes to become the next."""


def person(
    rows: tuple[int, ...], skin: tuple[float, float, float]
) -> Callable[[float], video.Image]:
    """A face at each time in seconds, uint8 [256, 256, 3], blue, green, red."""
    crops = load_crops()
    faces = [to_grey(enlarge(crops[row], 256)[:, :, None] * np.array(skin)) for row in rows]

    def at(time: float) -> video.Image:
        turn, rest = divmod(time, HELD)
        now, after = (faces[(int(turn) + i) % len(faces)] for i in (0, 1))
        share = np.clip((rest - HELD + TURNING) / TURNING, 0, 1)
        return np.rint(now * (1 - share) + after * share).astype(np.uint8)

    return at


def scene_at(
    now: float,
    ground: video.Image,
    lady: video.Image,
    people: tuple[Callable[[float], video.Image], ...],
) -> video.Scene:
    """Who stands where at a time in seconds."""
    sway = 0.03 * math.sin(now / 1.3)
    places = [(0.53 + 2 * sway, 0.47 + sway, 0.46)]
    places += [(0.98 + 0.45 * i + sway * (1 - 2 * i), 0.5 - 1.5 * sway, 0.32) for i in (0, 1)]
    pictures = [lady, *(at(now + 4 * i) for i, at in enumerate(people))]
    return video.Scene(
        ground,
        tuple(
            video.Actor(picture, lambda _, place=place: place)
            for picture, place in zip(pictures, places, strict=True)
        ),
    )


def kept(png: bytes, name: str) -> None:
    """A screenshot in 256 colours, a third of the bytes; those of the classes stay as they are."""
    shot = Image.open(io.BytesIO(png)).convert("RGB")
    chart = Image.new("RGB", (shot.width, shot.height + 8 * 30))
    chart.paste(shot)
    for i, colour in enumerate(COLOURS.values()):
        chart.paste(colour, (0, shot.height + 30 * i, shot.width, shot.height + 30 * (i + 1)))
    palette = chart.quantize(256, kmeans=1)
    path = DOCS / name
    shot.quantize(palette=palette, dither=Image.Dither.NONE).save(path, optimize=True)
    print(f"{path}: {path.stat().st_size / 1000:.0f} kB")


def play(served: Served, controls: Controls, classifier: Classifier) -> None:
    """The film in real time, analysed as `fercurate live` does it."""
    analyser, meter = Analyser(classifier, Finder()), Meter()
    ground = video.scene("nobody").background
    lady = pasting.astronaut()
    people = person(CASTS[0], (0.76, 0.87, 1.0)), person(CASTS[1], (0.62, 0.76, 0.92))
    began, index = time.perf_counter(), 0
    while not controls.quit.is_set():
        now = time.perf_counter() - began
        image, _ = scene_at(now, ground, lady, people).at(now)
        index = max(index + 1, round(now * RATE))
        frame = Frame(image, now, index, time.perf_counter())
        result = analyser.analyse(frame, controls)
        meter.add(result, time.perf_counter())
        served.view.take(result, meter.stats())
        time.sleep(max(0.0, began + (index + 1) / RATE - time.perf_counter()))


def main() -> None:
    from playwright.sync_api import sync_playwright

    controls, classifier = Controls(), open_classifier(None, "cpu", threads=1)
    controls.answer_with(classifier.info)
    served = serve(controls, classifier.info.classes, source="camera 0")
    player = threading.Thread(target=play, args=(served, controls, classifier))
    player.start()
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium"),
            args=["--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage"],
        )
        wide = browser.new_page(viewport={"width": 1280, "height": 800}, color_scheme="dark")
        wide.goto(served.link)
        time.sleep(SECONDS)
        kept(wide.screenshot(), "live-page.png")
        wide.close()
        small = browser.new_page(
            viewport={"width": 390, "height": 844}, color_scheme="light", device_scale_factor=1.5
        )
        small.goto(served.link)
        time.sleep(1.5)
        kept(small.screenshot(), "live-phone.png")
        controls.press("q")
        player.join()
        browser.close()
    served.close()


if __name__ == "__main__":
    main()
