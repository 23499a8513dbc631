"""What passes through the live loop: a frame, its faces, and how long each step took."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

if TYPE_CHECKING:
    from fercurate.detect.face import Face
    from fercurate.infer.heads import OperatingPoint


@dataclass(frozen=True)
class Frame:
    """One picture of a source.

    Attributes:
        image: uint8 [H, W, 3], blue, green, red, as OpenCV reads and shows it.
        time: Seconds since the source's first frame, by the file's own clock or by the camera's.
        index: Number of the frame in its source, from 0; those that were dropped count.
        read_at: `time.perf_counter()` when the frame had been read.

    Raises:
        ValueError: the image has another shape or type.
    """

    image: NDArray[np.uint8]
    time: float
    index: int
    read_at: float

    def __post_init__(self) -> None:
        if self.image.dtype != np.uint8 or self.image.ndim != 3 or self.image.shape[2] != 3:
            raise ValueError(f"a frame is {self.image.dtype} {self.image.shape}")


@dataclass(frozen=True)
class LiveFace:
    """A face that is followed from frame to frame.

    Attributes:
        track: Its number, from 1; never given twice in a session.
        face: Box, score and landmarks in the frame's pixels.
        instant: float32 [classes], calibrated probabilities of this frame alone.
        probabilities: float32 [classes], the same smoothed over time; they add up to 1.
        label: The likeliest class (or group), None where its probability is below the model's
            threshold: unclear, and not to be taken for neutral.
    """

    track: int
    face: Face
    instant: NDArray[np.float32]
    probabilities: NDArray[np.float32]
    label: str | None


@dataclass(frozen=True)
class Timings:
    """Seconds that each step took for one frame; `total` from frame read to result."""

    wait: float
    detect: float
    crop: float
    classify: float
    track: float
    total: float


@dataclass(frozen=True)
class Result:
    """What was found in a frame.

    Attributes:
        frame: Which.
        faces: In the order of their tracks.
        timings: Of this frame.
        dropped: Frames of the source that were skipped since the result before.
        point: How the model answered: with which head, balance and threshold.
    """

    frame: Frame
    faces: tuple[LiveFace, ...]
    timings: Timings
    dropped: int
    point: OperatingPoint | None = None
