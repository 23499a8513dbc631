"""The backbone's features of all images, as principal components, kept block by block."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fercurate.errors import FercurateError, first_line
from fercurate.screen.heads import BACKBONE, Heads
from fercurate.seal import is_sealed, read_arrays, write_arrays

BLOCK = 512

SUSPICIOUS = 0.9
"""Human score under which a face is looked at in the mirror too: a few more drawings found for a
second look at nearly one image in four."""


def features(
    faces: NDArray[np.uint8],
    on_images: Callable[[int], None] = lambda images: None,
    *,
    threads: int = 0,
) -> NDArray[np.float32]:
    """The backbone's features, float32 [N, F].

    Args:
        faces: uint8 [N, 48, 48].
        on_images: Called with the number of images done since the last call.
        threads: That one batch is worked on by; 0 for one a core.

    Raises:
        FercurateError: the backbone's file is missing or damaged.
    """
    from fercurate.screen import backbone

    try:
        data = BACKBONE.read_bytes()
        is_sealed(data)
        model = backbone.load(data, threads)
    except FercurateError:  # Ctrl-C
        raise
    except Exception as error:  # numpy and zipfile let through whatever the bytes bring about
        raise FercurateError(
            f"{BACKBONE} cannot be read: {first_line(error)}", "Install fercurate again."
        ) from error
    return model(faces, on_images)


def both_ways(
    seen: NDArray[np.float32],
    faces: NDArray[np.uint8],
    on_images: Callable[[int], None] = lambda images: None,
    *,
    threads: int = 0,
) -> NDArray[np.float32]:
    """Mean of the features of faces, `seen`, and of their mirror images: float32 [N, F]."""
    turned = features(faces[:, :, ::-1], on_images, threads=threads)
    both: NDArray[np.float32] = (seen + turned) / np.float32(2)
    return both


def reduce_all(
    faces: NDArray[np.uint8],
    heads: Heads,
    folder: Path,
    on_images: Callable[[int], None] = lambda images: None,
    jobs: int | None = None,
) -> NDArray[np.float32]:
    """Principal components of each image, float32 [N, D]; blocks already in `folder` are read.

    Args:
        faces: uint8 [N, 48, 48].
        folder: For what is done already; made when it is not there.
        on_images: Called with the number of images done since the last call.
        jobs: Processes; None for one a core.
    """
    from joblib import Parallel

    from fercurate.workers import delayed

    starts = range(0, len(faces), BLOCK)
    sizes = {start: min(BLOCK, len(faces) - start) for start in starts}
    todo = [start for start in starts if _kept(_file(folder, start), sizes[start]) is None]
    on_images(len(faces) - sum(sizes[start] for start in todo))
    jobs = min(jobs or os.cpu_count() or 1, max(1, len(todo)))
    calls = (
        delayed(_block)(np.asarray(faces[start : start + BLOCK]), heads, _file(folder, start), jobs)
        for start in todo
    )
    for done in Parallel(n_jobs=jobs, return_as="generator_unordered")(calls):
        on_images(done)
    blocks = [_kept(_file(folder, start), sizes[start]) for start in starts]
    whole: NDArray[np.float32] = np.concatenate([b for b in blocks if b is not None])
    return whole


def _block(faces: NDArray[np.uint8], heads: Heads, path: Path, jobs: int) -> int:
    # a process a core is faster than threads that wait for one another
    threads = 1 if jobs > 1 else 0
    write_arrays(path, {"components": _reduced(faces, heads, threads)})
    return len(faces)


def _reduced(faces: NDArray[np.uint8], heads: Heads, threads: int) -> NDArray[np.float32]:
    seen = features(faces, threads=threads)
    reduced = heads.reducer(seen)
    human = heads.heads["human"]
    doubtful = np.flatnonzero(human.score(human.decide(reduced)) < SUSPICIOUS)
    if len(doubtful):
        both = both_ways(seen[doubtful], faces[doubtful], threads=threads)
        reduced[doubtful] = heads.reducer(both)
    return reduced


def _file(folder: Path, start: int) -> Path:
    return folder / f"components-{start:07d}.npz"


def _kept(path: Path, n: int) -> NDArray[np.float32] | None:
    try:
        kept: NDArray[np.float32] = read_arrays(path)["components"]
    except (OSError, ValueError, KeyError):
        return None
    return kept if len(kept) == n else None
