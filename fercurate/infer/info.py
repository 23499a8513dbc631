"""What has to be known about a model to use it rightly; it travels inside the model's file."""

from __future__ import annotations

import dataclasses
import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fercurate.detect.framing import BOX_CENTRE, BOX_SIDE
from fercurate.errors import InputError
from fercurate.labels import CLASSES, FACE_SIDE


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
        side: Pixels that the network sees; a face of 48 is resampled to it.
        mirrored: Whether the logits are the mean over a face and its mirror image.
        temperature: Logits are divided by it before the softmax, above 0.
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
        if not (math.isfinite(self.temperature) and self.temperature > 0):
            raise ValueError(f"temperature is {self.temperature}")
        if not 0 <= self.threshold <= 1:
            raise ValueError(f"threshold is {self.threshold}")
        if self.side < 1 or not self.classes:
            raise ValueError(f"side is {self.side}, classes are {self.classes}")

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
        known = {f.name for f in dataclasses.fields(cls)}
        found = {key: value for key, value in values.items() if key in known}
        try:
            return cls(
                **{
                    **found,
                    "classes": tuple(str(name) for name in values["classes"]),
                    "side": int(values["side"]),
                    "mirrored": bool(values["mirrored"]),
                    "temperature": float(values["temperature"]),
                    "threshold": float(values["threshold"]),
                    "crop": dict(values["crop"]),
                    "provenance": dict(values["provenance"]),
                }
            )
        except (KeyError, TypeError) as error:
            raise ValueError(f"model information is incomplete: {error}") from error

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
            values = json.loads(text)
            if not isinstance(values, dict):
                raise ValueError("it is no JSON object")
            return cls.from_dict(values)
        except ValueError as error:
            raise InputError(
                f"What {where} says about its model cannot be read: {error}.",
                "Export the model again: fercurate export-model --run RUN --to FILE",
            ) from error
