from __future__ import annotations

import numpy as np
import pytest
from detect_cases import ASTRONAUT_EYES, face_at, shipped

from fercurate.detect.detector import shared_detector
from fercurate.detect.face import Face
from fercurate.detect.framing import BOX_CENTRE, BOX_SIDE, cut, square

RNG = np.random.default_rng(0)


def framed(left: float, top: float, side: float) -> Face:
    """The face whose square is this one."""
    box = BOX_SIDE * side
    return face_at(left + BOX_CENTRE[0] * side - box / 2, top + BOX_CENTRE[1] * side - box / 2, box)


@pytest.mark.parametrize("wanted", [(0, 0, 48), (100.5, -7.25, 300), (-40, 900, 31)])
def test_square_inverts_where_the_box_lies(wanted: tuple[float, float, float]) -> None:
    assert square(framed(*wanted)) == pytest.approx(wanted)


def test_a_square_that_is_the_image_gives_the_image() -> None:
    image = RNG.integers(0, 256, (48, 48), dtype=np.uint8)
    np.testing.assert_array_equal(cut(image, framed(0, 0, 48)), image)


def test_colours_become_luminance() -> None:
    photo = np.zeros((60, 60, 3), np.uint8)
    photo[:, :, 1] = 255
    assert np.unique(cut(photo, framed(2, 2, 50))).tolist() == [150]


def test_shrinking_averages() -> None:
    checks = np.indices((480, 480)).sum(axis=0) % 2 * np.uint8(255)
    assert np.abs(cut(checks.astype(np.uint8), framed(0, 0, 480)).astype(int) - 127).max() <= 2


def test_half_a_pixel_counts() -> None:
    ramp = np.tile(np.arange(0, 200, 2, dtype=np.uint8), (100, 1))
    whole = cut(ramp, framed(20, 20, 48)).astype(int)
    half = cut(ramp, framed(20.5, 20, 48)).astype(int)
    assert (half - whole == 1).mean() > 0.9


@pytest.mark.parametrize("shape", [(100, 100), (100, 100, 3)])
def test_beyond_the_photograph_its_border_is_repeated(shape: tuple[int, ...]) -> None:
    photo = np.full(shape, 50, np.uint8)
    photo[:, 0] = 200
    face = cut(photo, framed(-48, -30, 96), 48)
    assert (face[:, :22] == 200).all()
    assert (face[:, 28:] == 50).all()
    assert (cut(photo, framed(400, 400, 50)) == 50).all()


@pytest.mark.parametrize("where", [(3.3, 4.7, 61.9), (0, 0, 70), (20, 29.5, 50.5), (-3, 5, 60)])
def test_a_square_at_the_border_is_cut_like_one_inside(where: tuple[float, float, float]) -> None:
    photo = RNG.integers(0, 256, (80, 70, 3), dtype=np.uint8)
    wider = np.pad(photo, ((10, 10), (10, 10), (0, 0)), mode="edge")
    left, top, side = where
    inside = cut(wider, framed(left + 10, top + 10, side))
    assert np.abs(cut(photo, framed(*where)).astype(int) - inside).max() <= 1


def test_any_side() -> None:
    photo = RNG.integers(0, 256, (90, 70), dtype=np.uint8)
    found = cut(photo, framed(3.3, 4.7, 61.9), side=112)
    assert found.shape == (112, 112)
    assert found.dtype == np.uint8


def test_a_real_face_lies_as_in_fer2013() -> None:
    """There the eyes' middle has its median at 24, 19 and quartiles 2 to 3 pixels around."""
    photo = shipped("astronaut.png")
    [face] = shared_detector().in_photo(photo)
    left, top, side = square(face)
    x, y = (np.array(ASTRONAUT_EYES) - (left, top)) * 48 / side
    assert x == pytest.approx(24, abs=2)
    assert y == pytest.approx(19.3, abs=2)
    apart = np.linalg.norm(face.landmarks[1] - face.landmarks[0]) * 48 / side
    assert apart == pytest.approx(16.9, abs=2)
