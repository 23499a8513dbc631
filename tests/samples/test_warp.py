"""Displacement fields and what is rendered with them. Down and right are positive."""

from __future__ import annotations

import dataclasses

import numpy as np
import pytest

from fercurate.labels import CLASSES
from fercurate.samples.faces import AXIS_COL, load_crops, prepare
from fercurate.samples.stage import _INTENSITY
from fercurate.samples.warp import (
    ACTIONS,
    EXPRESSIONS,
    Expression,
    Pose,
    displacement,
    express,
    vary,
)

DOWN, RIGHT = 0, 1
LEFT_CORNER, RIGHT_CORNER = (34, 14), (34, 29)
LEFT_INNER_BROW, RIGHT_INNER_BROW = (12, 16), (12, 26)
LEFT_OUTER_BROW = (12, 9)
CHIN = (43, 21)


@pytest.fixture(scope="module")
def face():
    return prepare(load_crops()[66], np.random.default_rng(0))


def test_every_class_has_an_expression():
    assert set(EXPRESSIONS) == set(CLASSES)


def test_no_expression_moves_nothing():
    assert not displacement(Expression()).any()


def test_a_zero_warp_is_the_identity(face):
    np.testing.assert_allclose(express(face, Expression(), Pose()), face, atol=1e-9)


@pytest.mark.parametrize(
    ("label", "place", "axis", "sign"),
    [
        ("happy", LEFT_CORNER, DOWN, -1),
        ("happy", RIGHT_CORNER, DOWN, -1),
        ("happy", LEFT_CORNER, RIGHT, -1),
        ("happy", RIGHT_CORNER, RIGHT, 1),
        ("sad", LEFT_CORNER, DOWN, 1),
        ("sad", RIGHT_CORNER, DOWN, 1),
        ("sad", LEFT_INNER_BROW, DOWN, -1),
        ("angry", LEFT_INNER_BROW, DOWN, 1),
        ("angry", LEFT_INNER_BROW, RIGHT, 1),
        ("angry", RIGHT_INNER_BROW, RIGHT, -1),
        ("surprise", LEFT_OUTER_BROW, DOWN, -1),
        ("surprise", CHIN, DOWN, 1),
        ("fear", LEFT_INNER_BROW, DOWN, -1),
        ("fear", CHIN, DOWN, 1),
        ("disgust", (31, 21), DOWN, -1),
    ],
)
def test_the_parts_of_a_face_move_as_the_class_says(label, place, axis, sign):
    moved = displacement(EXPRESSIONS[label])[axis][place]
    assert sign * moved > 0.5


@pytest.mark.parametrize("label", CLASSES)
def test_fields_are_mirror_images_about_the_axis(label):
    field = displacement(EXPRESSIONS[label])
    for off in (2.0, 6.5, 8.0, 12.0):
        left, right = (_at_column(field, AXIS_COL + side * off) for side in (-1, 1))
        np.testing.assert_allclose(left[DOWN], right[DOWN], atol=0.05)
        np.testing.assert_allclose(left[RIGHT], -right[RIGHT], atol=0.05)


def _at_column(field, col):
    """The field between two columns, [2, 48]."""
    before = int(col)
    return field[:, :, before] + (col - before) * (field[:, :, before + 1] - field[:, :, before])


@pytest.mark.parametrize("label", CLASSES)
def test_fields_do_not_fold_at_the_greatest_intensity(label):
    field = _INTENSITY[1] * displacement(EXPRESSIONS[label])
    (down_row, down_col), (right_row, right_col) = np.gradient(field[0]), np.gradient(field[1])
    jacobian = (1 - down_row) * (1 - right_col) - down_col * right_row
    assert jacobian.min() > 0.0


def test_displacement_is_linear():
    happy = EXPRESSIONS["happy"]
    half = Expression(**{k: 0.5 * v for k, v in dataclasses.asdict(happy).items()})
    np.testing.assert_allclose(displacement(half), 0.5 * displacement(happy))


def test_an_open_jaw_darkens_the_mouth(face):
    opened = express(face, Expression(jaw_down=6.0), Pose())
    assert opened[37, 21] < 0.5 * face[37, 21]


def test_teeth_brighten_an_open_mouth(face):
    smile = EXPRESSIONS["happy"]
    without, with_teeth = (express(face, smile, Pose(), teeth=t) for t in (0.0, 1.0))
    assert with_teeth[33:38, 17:26].mean() > without[33:38, 17:26].mean() + 0.1
    np.testing.assert_allclose(with_teeth[:20], without[:20])


@pytest.mark.parametrize(
    ("pose", "expected"),
    [
        (Pose(down=4.0), (24, 20)),
        (Pose(right=-5.0), (20, 15)),
        (Pose(mirrored=True), (20, 27)),
        (Pose(turn=180.0), (27, 27)),
    ],
    ids=["down", "left", "mirrored", "turned"],
)
def test_a_pose_moves_the_whole_face(pose, expected):
    dot = np.zeros((48, 48))
    dot[20, 20] = 1.0
    posed = express(dot, Expression(), pose)
    assert np.unravel_index(posed.argmax(), posed.shape) == expected


def test_a_quarter_turn_is_anticlockwise():
    dot = np.zeros((48, 48))
    dot[4, 23] = 1.0
    row, col = np.unravel_index(express(dot, Expression(), Pose(turn=90.0)).argmax(), (48, 48))
    assert col < 10
    assert 20 < row < 28


@pytest.mark.parametrize("label", CLASSES)
def test_rendered_faces_stay_in_range(face, label):
    image = express(face, EXPRESSIONS[label], Pose(turn=8.0, scale=1.1), teeth=1.0)
    assert image.shape == (48, 48)
    assert image.min() >= 0.0
    assert image.max() <= 1.0


def test_vary_without_chance_only_scales():
    class Still:
        def normal(self, mean, deviation, size):
            return np.full(size, mean)

    drawn = vary(EXPRESSIONS["fear"], 0.5, Still(), 0.0)
    for action in ACTIONS:
        assert getattr(drawn, action) == pytest.approx(0.5 * getattr(EXPRESSIONS["fear"], action))


def test_vary_draws_about_the_expression_and_never_pushes_the_jaw_up():
    rng = np.random.default_rng(0)
    drawn = [vary(EXPRESSIONS["neutral"], 1.0, rng, 0.4) for _ in range(500)]
    assert min(d.jaw_down for d in drawn) == 0.0
    assert np.mean([d.brow_in for d in drawn]) == pytest.approx(0.0, abs=0.1)
    assert np.std([d.brow_in for d in drawn]) == pytest.approx(0.4, abs=0.08)
