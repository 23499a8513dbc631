"""The PNGs of a dataset: made from its faces, and made again where some are gone."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from fercurate import locks
from fercurate.errors import FercurateError
from fercurate.progress import Progress
from fercurate.workspace import Workspace

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_IMAGES_A_STEP = 256


def restore(space: Workspace, progress: Progress) -> int:
    """Make the PNGs again that are gone or empty; how many.

    Where none is, nobody is waited for. `faces.npy` is what the dataset is; the PNGs are for
    FiftyOne, sheets and exports.

    Raises:
        InputError: nothing was imported, or another process writes to the dataset.
        FercurateError: the disk refuses.
    """
    if not _missing(space):
        return 0
    with locks.writing(space):
        missing = _missing(space)  # as the dataset is now that nobody changes it
        if not missing:
            return 0
        names, rows = zip(*missing, strict=True)
        faces = space.faces()
        progress.say(f"Images that were gone from {space.images_dir}: {len(names):,}, made again.")
        made = space.restoring_dir
        shutil.rmtree(made, ignore_errors=True)
        try:
            made.mkdir()
            with progress.task("writing PNGs", len(names)) as advance:
                for start in range(0, len(names), _IMAGES_A_STEP):
                    step = slice(start, start + _IMAGES_A_STEP)
                    write_pngs(faces[list(rows[step])], names[step], made, advance)
            space.images_dir.mkdir(exist_ok=True)
            for path in made.iterdir():  # whole ones only: half a PNG would count for one
                path.replace(space.images_dir / path.name)
        finally:
            shutil.rmtree(made, ignore_errors=True)
    return len(names)


def _missing(space: Workspace) -> list[tuple[str, int]]:
    """Name and row of each image without a PNG."""
    there = set()
    if space.images_dir.is_dir():
        with os.scandir(space.images_dir) as entries:
            there = {entry.name for entry in entries if entry.stat().st_size}
    names = space.manifest(["sample_id"])["sample_id"]
    return [(name, row) for row, name in enumerate(names) if f"{name}.png" not in there]


def write_pngs(
    faces: NDArray[np.uint8], ids: Sequence[str], folder: Path, advance: Callable[[float], None]
) -> None:
    """One lossless PNG a face, named by its id.

    Args:
        faces: uint8 [n, 48, 48].
        ids: n file names without suffix.
        folder: Must exist.
        advance: Told how many were written, for a progress bar.
    """
    import cv2

    # On faces, Huffman coding alone is the fastest and comes out smallest too.
    options = [
        cv2.IMWRITE_PNG_STRATEGY, cv2.IMWRITE_PNG_STRATEGY_HUFFMAN_ONLY,
        cv2.IMWRITE_PNG_COMPRESSION, 1,
    ]  # fmt: skip
    for start in range(0, len(ids), _IMAGES_A_STEP):
        step = ids[start : start + _IMAGES_A_STEP]
        for face, name in zip(faces[start : start + len(step)], step, strict=True):
            done, data = cv2.imencode(".png", face, options)
            if not done:
                raise FercurateError(f"{name}.png cannot be encoded.", "Run fercurate doctor.")
            (folder / f"{name}.png").write_bytes(data.tobytes())
        advance(len(step))
