"""What has to be known about a model to use it rightly; it travels inside the model's file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fercurate.detect.framing import BOX_CENTRE, BOX_SIDE
from fercurate.errors import InputError
from fercurate.labels import CLASSES, FACE_SIDE
from fercurate.strict import Table, parse_json

SIDES = (8, 512)
"""Smallest and largest side that a network may see."""

TEMPERATURES = (0.01, 100.0)
"""Ten times what `calibrate.fit_temperature` may find, and a tenth of it."""

MOST_CLASSES = 1000


def crop_geometry() -> dict[str, Any]:
    """How `detect.framing.cut` frames a face, for those who cut faces by other means.

    Returns:
        `side`: pixels of the square crop. `box_side` and `box_centre`: side, and x and y of the
        middle, of the detector's box in the crop, in sides of the crop. `detector`: whose box.
        `grey`: the weights of the colours. `resize`: the filter.
    """
    return {
        "side": FACE_SIDE,
        "box_side": BOX_SIDE,
        "box_centre": list(BOX_CENTRE),
        "detector": "MediaPipe BlazeFace, short range",
        "grey": "ITU-R 601",
        "resize": "Lanczos, antialiased",
    }


@dataclass(frozen=True)
class ModelInfo:
    """A model's settings and where it comes from; all of it goes into JSON.

    Attributes:
        architecture: Name of the network in `learn.zoo`.
        classes: Name of each output, in order.
        side: Pixels that the network sees, 8 to 512; a face of 48 is resampled to it.
        mirrored: Whether the logits are the mean over a face and its mirror image.
        temperature: Logits are divided by it before the softmax, 0.01 to 100.
        threshold: Probability of the likeliest class below which the answer is "unclear", 0..1.
        crop: How a face is framed; see `crop_geometry`.
        provenance: What it was trained on and how: dataset, manifest hash, labels, recipe,
            seed, epochs, code version, date, metrics.

    Raises:
        ValueError: a number is out of its range.
    """

    architecture: str
    classes: tuple[str, ...] = CLASSES
    side: int = FACE_SIDE
    mirrored: bool = True
    temperature: float = 1.0
    threshold: float = 0.0
    crop: Mapping[str, Any] = field(default_factory=crop_geometry)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not TEMPERATURES[0] <= self.temperature <= TEMPERATURES[1]:
            raise ValueError(f"temperature is {self.temperature}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold}")
        if not SIDES[0] <= self.side <= SIDES[1] or not 0 < len(self.classes) <= MOST_CLASSES:
            raise ValueError(f"side is {self.side}, {len(self.classes)} classes")

    def as_dict(self) -> dict[str, Any]:
        """Every field as JSON knows it."""
        made = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {
            **made,
            "classes": list(self.classes),
            "crop": dict(self.crop),
            "provenance": dict(self.provenance),
        }

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelInfo:
        """The reverse of `as_dict`; fields that a later version added are ignored.

        Raises:
            ValueError: a field is missing, or of the wrong type or range.
        """
        stored = Table(dict(values))
        return cls(
            architecture=stored.text("architecture"),
            classes=tuple(stored.texts("classes")),
            side=stored.whole("side", *SIDES),
            mirrored=stored.flag("mirrored"),
            temperature=stored.number("temperature", *TEMPERATURES),
            threshold=stored.number("threshold", 0, 1),
            crop=stored.table("crop"),
            provenance=stored.table("provenance"),
        )

    @classmethod
    def from_json(cls, text: str, where: object) -> ModelInfo:
        """The reverse of `as_json`.

        Args:
            text: As found in a model's file.
            where: The file, for the error.

        Raises:
            InputError: it is no model information of ours.
        """
        try:
            return cls.from_dict(Table(parse_json(text)).value)
        except ValueError as error:
            raise InputError(
                f"What {where} says about its model cannot be read: {error}.",
                "Export the model again: fercurate export-model --run RUN --to FILE",
            ) from error
