"""How long `fercurate review` takes from the command to the first face, in a real Chromium.

    python tools/time_review_start.py [--dataset NAME] [--times 5] [--fresh-browser]
        [--beside CHECKOUT] [ARGUMENT ...]

Starts the review again and again (the first time, which fills the database and the browser's
cache, is not counted) and prints the median and the range of the seconds from the command to: its
first line, its link, the page with its button, and the first image open after the button was
pressed at once (of a version without one: after a click on the first image). `--fresh-browser`
begins each time with an empty cache; `--beside` takes turns with another checkout, since a busy
machine is not the same from one minute to the next. More arguments go to `fercurate review` as they
are. Needs playwright and Chromium.
"""

from __future__ import annotations

import argparse
import os
import re
import shutil
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

from playwright.sync_api import sync_playwright

FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
HERE = Path(__file__).parents[1]
STEPS = ("first line", "link printed", "page ready", "first image open")
PATIENCE_MS = 180_000
START, GRID = "[data-cy=fcr-start]", "[data-cy=fo-grid] [data-cy=looker]"


def main(
    dataset: str | None, times: int, is_fresh: bool, beside: Path | None, more: list[str]
) -> None:
    command = [sys.executable, "-m", "fercurate", "review", "--no-browser", *more]
    command += ["--dataset", dataset] if dataset else []
    codes = {"this": HERE} | ({"other": beside.resolve()} if beside else {})
    print(f"{os.cpu_count()} cores; $ {' '.join(command[1:])}")
    found: dict[str, list[tuple[float, ...]]] = {name: [] for name in codes}
    with tempfile.TemporaryDirectory() as profiles, sync_playwright() as api:
        for number in range(times + 1):
            for name, code in codes.items():
                profile = Path(profiles) / f"{name}-{number if is_fresh else 'kept'}"
                load = os.getloadavg()[0]
                taken = once(command, code, api, profile)
                print(f"{name:6} load {load:4.1f}: {shown(taken)}", flush=True)
                found[name] += [taken] if number else []
    for name, all_taken in found.items():
        for step, *seconds in zip(STEPS, *all_taken, strict=True):
            middle = statistics.median(seconds)
            print(f"{name:6} {step:18} {middle:6.2f} s  ({min(seconds):.2f} to {max(seconds):.2f})")


def once(command: list[str], code: Path, api: Any, profile: Path) -> tuple[float, ...]:
    """Seconds from the command to each of `STEPS`."""
    browser = api.chromium.launch_persistent_context(
        profile, executable_path=shutil.which("chromium"), args=list(FLAGS),
        viewport={"width": 1400, "height": 900},
    )  # fmt: skip
    page = browser.new_page()
    began = time.monotonic()
    review = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        bufsize=1,
        env={**os.environ, "PYTHONPATH": str(code)},
    )
    try:
        said, first, link = "", 0.0, None
        for line in review.stdout or ():
            first = first or time.monotonic() - began
            said += line
            link = re.search(r"http://127\.0\.0\.1:\d+/\?token=\S+", line)
            if link:
                break
        if link is None:
            raise SystemExit(said)
        printed = time.monotonic() - began
        page.goto(link[0])
        page.wait_for_selector(f"{START}, {GRID}", timeout=PATIENCE_MS)
        ready = time.monotonic() - began
        if page.locator(START).count():
            page.keyboard.press("Enter")
        else:
            page.locator(GRID).first.click(position={"x": 60, "y": 78})
        page.wait_for_selector("#modal [data-cy=fcr-panel][data-image]", timeout=PATIENCE_MS)
        return first, printed, ready, time.monotonic() - began
    finally:
        review.send_signal(signal.SIGINT)
        review.communicate(timeout=60)
        browser.close()


def shown(taken: tuple[float, ...]) -> str:
    return ", ".join(f"{name} {s:.2f} s" for name, s in zip(STEPS, taken, strict=True))


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__, add_help=True)
    parser.add_argument("--dataset")
    parser.add_argument("--times", type=int, default=5)
    parser.add_argument("--fresh-browser", action="store_true")
    parser.add_argument("--beside", type=Path)
    options, rest = parser.parse_known_args()
    main(options.dataset, options.times, options.fresh_browser, options.beside, rest)
