"""FER2013's images in a frame, found, cut out and classified again, against the images alone."""

from __future__ import annotations

from pathlib import Path
from time import perf_counter

import numpy as np
import pandas as pd
import pytest
from numpy.typing import NDArray

from fercurate.detect.face import Face, overlap
from fercurate.detect.framing import BOX_CENTRE, BOX_SIDE
from fercurate.infer.classifier import PACKAGED, open_classifier
from fercurate.live.analyse import Analyser
from fercurate.live.controls import Controls
from fercurate.live.find import Finder
from fercurate.live.frame import Frame, LiveFace
from fercurate.samples import video

SOURCE = Path(__file__).parents[3] / "shared" / "data" / "fer2013.csv.gz"
N, FIRST_TEST_ROW = 1000, 32_298

RIGHT = 0.6
"""Overlap with the box that FER2013's framing makes one expect, from which on a found one is
right: its side is off by a fifth at most, or its middle by a quarter of it."""

pytestmark = [
    pytest.mark.real,
    pytest.mark.skipif(not SOURCE.exists(), reason="no FER2013 in ../shared/data"),
    pytest.mark.skipif(not PACKAGED.exists(), reason="no model in the package"),
]


def first_images() -> NDArray[np.uint8]:
    """The test split's first images, uint8 [N, 48, 48]."""
    rows = pd.read_csv(SOURCE, skiprows=range(1, FIRST_TEST_ROW + 1), nrows=N)
    assert set(rows["Usage"]) == {"PrivateTest"}
    pixels = [np.array(text.split(), np.uint8).reshape(48, 48) for text in rows["pixels"]]
    return np.stack(pixels)


def placed(
    background: NDArray[np.uint8], image: NDArray[np.uint8], rng: np.random.Generator
) -> tuple[NDArray[np.uint8], Face]:
    """A frame with the image somewhere, two to five times as large, and the box to expect."""
    import cv2

    side = int(rng.integers(110, 260))
    left, top = int(rng.integers(0, 640 - side)), int(rng.integers(0, 480 - side))
    frame = background.copy()
    large = cv2.resize(image, (side, side), interpolation=cv2.INTER_CUBIC)
    frame[top : top + side, left : left + side] = large[:, :, None]
    box = side * BOX_SIDE
    x, y = left + side * BOX_CENTRE[0], top + side * BOX_CENTRE[1]
    return frame, Face((x - box / 2, y - box / 2, box, box), 1.0, np.zeros((6, 2)))


def test_a_face_in_a_frame_looks_to_the_network_as_the_image_does() -> None:
    classifier = open_classifier(threads=1)
    images = first_images()
    point = classifier.info.point()
    direct = point.probabilities(classifier.logits(images))
    background = video.scene("nobody", 640, 480).at(0.0)[0]
    overlaps, seen = np.zeros(N), np.zeros_like(direct)
    for i, image in enumerate(images):
        frame, expected = placed(background, image, np.random.default_rng(i))
        analyser, controls = Analyser(classifier, Finder()), Controls(0.35)
        faces: tuple[LiveFace, ...] = ()
        for n in range(3):  # found, then followed
            faces = analyser.analyse(Frame(frame, n / 30, n, perf_counter()), controls).faces
        best = max(faces, key=lambda one: overlap(one.face, expected), default=None)
        if best is not None:
            overlaps[i], seen[i] = overlap(best.face, expected), best.probabilities
    threshold = point.threshold
    right, clear = overlaps >= RIGHT, direct.max(1) >= threshold
    same = seen.argmax(1) == direct.argmax(1)
    answers = [np.where(p.max(1) >= threshold, p.argmax(1), -1) for p in (direct, seen)]
    as_clear = answers[0] == answers[1]
    contradicted = clear & (answers[1] >= 0) & ~as_clear
    print(
        f"\n{N} images: {np.mean(overlaps > 0.2):.1%} found, {right.mean():.1%} with the right box;"
        f" of these {same[right].mean():.1%} with the same class, {as_clear[right].mean():.1%} if"
        f" unclear counts as a class; where the overlap is 0.7 {same[overlaps >= 0.7].mean():.1%}"
        f" and {as_clear[overlaps >= 0.7].mean():.1%}; {contradicted.sum()} clear answers became"
        " another clear one"
    )
    assert np.mean(overlaps > 0.2) >= 0.95
    assert right.mean() >= 0.75
    assert same[right].mean() >= 0.9
    assert as_clear[right].mean() >= 0.85
    assert contradicted.mean() <= 0.005
