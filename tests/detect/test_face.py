from __future__ import annotations

import numpy as np
import pytest
from detect_cases import face_at

from fercurate.detect.face import LANDMARKS, Face, distinct, mean, overlap, shared

POINTS = np.zeros((6, 2))
EYE, OTHER_EYE = LANDMARKS.index("right_eye"), LANDMARKS.index("left_eye")


@pytest.mark.parametrize(
    ("box", "points"),
    [((0, 0, 0, 5), POINTS), ((0, 0, 5, -1), POINTS), ((0, 0, 5, 5), POINTS[:5])],
)
def test_what_is_no_face_is_refused(box: tuple, points: np.ndarray) -> None:
    with pytest.raises(ValueError, match=r"box|landmarks"):
        Face(box, 0.5, points)


def test_centre_and_side() -> None:
    face = Face((10, 20, 4, 9), 0.5, POINTS)
    assert face.centre == (12, 24.5)
    assert face.side == 6


@pytest.mark.parametrize(("left_eye_at", "degrees"), [((4, 0), 0), ((4, 4), 45), ((0, -2), -90)])
def test_roll_is_positive_when_the_viewers_right_eye_is_lower(
    left_eye_at: tuple[int, int], degrees: float
) -> None:
    points = POINTS.copy()
    points[OTHER_EYE] = left_eye_at
    assert Face((0, 0, 1, 1), 0.5, points).roll == pytest.approx(degrees)


def test_moved_scales_first() -> None:
    face = face_at(10, 20, 40).moved(5, -1, 0.5)
    assert face.box == (10, 9, 20, 20)
    np.testing.assert_allclose(face.landmarks, face_at(10, 9, 20).landmarks)


def test_turned_goes_clockwise_and_back() -> None:
    face = face_at(10, 0, 20)
    quarter = face.turned(90, (0, 0))
    assert quarter.roll == pytest.approx(90)
    assert quarter.centre == pytest.approx((-10, 20))
    back = quarter.turned(-90, (0, 0))
    assert back.box == pytest.approx(face.box)
    np.testing.assert_allclose(back.landmarks, face.landmarks)


def test_mirrored_keeps_the_right_eye_the_persons_own() -> None:
    face = face_at(10, 20, 40)
    other = face.mirrored(100)
    assert other.box == (50, 20, 40, 40)
    assert other.landmarks[EYE, 0] < other.landmarks[OTHER_EYE, 0]
    np.testing.assert_allclose(other.landmarks[OTHER_EYE], (100, 0) + face.landmarks[EYE] * (-1, 1))
    np.testing.assert_allclose(other.mirrored(100).landmarks, face.landmarks)


def test_mean() -> None:
    both = mean(face_at(0, 0, 10, 0.5), face_at(4, 2, 20, 0.9))
    assert both.box == (2, 1, 15, 15)
    assert both.score == pytest.approx(0.7)
    np.testing.assert_allclose(both.landmarks, face_at(2, 1, 15).landmarks)


@pytest.mark.parametrize(
    ("other", "union", "smaller"),
    [
        (face_at(0, 0, 10), 1, 1),
        (face_at(5, 0, 10), 1 / 3, 1 / 2),
        (face_at(2, 2, 5), 1 / 4, 1),
        (face_at(10, 0, 10), 0, 0),
        (face_at(30, 30, 10), 0, 0),
    ],
)
def test_overlap(other: Face, union: float, smaller: float) -> None:
    one = face_at(0, 0, 10)
    assert overlap(one, other) == overlap(other, one) == pytest.approx(union)
    assert shared(one, other) == shared(other, one) == pytest.approx(smaller)


def test_distinct_keeps_the_best_of_those_that_overlap() -> None:
    best, beside, upon, apart = (
        face_at(0, 0, 10, 0.9),
        face_at(2, 0, 10, 0.8),
        face_at(1, 1, 4, 0.7),
        face_at(20, 0, 10, 0.6),
    )
    assert distinct([apart, upon, beside, best]) == [best, upon, apart]
    assert distinct([apart, upon, beside, best], within=0.5) == [best, apart]
