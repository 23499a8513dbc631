"""Kill commands with -9 at random moments, run them again, and compare with an undisturbed run.

    python tools/kill_trials.py [audit enrich screen] [--trials 5] [--seed 0] [--images 300]

Works in a temporary folder on the embedded sample. Prints one line a trial: after how many seconds
it was killed, whether the result is the same, and what was left over.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import shutil
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
import pandas as pd
import psutil

COMMANDS = {
    "audit": ["audit", "--effort", "quick", "--no-fiftyone", "--no-report"],
    "enrich": ["enrich", "photos", "--into", "faces", "--no-fiftyone"],
    "screen": ["screen", "--no-fiftyone"],
}


def fercurate(*words: str, cwd: Path, check: bool = True) -> subprocess.Popen[bytes]:
    process = subprocess.Popen(
        [sys.executable, "-m", "fercurate", *words], cwd=cwd, stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL, start_new_session=True,
    )  # fmt: skip
    if check and process.wait() != 0:
        raise SystemExit(f"fercurate {' '.join(words)} ended with {process.returncode}")
    return process


def prepare(folder: Path, images: int) -> None:
    """A dataset of some images of the embedded sample, and photographs to enrich it with."""
    from fercurate.samples import stage
    from fercurate.samples.faces import load_crops

    written = stage.write(folder / "source").csv
    header, *rows = written.read_text().splitlines()
    chosen = random.Random(0).sample(rows, min(images, len(rows)))
    written.write_text("\n".join([header, *chosen]) + "\n")
    fercurate("import", "source/fer2013-sample.csv", "--name", "faces", "--no-fiftyone", cwd=folder)
    (folder / "photos" / "happy").mkdir(parents=True)
    for i, crop in enumerate(load_crops()[:40]):
        face = cv2.resize((np.asarray(crop) * 255).clip(0, 255).astype(np.uint8), (240, 240))
        photo = np.full((480, 640), 120, np.uint8)
        photo[120:360, 200:440] = face
        cv2.imwrite(str(folder / "photos" / "happy" / f"{i}.png"), photo)


def result(folder: Path, name: str) -> pd.DataFrame:
    from fercurate.workspace import Workspace

    space = Workspace(folder / "datasets" / "faces")
    return {"audit": space.audit, "enrich": space.manifest, "screen": space.screen}[name]()


def left_over(folder: Path) -> list[str]:
    hidden = [p for p in (folder / "datasets").rglob(".*") if p.name not in (".fiftyone", ".lock")]
    return [str(p.relative_to(folder)) for p in hidden]


def trial(base: Path, name: str, seconds: float, moment: float, expected: pd.DataFrame) -> str:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place) / "x"
        shutil.copytree(base, folder)
        running = fercurate(*COMMANDS[name], cwd=folder, check=False)
        time.sleep(moment)
        children = []
        with contextlib.suppress(psutil.NoSuchProcess):
            children = psutil.Process(running.pid).children(recursive=True)
        ended = running.poll() is not None
        running.kill()
        running.wait()
        _, alive = psutil.wait_procs(children, timeout=20)
        fercurate(*COMMANDS[name], cwd=folder)
        same = result(folder, name).equals(expected)
        rest = left_over(folder)
    when = "had ended" if ended else f"killed after {moment:5.1f} of {seconds:.1f} s"
    return f"{name:7} {when}, same result: {same}, processes left: {len(alive)}, files left: {rest}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("commands", nargs="*", default=list(COMMANDS), help="audit, enrich, screen")
    parser.add_argument("--trials", type=int, default=5)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--images", type=int, default=300, help="of the embedded sample")
    asked = parser.parse_args()
    moments = random.Random(asked.seed)
    with tempfile.TemporaryDirectory() as place:
        base = Path(place) / "base"
        base.mkdir()
        prepare(base, asked.images)
        for name in asked.commands:
            whole = Path(place) / name
            shutil.copytree(base, whole)
            began = time.monotonic()
            fercurate(*COMMANDS[name], cwd=whole)
            seconds = time.monotonic() - began
            expected = result(whole, name)
            for _ in range(asked.trials):
                moment = moments.uniform(0.05, 0.95) * seconds
                print(trial(base, name, seconds, moment, expected), flush=True)


if __name__ == "__main__":
    main()
