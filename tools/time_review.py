"""Seconds from a key to the next image in the review: 100 keys in a real Chromium.

python tools/time_review.py            # on a made workspace of 120 grey faces

The figures that it prints are in reports/record/fer2013-review-loop/desk.md.
"""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

import numpy as np

TESTS = Path(__file__).parent.parent / "tests"
sys.path[:0] = [str(TESTS), str(TESTS / "review")]

from desk_page import opened_desk  # noqa: E402
from review_browser import browser  # noqa: E402

KEYS = "mx4k"


def main() -> None:
    """Print median and 95th percentile, within a batch and where a new one is laid out."""
    with tempfile.TemporaryDirectory() as folder, browser() as chromium:
        page = chromium.new_page(viewport={"width": 1400, "height": 900})
        for desk in opened_desk(Path(folder), page=page, n=120, n_audited=110):
            desk.open_first()
            seconds = np.array([desk.press(KEYS[i % len(KEYS)]) for i in range(100)])
            sample_ids = {decision.sample_id for decision in desk.log}
            print(f"{len(desk.log)} verdicts on {len(sample_ids)} images")
            batch = np.arange(1, 101) % 50 == 0
            for name, part in (("next image", seconds[~batch]), ("next batch", seconds[batch])):
                median, p95 = np.percentile(part, [50, 95])
                print(f"{name}: n = {len(part)}, median {median:.2f} s, 95th {p95:.2f} s")


if __name__ == "__main__":
    main()
