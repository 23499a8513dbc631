"""The photographs that scikit-image's wheel carries, and faces made ready for warping."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image, UnidentifiedImageError
from scipy.ndimage import gaussian_filter, grey_closing, zoom

from fercurate.errors import FercurateError
from fercurate.labels import FACE_SIDE

N_FACES = 100
"""The first half of lfw_subset.npy shows faces, the second half does not."""

AXIS_COL = 21.25
"""Column of the faces' mirror axis, pixels of a 48-pixel face (eyes lie at 12.5 and 30)."""

MOUTH_ROW = 34.8
"""Row on which the lips meet, pixels of a 48-pixel face."""

Floats = NDArray[np.float64]

_REINSTALL = "Install it again: pip install --force-reinstall scikit-image"


def data_dir() -> Path:
    """scikit-image's data folder, found without importing the package.

    Raises:
        FercurateError: scikit-image is not installed.
    """
    spec = importlib.util.find_spec("skimage")
    if spec is None or not spec.submodule_search_locations:
        raise FercurateError("scikit-image is not installed.", _REINSTALL)
    return Path(next(iter(spec.submodule_search_locations))) / "data"


def load_crops() -> Floats:
    """Float64 [200, 25, 25], 0 to 1: 100 aligned faces of the LFW set, then 100 non-faces.

    Source: scikit-image's `lfw_subset`, cut from Labeled Faces in the Wild (Huang et al.
    2007). The file is opened by its path; `skimage.data` would look to the network.

    Raises:
        FercurateError: the file is missing, unreadable or not of that shape.
    """
    path = data_dir() / "lfw_subset.npy"
    try:
        crops = np.load(path)
    except (OSError, ValueError, EOFError) as error:
        raise FercurateError(f"{path} cannot be read: {error}", _REINSTALL) from error
    if crops.shape != (2 * N_FACES, 25, 25):
        raise FercurateError(f"{path} has shape {crops.shape}, not (200, 25, 25).", _REINSTALL)
    return np.asarray(crops, dtype=np.float64)


def load_photo(name: str) -> Floats:
    """One of the shipped pictures as grey, float64 [H, W], 0 to 1.

    Raises:
        FercurateError: the file is missing or no image.
    """
    return read_picture(name, "L") / 255.0


def read_picture(name: str, mode: str) -> NDArray[np.uint8]:
    """One of the shipped pictures in one of Pillow's modes: uint8 [H, W] for "L", [H, W, 3]
    for "RGB".

    Raises:
        FercurateError: the file is missing or no image.
    """
    path = data_dir() / name
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert(mode))
    except (OSError, UnidentifiedImageError) as error:
        raise FercurateError(f"{path} cannot be read: {error}", _REINSTALL) from error


def enlarge(crop: Floats, side: int = FACE_SIDE) -> Floats:
    """A square crop of any size as float64 [side, side], 0 to 1, with a cubic spline.

    A light blur first takes off the blocks of the source's compression; unsharp masking
    afterwards gives back the edge contrast that enlarging costs.
    """
    smooth = gaussian_filter(crop, 0.35)
    big = zoom(smooth, side / crop.shape[0], order=3, mode="nearest", grid_mode=True)
    sharp: Floats = big + 0.8 * (big - gaussian_filter(big, 1.6))
    return _clipped(sharp)


def prepare(crop: Floats, rng: np.random.Generator) -> Floats:
    """A 25x25 face as a resting face, float64 [48, 48], 0 to 1.

    The people in the photographs smile and speak. Their own mouth is faded into the skin
    around it and closed lips are laid over, else it would contradict the warp's class.
    The brows are inked a little, since 25 pixels hardly show them. `rng` draws what
    differs from person to person: width, fullness and tone.
    """
    face = enlarge(crop)
    row, col = np.mgrid[0:FACE_SIDE, 0:FACE_SIDE].astype(np.float64)
    side = np.abs(col - AXIS_COL)
    mouth = _bump(row, MOUTH_ROW + 0.7, 6.0) * _bump(side, 0.0, 11.5)
    around = gaussian_filter(face * (1 - mouth), 4.0) / gaussian_filter(1 - mouth + 1e-3, 4.0)
    within = gaussian_filter(grey_closing(face, (7, 5)), 3.0)
    skin = 0.5 * (around + within)
    face = face + (0.88 * mouth) * (skin - face)
    return _clipped(face * _ink(row, side, rng))


def _clipped(image: Floats) -> Floats:
    inside: Floats = np.clip(image, 0.0, 1.0)
    return inside


def _bump(value: Floats, centre: float, half: float) -> Floats:
    """1 within `half` of `centre`, falling to 0 over the next third of it."""
    beyond = (np.abs(value - centre) - 0.75 * half) / (0.5 * half)
    bump: Floats = 0.5 + 0.5 * np.cos(np.pi * _clipped(beyond))
    return bump


def _ink(row: Floats, side: Floats, rng: np.random.Generator) -> Floats:
    """Factor that darkens lips and brows, float64 [48, 48], above 0 and up to about 1."""
    half = rng.uniform(6.6, 8.2)
    tone = rng.uniform(0.8, 1.1)
    across = np.clip(1.0 - (side / half) ** 2, 0.0, 1.0) ** 0.5
    bow = MOUTH_ROW + 0.25 * np.cos(side / half * np.pi)
    line = 0.5 * np.exp(-(((row - bow) / 0.75) ** 2))
    upper = 0.16 * np.exp(-(((row - bow + 1.5) / 1.0) ** 2))
    full = rng.uniform(1.7, 2.4)
    lower = 0.13 * np.exp(-(((row - bow - full) / 1.1) ** 2))
    under = 0.10 * np.exp(-(((row - bow - full - 2.4) / 1.0) ** 2)) * across
    lips = (line + upper + lower) * across + under
    arch = 11.9 - 0.9 * np.cos((side - 9.5) / 5.5 * np.pi / 2)
    brow = np.exp(-(((row - arch) / 1.1) ** 2)) * _bump(side, 9.3, 4.6)
    ink: Floats = 1.0 - tone * lips - rng.uniform(0.28, 0.42) * brow
    return ink


def expose(face: Floats, rng: np.random.Generator) -> NDArray[np.uint8]:
    """Take the picture: contrast, brightness, gamma and sensor noise drawn by `rng`.

    Args:
        face: Float64 [48, 48], 0 to 1.

    Returns:
        Uint8 [48, 48].
    """
    lit = np.clip(face, 0.0, 1.0) ** rng.uniform(0.8, 1.25)
    lit = 0.5 + rng.uniform(0.75, 1.15) * (lit - 0.5) + rng.uniform(-0.1, 0.1)
    return to_grey(lit + rng.normal(0.0, rng.uniform(0.005, 0.022), face.shape))


def to_grey(image: Floats) -> NDArray[np.uint8]:
    """0 to 1 (clipped) as uint8 0 to 255, rounded."""
    grey: NDArray[np.uint8] = np.rint(255.0 * np.clip(image, 0.0, 1.0)).astype(np.uint8)
    return grey
