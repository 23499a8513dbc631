"""How many images a second `fercurate predict` takes, with and without finding faces.

    python tools/time_predict.py [MODEL] [N]

Makes N (1,000) photographs of 640x480 with one or two faces of the embedded sample in each, and
as many crops, in a temporary folder, and times the command on both: as a whole, with its start,
and from the first image on. MODEL is the package's own unless one is named.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image

from fercurate.samples import faces as scikit
from fercurate.samples.stage import Row, compose

BACKGROUNDS = (
    "chelsea.png", "coffee.png", "rocket.jpg", "camera.png", "brick.png", "grass.png",
    "gravel.png", "moon.png", "coins.png", "page.png",
)  # fmt: skip
TINT = np.array([1.0, 0.92, 0.85])


def main(model: str | None, n: int) -> None:
    rows = [row for row in compose(0) if row.kind == "human" and not row.is_constant]
    with tempfile.TemporaryDirectory() as folder:
        photos, crops = Path(folder) / "photos", Path(folder) / "crops"
        n_faces = write_photos(photos, rows, n)
        crops.mkdir()
        for i in range(n):
            Image.fromarray(rows[i % len(rows)].pixels).save(crops / f"{i:05d}.png")
        print(f"{n:,} photographs with {n_faces:,} faces pasted in, {n:,} crops")
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f}")
        report("photographs", photos, n, model, [])
        report("crops", crops, n, model, ["--crops"])


def write_photos(folder: Path, rows: list[Row], n: int) -> int:
    """Write the photographs; the number of faces pasted into them."""
    folder.mkdir()
    rng = np.random.default_rng(0)
    paths = [p for name in BACKGROUNDS if (p := scikit.data_dir() / name).exists()]
    backgrounds = [background(path) for path in paths]
    n_faces = 0
    for i in range(n):
        photo = backgrounds[rng.integers(len(backgrounds))].copy()
        halves = (0, 320) if rng.random() < 0.1 else (int(rng.integers(2)) * 320,)
        for half in halves:
            paste(photo, rows[rng.integers(len(rows))].pixels, half, rng)
        n_faces += len(halves)
        Image.fromarray(photo).save(folder / f"{i:05d}.jpg", quality=90)
    return n_faces


def background(path: Path) -> np.ndarray:
    with Image.open(path) as image:
        return np.array(image.convert("RGB").resize((640, 480), Image.Resampling.BICUBIC))


def paste(photo: np.ndarray, face: np.ndarray, left: int, rng: np.random.Generator) -> None:
    """Put a face of 110 to 220 pixels somewhere into one half of a photograph."""
    side = int(rng.integers(110, 220))
    x, y = left + int(rng.integers(0, 320 - side)), int(rng.integers(0, 480 - side))
    large = cv2.resize(face, (side, side), interpolation=cv2.INTER_CUBIC).astype(float)
    down, across = np.abs(np.mgrid[-1 : 1 : side * 1j, -1 : 1 : side * 1j])
    share = np.clip((1.05 - np.maximum(down, across)) * 12, 0, 1)[..., None]
    part = photo[y : y + side, x : x + side]
    mixed = part * (1 - share) + large[..., None] * TINT * share
    photo[y : y + side, x : x + side] = mixed.clip(0, 255).astype(np.uint8)


def report(name: str, folder: Path, n: int, model: str | None, words: list[str]) -> None:
    command = [sys.executable, "-m", "fercurate", "predict", str(folder), "--csv", *words]
    command += ["--model", model] if model else []
    before, started = os.times(), time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    seconds, after = time.perf_counter() - started, os.times()
    busy = sum(after[i] - before[i] for i in (2, 3))
    said = done.stderr.strip().splitlines()[-1]
    steady = re.search(r"\(([\d,]+) images/s\)", said)
    print(f"{name}: whole command {seconds:.1f} s, {n / seconds:,.0f} images/s")
    print(f"  from the first image on: {steady[1] if steady else '?'} images/s; {said}")
    print(f"  processor time {busy:.1f} s, {1000 * busy / n:.1f} ms an image with the start")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else None, int((sys.argv[2:] or ["1000"])[0]))
