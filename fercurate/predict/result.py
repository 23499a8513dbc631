"""What is said of each face."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

UNCLEAR = "unclear"
NO_FACE = "no face"


@dataclass(frozen=True)
class Found:
    """One face of one image.

    Attributes:
        file: The image, as it was named.
        face: Its number in the image, 1 for the surest.
        box: Left, top, width and height of the detector's box in the upright image, pixels;
            None for a crop.
        probabilities: One a class, adding up to 1.
    """

    file: str
    face: int
    box: tuple[float, float, float, float] | None
    probabilities: tuple[float, ...]


@dataclass(frozen=True)
class Image:
    """One image: its faces, or the reason why it could not be read.

    Attributes:
        file: As it was named.
        faces: The surest first; empty where there is none.
        reason: None where it was read.
    """

    file: str
    faces: tuple[Found, ...] = ()
    reason: str | None = None


@dataclass(frozen=True)
class Answer:
    """What a face shows, in words.

    Attributes:
        label: The likeliest class, or `UNCLEAR` below the threshold.
        ranked: Classes and their probabilities, the likeliest first.
    """

    label: str
    ranked: tuple[tuple[str, float], ...]


def answer(probabilities: Sequence[float], classes: Sequence[str], threshold: float) -> Answer:
    """The answer of some probabilities, one a class; `threshold` is 0..1."""
    ranked = sorted(zip(classes, probabilities, strict=True), key=lambda pair: -pair[1])
    name, top = ranked[0]
    return Answer(name if top >= threshold else UNCLEAR, tuple(ranked))


@dataclass(frozen=True)
class Totals:
    """What a run came to.

    Attributes:
        n_images: Images that were named.
        n_read: Those that could be read.
        n_faces: Faces in them.
        n_without: Images that were read and show no face.
        seconds: Wall time from the first image on: without loading the model.
    """

    n_images: int
    n_read: int
    n_faces: int
    n_without: int
    seconds: float

    def as_dict(self) -> dict[str, Any]:
        rate = self.n_images / self.seconds if self.seconds else 0.0
        return {**vars(self), "images_per_s": rate}
