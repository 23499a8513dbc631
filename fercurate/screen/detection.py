"""Where the face is in each crop: the detector run over all images on all cores."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fercurate.seal import read_arrays, write_arrays

CHUNK = 256
"""Images a task: some seconds of work, so that little is lost when a run is stopped."""

N_POINTS = 6


@dataclass(frozen=True)
class Detections:
    """What the detector says of N crops; pixels are the crop's own.

    Attributes:
        score: float32 [N], of the best face, 0 to 1, 0 where none was found.
        box: float32 [N, 4], left, top, width, height; NaN where none was found.
        points: float32 [N, 6, 2], x and y of `fercurate.detect.face.LANDMARKS`; NaN likewise.
        roll: float32 [N], degrees, positive when the head leans to the viewer's right; NaN.
        turn: int16 [N], degrees by which the crop had to be turned for the face to be found.
    """

    score: NDArray[np.float32]
    box: NDArray[np.float32]
    points: NDArray[np.float32]
    roll: NDArray[np.float32]
    turn: NDArray[np.int16]

    def __post_init__(self) -> None:
        n = len(self.score)
        shapes = {
            "box": (n, 4), "points": (n, N_POINTS, 2), "roll": (n,), "turn": (n,)
        }  # fmt: skip
        for name, shape in shapes.items():
            if getattr(self, name).shape != shape:
                raise ValueError(f"{name} is {getattr(self, name).shape}, not {shape}")

    def __len__(self) -> int:
        return len(self.score)


def detect(faces: NDArray[np.uint8]) -> Detections:
    """Run the detector on each crop: about 4 ms an image on one core.

    Args:
        faces: uint8 [N, 48, 48].

    Raises:
        FercurateError: mediapipe cannot be used.
    """
    from fercurate.detect.detector import shared_detector

    detector = shared_detector()
    n = len(faces)
    score = np.zeros(n, np.float32)
    box = np.full((n, 4), np.nan, np.float32)
    points = np.full((n, N_POINTS, 2), np.nan, np.float32)
    roll = np.full(n, np.nan, np.float32)
    turn = np.zeros(n, np.int16)
    for i, crop in enumerate(faces):
        found = detector.in_crop(crop)
        turn[i] = found.turn
        if found.face is not None:
            score[i] = found.face.score
            box[i] = found.face.box
            points[i] = found.face.landmarks
            roll[i] = found.face.roll
    return Detections(score, box, points, roll, turn)


def detect_all(
    faces: NDArray[np.uint8],
    folder: Path,
    on_images: Callable[[int], None] = lambda images: None,
    jobs: int | None = None,
) -> Detections:
    """`detect` over all cores, a file a chunk in `folder`; chunks that are there are read.

    Args:
        faces: uint8 [N, 48, 48]; of a memory map no more than a few chunks are in memory.
        folder: For what is done already; made when it is not there.
        on_images: Called with the number of images done since the last call.
        jobs: Processes; None for one a core.
    """
    from joblib import Parallel

    from fercurate.workers import delayed

    starts = range(0, len(faces), CHUNK)
    todo = []
    for start in starts:
        if _is_whole(_file(folder, start), min(CHUNK, len(faces) - start)):
            on_images(min(CHUNK, len(faces) - start))
        else:
            todo.append(start)
    jobs = min(jobs or os.cpu_count() or 1, max(1, len(todo)))
    calls = (
        delayed(_chunk)(np.asarray(faces[start : start + CHUNK]), _file(folder, start))
        for start in todo
    )
    for done in Parallel(n_jobs=jobs, return_as="generator_unordered")(calls):
        on_images(done)
    parts = [_read(_file(folder, start)) for start in starts]
    return Detections(
        **{f.name: np.concatenate([getattr(p, f.name) for p in parts]) for f in fields(Detections)}
    )


def _chunk(faces: NDArray[np.uint8], path: Path) -> int:
    found = detect(faces)
    write_arrays(path, {f.name: getattr(found, f.name) for f in fields(Detections)})
    return len(found)


def _file(folder: Path, start: int) -> Path:
    return folder / f"detections-{start:07d}.npz"


def _is_whole(path: Path, n: int) -> bool:
    try:
        return len(_read(path)) == n
    except (OSError, ValueError, KeyError):
        return False


def _read(path: Path) -> Detections:
    stored = read_arrays(path)
    return Detections(**{f.name: stored[f.name] for f in fields(Detections)})
