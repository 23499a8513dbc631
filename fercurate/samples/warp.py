"""Expressions as smooth displacement fields over an aligned 48x48 face.

Each action (loosely, an action unit of Ekman and Friesen's FACS) pushes a few points of
the face; a push fades with a Gaussian. An expression is a weight an action. What no
displacement can make, the dark inside of an open mouth, its teeth and the creases of
skin, is shaded on top.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from types import MappingProxyType

import numpy as np
from scipy.ndimage import map_coordinates

from fercurate.labels import FACE_SIDE
from fercurate.samples.faces import AXIS_COL, MOUTH_ROW, Floats


@dataclass(frozen=True)
class Expression:
    """How far each action goes, pixels of a 48-pixel face; all zero is a resting face."""

    corner_up: float = 0.0
    corner_out: float = 0.0
    jaw_down: float = 0.0
    lip_up: float = 0.0
    press: float = 0.0
    brow_inner_up: float = 0.0
    brow_outer_up: float = 0.0
    brow_in: float = 0.0
    eye_open: float = 0.0
    cheek_up: float = 0.0
    nose_up: float = 0.0


ACTIONS = tuple(field.name for field in dataclasses.fields(Expression))

EXPRESSIONS = MappingProxyType(
    {
        "angry": Expression(
            corner_up=-0.8, press=1.3, brow_inner_up=-2.8, brow_outer_up=0.4, brow_in=1.6,
            eye_open=-0.5,
        ),
        "disgust": Expression(
            corner_up=-0.9, lip_up=2.6, jaw_down=0.5, brow_inner_up=-1.2, brow_in=0.6,
            eye_open=-1.0, cheek_up=1.4, nose_up=2.0,
        ),
        "fear": Expression(
            corner_up=-0.8, corner_out=2.0, jaw_down=3.6, brow_inner_up=2.6, brow_in=1.0,
            eye_open=1.3,
        ),
        "happy": Expression(
            corner_up=3.4, corner_out=2.3, jaw_down=2.9, lip_up=0.6, eye_open=-0.5,
            cheek_up=1.2,
        ),
        "sad": Expression(
            corner_up=-3.0, press=0.4, brow_inner_up=2.3, brow_outer_up=-0.9, brow_in=0.7,
            eye_open=-0.4,
        ),
        "surprise": Expression(
            corner_out=-1.4, jaw_down=6.2, brow_inner_up=2.6, brow_outer_up=2.6, eye_open=1.1,
        ),
        "neutral": Expression(),
    }
)  # fmt: skip
"""Each class at full strength. Neighbours in this table share actions, as faces do."""


@dataclass(frozen=True)
class _Push:
    """A point (row; columns off the mirror axis, both sides) moved by (down, outward)."""

    row: float
    off: float
    down: float
    out: float
    sigma_row: float
    sigma_col: float


_PUSHES = MappingProxyType(
    {
        "corner_up": (
            _Push(34.5, 7.8, -1.0, 0.0, 4.2, 3.6),
            _Push(29.0, 10.5, -0.3, 0.0, 4.0, 4.0),
        ),
        "corner_out": (_Push(34.8, 6.6, 0.0, 1.0, 4.0, 4.5),),
        "jaw_down": (_Push(38.5, 0.0, 0.8, 0.0, 4.2, 7.5), _Push(45.0, 0.0, 0.45, 0.0, 5.0, 9.0)),
        "lip_up": (_Push(32.0, 2.8, -0.62, 0.0, 2.8, 3.0),),
        "press": (_Push(32.3, 2.8, 0.45, 0.0, 1.8, 4.2), _Push(37.8, 2.8, -0.6, 0.0, 2.2, 4.2)),
        "brow_inner_up": (_Push(11.4, 5.2, -1.0, 0.0, 4.1, 3.0),),
        "brow_outer_up": (_Push(11.4, 12.5, -1.0, 0.0, 4.1, 3.6),),
        "brow_in": (_Push(12.2, 6.0, 0.0, -1.0, 3.2, 3.6),),
        "eye_open": (_Push(14.0, 8.8, -0.6, 0.0, 2.4, 3.8), _Push(19.0, 8.8, 0.9, 0.0, 2.4, 3.8)),
        "cheek_up": (_Push(25.5, 10.0, -1.0, 0.0, 4.0, 4.0),),
        "nose_up": (_Push(27.5, 3.4, -0.8, 0.0, 3.4, 2.6), _Push(27.5, 0.0, -0.3, 0.0, 3.4, 3.0)),
    }
)  # fmt: skip


def _grid() -> Floats:
    return np.mgrid[0:FACE_SIDE, 0:FACE_SIDE].astype(np.float64)


def _basis() -> Floats:
    """Displacement of one pixel of each action, float64 [actions, 2, 48, 48]."""
    row, col = _grid()
    fields = np.zeros((len(ACTIONS), 2, FACE_SIDE, FACE_SIDE))
    for i, action in enumerate(ACTIONS):
        for push in _PUSHES[action]:
            for sign in (-1.0, 1.0) if push.off else (1.0,):
                reach = np.exp(
                    -0.5 * ((row - push.row) / push.sigma_row) ** 2
                    - 0.5 * ((col - AXIS_COL - sign * push.off) / push.sigma_col) ** 2
                )
                fields[i, 0] += push.down * reach
                fields[i, 1] += push.out * sign * reach
    return fields


_BASIS = _basis()


def displacement(expression: Expression) -> Floats:
    """Where the face's parts move: float64 [2, 48, 48], pixels, (down, right) positive."""
    weights = np.array(dataclasses.astuple(expression))
    field: Floats = np.tensordot(weights, _BASIS, axes=1)
    return field


def vary(
    expression: Expression, intensity: float, rng: np.random.Generator, spread: float
) -> Expression:
    """The expression at an intensity (1 is full), each action drawn about its value.

    An action varies by a fifth of its size and by `spread` pixels besides, so that a
    resting face is not quite at rest either.
    """
    weights = intensity * np.array(dataclasses.astuple(expression))
    weights = weights * rng.normal(1.0, 0.2, len(ACTIONS)) + rng.normal(0.0, spread, len(ACTIONS))
    drawn = dict(zip(ACTIONS, weights.tolist(), strict=True))
    drawn["jaw_down"] = max(drawn["jaw_down"], 0.0)
    return Expression(**drawn)


@dataclass(frozen=True)
class Pose:
    """Head turned in the image plane (degrees, anticlockwise), moved and scaled."""

    turn: float = 0.0
    down: float = 0.0
    right: float = 0.0
    scale: float = 1.0
    mirrored: bool = False


def express(face: Floats, expression: Expression, pose: Pose, teeth: float = 0.0) -> Floats:
    """A resting face with an expression, seen in a pose.

    Args:
        face: Float64 [48, 48], 0 to 1, aligned and at rest (`faces.prepare`).
        expression: What to put on.
        pose: Applied in the same interpolation as the expression.
        teeth: 0 to 1, how far down an open mouth is filled with teeth.

    Returns:
        Float64 [48, 48], 0 to 1. With a zero expression and pose, `face` itself.
    """
    source = _posed_grid(pose)
    moved = source - np.stack(
        [map_coordinates(d, source, order=1, mode="nearest") for d in displacement(expression)]
    )
    warped: Floats = map_coordinates(face, moved, order=3, mode="nearest")
    image: Floats = np.clip(_shade(warped, source, expression, teeth), 0.0, 1.0)
    return image


def _posed_grid(pose: Pose) -> Floats:
    """For each output pixel its place in the aligned face, float64 [2, 48, 48]."""
    row, col = _grid()
    middle = (FACE_SIDE - 1) / 2
    down, right = row - middle - pose.down, col - middle - pose.right
    if pose.mirrored:
        right = -right
    angle = np.deg2rad(pose.turn)
    return np.stack(
        [
            middle + (np.cos(angle) * down + np.sin(angle) * right) / pose.scale,
            middle + (-np.sin(angle) * down + np.cos(angle) * right) / pose.scale,
        ]
    )


def _shade(image: Floats, place: Floats, expression: Expression, teeth: float) -> Floats:
    """Open mouth and creases; `place` is each pixel's position in the aligned face."""
    row, side = place[0], np.abs(place[1] - AXIS_COL)
    creases = _nose_creases(row, side, expression) + _furrow(row, side, expression)
    image = image * (1.0 - creases)
    gap = max(0.0, 1.05 * expression.jaw_down + 0.5 * expression.lip_up - 0.5)
    if gap <= 0.0:
        return image
    half = np.clip(7.0 + 0.8 * expression.corner_out - 0.25 * expression.jaw_down, 3.5, 9.5)
    along = side / half
    centre = MOUTH_ROW - 0.3 * expression.lip_up + 0.42 * expression.jaw_down
    centre = centre - 0.75 * expression.corner_up * np.clip(along, 0.0, 1.2) ** 2
    height = gap / 2 * np.sqrt(np.clip(1.0 - along**2, 0.0, 1.0))
    inside = _soft(height - np.abs(row - centre), 0.9) * _soft(half - side, 1.2)
    skin = float(np.median(image[16:44, 8:40]))
    dark, white = 0.15 * skin, min(0.98, 1.35 * skin + 0.12)
    edge = centre - height + 0.8 * teeth * gap
    band = _soft(edge - row, 0.7) * _soft(0.85 - along, 0.3) * (teeth > 0.0)
    return image + inside * (dark + band * (white - dark) - image)


def _soft(value: Floats, width: float) -> Floats:
    """0 below zero, 1 above, over about `width` pixels."""
    step: Floats = 1.0 / (1.0 + np.exp(-np.clip(4.0 * value / width, -40.0, 40.0)))
    return step


def _nose_creases(row: Floats, side: Floats, expression: Expression) -> Floats:
    """Folds from the nose's wings towards the mouth's corners, by smiles and sneers."""
    pull = max(0.0, expression.corner_up) + max(0.0, expression.nose_up)
    along = np.clip((row - 27.0) / 8.0, 0.0, 1.0)
    course = 4.6 + 5.2 * along**1.2 + 0.4 * max(0.0, expression.corner_out)
    fade = np.sin(np.pi * along)
    folds: Floats = 0.07 * min(pull, 4.0) * np.exp(-(((side - course) / 0.9) ** 2)) * fade
    return folds


def _furrow(row: Floats, side: Floats, expression: Expression) -> Floats:
    """Two upright folds between lowered or knitted brows."""
    pull = np.clip(0.5 * expression.brow_in - 0.3 * expression.brow_inner_up, 0.0, 2.0)
    fade = np.exp(-(((row - 12.5) / 2.2) ** 2))
    folds: Floats = 0.16 * pull * np.exp(-(((side - 1.9) / 0.8) ** 2)) * fade
    return folds
