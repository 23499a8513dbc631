"""What has to be known about a model to use it rightly; it travels inside the model's file."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from fercurate.detect.framing import BOX_CENTRE, BOX_SIDE
from fercurate.errors import InputError
from fercurate.infer.heads import TEMPERATURES, Head, OperatingPoint
from fercurate.labels import CLASSES, FACE_SIDE
from fercurate.strict import Table, parse_json

SIDES = (8, 512)
"""Smallest and largest side that a network may see."""

MOST_CLASSES = 1000
MOST_HEADS = 10


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
        heads: The network's last layers, in the order of its logits.
        answers_as: Name of the head that answers where none is named; empty for the last one.
        crop: How a face is framed; see `crop_geometry`.
        provenance: What it was trained on and how: dataset, manifest hash, labels, recipe,
            seed, epochs, code version, date, metrics.

    Raises:
        ValueError: a number is out of its range, or the heads do not fit.
    """

    architecture: str
    classes: tuple[str, ...] = CLASSES
    side: int = FACE_SIDE
    mirrored: bool = True
    heads: tuple[Head, ...] = (Head("given"),)
    answers_as: str = ""
    crop: Mapping[str, Any] = field(default_factory=crop_geometry)
    provenance: Mapping[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if not SIDES[0] <= self.side <= SIDES[1] or not 0 < len(self.classes) <= MOST_CLASSES:
            raise ValueError(f"side is {self.side}, {len(self.classes)} classes")
        names = [head.name for head in self.heads]
        if not 0 < len(set(names)) == len(names) <= MOST_HEADS:
            raise ValueError(f"heads are {', '.join(names)}")
        if any(head.prior and len(head.prior) != len(self.classes) for head in self.heads):
            raise ValueError(f"a head has other class shares than for {len(self.classes)} classes")
        if not self.answers_as:
            object.__setattr__(self, "answers_as", names[-1])
        if self.answers_as not in names:
            raise ValueError(f"it answers as {self.answers_as}, which is none of its heads")

    def point(
        self, head: str | None = None, balance: float | None = None, threshold: float | None = None
    ) -> OperatingPoint:
        """How to answer, where nothing is named as the model's file says.

        Args:
            head: Name of a head.
            balance, threshold: See `OperatingPoint`, 0..1.

        Raises:
            InputError: there is no such head, or a number is out of its range.
        """
        names = [each.name for each in self.heads]
        name = self.answers_as if head is None else head
        if name not in names:
            has = "labels" if len(names) == 1 else "heads"
            raise InputError(
                f"This model does not answer as {name}: its {has} are {', '.join(names)}.",
                f"Give --as {names[-1]}, or leave it out.",
            )
        place = names.index(name)
        chosen = self.heads[place]
        return OperatingPoint(
            chosen,
            place,
            chosen.balance if balance is None else balance,
            chosen.threshold if threshold is None else threshold,
        )

    def as_dict(self) -> dict[str, Any]:
        """Every field as JSON knows it."""
        made = {f.name: getattr(self, f.name) for f in dataclasses.fields(self)}
        return {
            **made,
            "classes": list(self.classes),
            "heads": [head.as_dict() for head in self.heads],
            "crop": dict(self.crop),
            "provenance": dict(self.provenance),
        }

    def as_json(self) -> str:
        return json.dumps(self.as_dict(), ensure_ascii=False)

    @classmethod
    def from_dict(cls, values: Mapping[str, Any]) -> ModelInfo:
        """The reverse of `as_dict`; fields that a later version added are ignored.

        A file of a version before heads has one, with the file's temperature and threshold.

        Raises:
            ValueError: a field is missing, or of the wrong type or range.
        """
        stored = Table(dict(values))
        return cls(
            architecture=stored.text("architecture"),
            classes=tuple(stored.texts("classes")),
            side=stored.whole("side", *SIDES),
            mirrored=stored.flag("mirrored"),
            heads=_heads(stored),
            answers_as=stored.text("answers_as", ""),
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


def _heads(stored: Table) -> tuple[Head, ...]:
    if "heads" in stored.value:
        return tuple(Head.from_dict(values) for values in stored.tables("heads"))
    only = Head(
        name=Table(stored.table("provenance")).text("labels", "given"),
        temperature=stored.number("temperature", *TEMPERATURES),
        threshold=stored.number("threshold", 0, 1),
    )
    return (only,)
