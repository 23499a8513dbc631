"""The quick search finds large faces, frames them, and takes nothing else for one."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image

from fercurate.detect.detector import shared_detector
from fercurate.detect.framing import square
from fercurate.detect.quick import faces_in
from fercurate.samples import faces as scikit


def picture(name: str) -> np.ndarray:
    with Image.open(scikit.data_dir() / name) as image:
        return np.array(image.convert("RGB"))


def placed(height: int, width: int, side: int, left: int, top: int) -> np.ndarray:
    """The astronaut, shrunk to `side`, on grey; her face is about 0.18 of that wide."""
    photo = np.full((height, width, 3), 120, np.uint8)
    small = Image.fromarray(picture("astronaut.png")).resize((side, side))
    photo[top : top + side, left : left + side] = np.array(small)
    return photo


@pytest.mark.parametrize(
    ("photo", "scale", "left", "top"),
    [
        (placed(512, 512, 512, 0, 0), 1.0, 0, 0),
        (placed(480, 640, 480, 100, 0), 480 / 512, 100, 0),
        (placed(900, 500, 400, 60, 450), 400 / 512, 60, 450),
        (placed(400, 1200, 400, 750, 0), 400 / 512, 750, 0),
        (placed(600, 800, 350, 400, 200), 350 / 512, 400, 200),
        (picture("astronaut.png")[60:180, 165:285], 1.0, -165, -60),
    ],
)
def test_a_face_is_found_and_framed_as_the_thorough_search_does(
    photo: np.ndarray, scale: float, left: int, top: int
) -> None:
    found = faces_in(shared_detector(), photo)
    assert len(found) == 1
    (wanted,) = shared_detector().in_photo(picture("astronaut.png"))
    expected = np.array(square(wanted)) * scale + (left, top, 0)
    assert np.abs(np.array(square(found[0])) - expected).max() < 0.15 * expected[2]


@pytest.mark.parametrize("name", ["chelsea.png", "page.png", "coffee.png", "brick.png"])
def test_what_is_no_face_is_not_taken_for_one(name: str) -> None:
    if not (scikit.data_dir() / name).exists():
        pytest.skip("not in this scikit-image")
    assert faces_in(shared_detector(), picture(name)) == []


@pytest.mark.parametrize("shape", [(1, 1), (3, 900), (900, 3), (48, 48), (60, 2000)])
def test_any_shape_is_taken(shape: tuple[int, int]) -> None:
    assert faces_in(shared_detector(), np.zeros(shape, np.uint8)) == []
