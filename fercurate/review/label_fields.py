"""Columns that become a label field of FiftyOne: a Classification, a Detection or a Keypoint."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from fercurate.labels import FACE_SIDE

if TYPE_CHECKING:
    import pandas as pd

Spread = Callable[[str], list[Any]]
"""A column's values in manifest order."""

Box = list[float]
Points = list[list[float]]

BOX = ("face_left", "face_top", "face_width", "face_height")
"""Columns that make up the face's box, in pixels."""

FOLDED = {
    "label": "ground_truth",
    "suggested_label": "suggested",
    "suggested_confidence": "suggested",
    **dict.fromkeys(BOX, "face"),
    "face_points": "face_points",
}
"""The label field that a column becomes part of, instead of a field of its own."""


@dataclasses.dataclass(frozen=True)
class Labels:
    """One label field; where `names[i]` is None there is none.

    With `boxes` (left, top, width, height) it is a Detection, with `points` (x and y of each)
    a Keypoint, else a Classification. Boxes and points are shares of the image's sides.
    """

    names: list[str | None]
    confidences: list[float | None] | None = None
    boxes: list[Box | None] | None = None
    points: list[Points | None] | None = None

    @property
    def type_name(self) -> str:
        """The class in fiftyone."""
        if self.boxes is not None:
            return "Detection"
        return "Classification" if self.points is None else "Keypoint"


def field_of(column: str, table: pd.DataFrame) -> str:
    """The field that a column of `table` goes to; a part of a box alone stays as it is."""
    field = FOLDED.get(column, column)
    return column if field == "face" and not set(BOX) <= set(table.columns) else field


def make(column: str, table: pd.DataFrame, spread: Spread) -> Labels | None:
    """The label field that `column` becomes part of; None where it becomes no label."""
    if column in ("label", "decided"):
        return Labels(_texts(spread(column)))
    if column in ("suggested_label", "suggested_confidence"):
        return _suggested(table, spread)
    if column in BOX and set(BOX) <= set(table.columns):
        boxes = [relative_box(sides) for sides in zip(*map(spread, BOX), strict=True)]
        sure = spread("face_score") if "face_score" in table else None
        return Labels(_kinds(table, spread, boxes), sure, boxes=boxes)
    if column == "face_points":
        points = [relative_points(values) for values in spread(column)]
        return Labels(_kinds(table, spread, points), points=points)
    return None


def _suggested(table: pd.DataFrame, spread: Spread) -> Labels:
    sure = spread("suggested_confidence") if "suggested_confidence" in table else None
    names: list[str | None] = [None] * len(sure or ())
    if "suggested_label" in table:
        names = _texts(spread("suggested_label"))
    return Labels(names, sure)


def _texts(values: list[Any]) -> list[str | None]:
    return [None if v is None or v == "" else str(v) for v in values]


def _kinds(table: pd.DataFrame, spread: Spread, placed: Sequence[object]) -> list[str | None]:
    """The kind of each image where a face was placed."""
    kinds = spread("kind") if "kind" in table else ["face"] * len(placed)
    return [None if p is None else str(kind) for p, kind in zip(placed, kinds, strict=True)]


def relative_box(pixels: Sequence[float | None], side: int = FACE_SIDE) -> Box | None:
    """Left, top, width and height in 0..1, cut at the edges of the image.

    None where a number is missing or nothing of the box lies inside.
    """
    known = [value for value in pixels if value is not None]
    if len(known) != len(BOX):
        return None
    left, top, width, height = known
    x, wide = _inside(left, width, side)
    y, high = _inside(top, height, side)
    return [x, y, wide, high] if wide > 0 and high > 0 else None


def _inside(start: float, length: float, side: int) -> tuple[float, float]:
    """Start and length of an interval within 0 and `side`, as shares of `side`."""
    first, last = max(start, 0.0), min(start + length, side)
    return first / side, (last - first) / side


def relative_points(pixels: Any, side: int = FACE_SIDE) -> Points | None:
    """x, y, x, y and so on as pairs; a point outside of the image is below 0 or above 1.

    None where there are no points or a number is missing.
    """
    values = pixels if isinstance(pixels, list) else []
    if not values or len(values) % 2 or None in values:
        return None
    shares = [value / side for value in values]
    return [[x, y] for x, y in zip(shares[::2], shares[1::2], strict=True)]
