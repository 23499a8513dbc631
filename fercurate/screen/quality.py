"""How well each face can be seen: light, sharpness, content, and its place in the crop.

Every check gives two columns, `<x>_score` float32 0..1, low = bad, and `is_<x>_issue` bool.
Thresholds were chosen on FER2013 by looking at its worst faces at 48x48, twice enlarged.
"""

from __future__ import annotations

import contextlib
import io
import os
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    import pandas as pd

BLOCK = 2048
"""Images a task: about a second of work."""

DARK = 0.4
"""Of the 100 darkest all are dark at this brightness of their lightest pixels; CleanVision's
0.32 flags the worst 41 only."""

LIGHT = 0.38
"""CleanVision's 0.05 flags nothing, not even the white cards with a few lines of text. Below
0.38 lie those cards and washed-out faces; above 0.42 ordinary faces before a white wall."""

LOW_INFORMATION = 0.45
"""CleanVision's 0.3 flags the blank ones and half of the cards; up to 0.45 nearly all are
cards, signs and flat drawings, from 0.5 on photographs before a black wall."""

BLURRY = 0.26
"""Of the 50 worst 43 are blurred by eye; at 0.26 it is about every second one."""

FACE_CLOSE = 0.8
"""The box is 1.25 times as wide as the crop: chin, forehead or cheeks lie outside in 48 of the
50 worst and in about 40 of 50 drawn near the threshold."""

FACE_SMALL = 0.6
"""The box reaches from brow to chin, so that head and hair still fill most of the crop at
0.7. Against a list made by eye 0.6 has the best F1: precision 0.56, recall 0.58."""

CUT_OFF = 0.65
"""A good part of the face is missing in 46 of the 50 worst, in about two of three at 0.6 to
0.65 and in fewer than half at 0.7."""

TURNED = 30.0
"""Degrees from which on a head is visibly tilted: nearly all of 50 drawn from 30 to 36 are."""

_FLAT = 4.0
"""Squared grey levels a pixel under which there is no edge whose sharpness could be told."""


def measure(
    faces: NDArray[np.uint8],
    on_block: Callable[[int], None] = lambda images: None,
    jobs: int | None = None,
) -> pd.DataFrame:
    """Scores and issues of dark, light, low_information, odd_size and blurry.

    The first four are CleanVision's (https://github.com/cleanlab/cleanvision): dark is the
    99th percentile of the pixels, light 1 minus the 5th, low_information the entropy in
    tenths of a bit. odd_size alone depends on the other images (their quartiles); as an
    array holds one size, it is always 1 and no issue here. blurry is `sharpness`:
    CleanVision's own filter passes the outermost pixels through and grows with contrast, so
    that of the 50 faces it calls most blurred fewer than ten are; the rest are dark.

    Args:
        faces: uint8 [N, 48, 48].
        on_block: Called with the number of images done since the last call.
        jobs: Processes; None for one a core, 1 stays in this one.

    Returns:
        N rows, `<x>_score` float32 and `is_<x>_issue` bool of each check.
    """
    import pandas as pd
    from joblib import Parallel

    from fercurate.workers import delayed

    starts = range(0, max(len(faces), 1), BLOCK)
    jobs = min(jobs or os.cpu_count() or 1, len(starts))
    calls = (delayed(_measure_block)(np.asarray(faces[i : i + BLOCK])) for i in starts)
    blocks = []
    for block in Parallel(n_jobs=jobs, return_as="generator")(calls):
        blocks.append(block)
        on_block(len(block))
    table: pd.DataFrame = pd.concat(blocks, ignore_index=True)
    return table


def sharpness(faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Share of the second derivative in the energy of both: float32 [N], 0..1, low = blurred.

    The square of Hjorth's mobility (1970, https://doi.org/10.1016/0013-4694(70)90143-4) of
    the slope, in two dimensions, as a share of 1: blur takes the fine detail and leaves the
    coarse. Brightness and contrast cancel out. 1 where there is no edge at all.

    Args:
        faces: uint8 [N, H, W], 3 pixels or more on each side.
    """
    pixels = faces.astype(np.float32)
    middle = pixels[:, 1:-1, 1:-1]
    left, right = pixels[:, 1:-1, :-2], pixels[:, 1:-1, 2:]
    above, below = pixels[:, :-2, 1:-1], pixels[:, 2:, 1:-1]
    slope = ((right - left) ** 2 + (below - above) ** 2).mean(axis=(1, 2))
    bend = ((4 * middle - left - right - above - below) ** 2).mean(axis=(1, 2))
    share: NDArray[np.float32] = np.ones(len(faces), np.float32)
    np.divide(bend, bend + slope, out=share, where=bend + slope >= _FLAT)
    return share


def face_quality(
    box: NDArray[np.float32], roll: NDArray[np.float32], side: int = 48
) -> pd.DataFrame:
    """Scores and issues of how the face lies in its crop.

    face_close: side of the crop over that of the box, at most 1; low where only a part of
    the face fits. face_small: side of the box over that of the crop, at most 1. cut_off:
    share of the box inside the crop. rotated: 1 upright, 0 from 90 degrees on. Whatever is
    NaN scores 1 without an issue: that there is no face is for another check to say. At
    these thresholds a face that is too close is always cut off as well.

    Args:
        box: float [N, 4], left, top, width and height in pixels of the crop; NaN = no face.
        roll: float [N], degrees, 0 upright, either sign; NaN = no face.
        side: Of the square crop, pixels.

    Returns:
        N rows, `<x>_score` float32 and `is_<x>_issue` bool of each check.

    Raises:
        ValueError: the shapes do not fit, or a box has no area.
    """
    import pandas as pd

    if box.shape != (len(roll), 4):
        raise ValueError(f"boxes are {box.shape}, not ({len(roll)}, 4)")
    left, top, width, height = np.asarray(box, np.float64).T
    if ((width <= 0) | (height <= 0)).any():
        raise ValueError("a box has no area")
    scale = np.sqrt(width * height) / side
    inside = _inside(left, width, side) * _inside(top, height, side) / (width * height)
    angle = np.abs(np.asarray(roll, np.float64))
    columns: dict[str, NDArray[Any]] = {}
    for name, score, least in (
        ("face_close", 1 / scale, FACE_CLOSE),
        ("face_small", scale, FACE_SMALL),
        ("cut_off", inside, CUT_OFF),
        ("rotated", 1 - angle / 90, None),
    ):
        columns[f"{name}_score"] = np.nan_to_num(np.clip(score, 0, 1), nan=1.0).astype(np.float32)
        # a comparison with NaN is false
        columns[f"is_{name}_issue"] = angle > TURNED if least is None else score < least
    table: pd.DataFrame = pd.DataFrame(columns)
    return table


def _inside(start: NDArray[np.float64], length: NDArray[np.float64], side: int) -> Any:
    """Pixels of an interval that lie within 0 and `side`."""
    return np.clip(np.minimum(start + length, side) - np.maximum(start, 0), 0, None)


class _Pictures:
    """An array as the torchvision dataset that CleanVision takes."""

    def __init__(self, faces: NDArray[np.uint8]) -> None:
        self._faces = faces

    def __len__(self) -> int:
        return len(self._faces)

    def __getitem__(self, index: int) -> tuple[Any]:
        from PIL import Image

        return (Image.fromarray(self._faces[index]),)


_CHECKS: dict[str, dict[str, float]] = {
    "dark": {"threshold": DARK},
    "light": {"threshold": LIGHT},
    "low_information": {"threshold": LOW_INFORMATION},
    "odd_size": {},
}


def _measure_block(faces: NDArray[np.uint8]) -> pd.DataFrame:
    import pandas as pd

    found = _cleanvision(faces) if len(faces) else None
    columns: dict[str, NDArray[Any]] = {}
    for name in _CHECKS:
        score, issue = f"{name}_score", f"is_{name}_issue"
        # the entropy of a blank image is -0
        columns[score] = np.zeros(0, np.float32) if found is None else (
            np.abs(found[score].to_numpy(np.float32))
        )  # fmt: skip
        columns[issue] = np.zeros(0, bool) if found is None else found[issue].to_numpy(bool)
    columns["blurry_score"] = sharpness(faces)
    columns["is_blurry_issue"] = columns["blurry_score"] < BLURRY
    table: pd.DataFrame = pd.DataFrame(columns)
    return table


def _cleanvision(faces: NDArray[np.uint8]) -> pd.DataFrame:
    from cleanvision import Imagelab

    lab = Imagelab(torchvision_dataset=_Pictures(faces))
    # its progress bar cannot be turned off
    with contextlib.redirect_stderr(io.StringIO()):
        # more processes would copy the whole array with each image
        lab.find_issues(_CHECKS, n_jobs=1, verbose=False)
    issues: pd.DataFrame = lab.issues
    return issues
