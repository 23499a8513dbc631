"""Made-up faces, csv files and archives for the tests of import."""

from __future__ import annotations

import io
import tarfile
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fercurate.labels import CLASSES
from fercurate.progress import Advance, Quiet

USAGES = ("Training", "PublicTest", "PrivateTest")


class Heard(Quiet):
    """Keeps what was said."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.done: dict[str, list[float]] = {}

    def say(self, text: str) -> None:
        self.lines.append(text)

    warn = say

    @contextmanager
    def task(self, name: str, total: float, unit: str = "images") -> Iterator[Advance]:
        amounts = [0.0]

        def advance(amount: float) -> None:
            amounts[0] += amount

        yield advance
        self.done[name] = [amounts[0], total]


def made_faces(n: int, seed: int = 0) -> NDArray[np.uint8]:
    """uint8 [n, 48, 48], smooth enough for JPEG, all different."""
    rng = np.random.default_rng(seed)
    coarse = rng.integers(0, 256, (n, 6, 6), dtype=np.uint8)
    return np.kron(coarse, np.ones((8, 8), np.uint8)) // 2 + rng.integers(
        0, 100, (n, 1, 1), dtype=np.uint8
    )


def pixel_text(face: NDArray[np.uint8]) -> str:
    return " ".join(map(str, face.ravel().tolist()))


def fer_csv(
    faces: NDArray[np.uint8],
    columns: Sequence[str] = ("emotion", "pixels", "Usage"),
    emotions: Sequence[int] | None = None,
    usages: Sequence[str] | None = None,
) -> bytes:
    """A csv in Kaggle's format; classes and usages go round unless given."""
    lines = [",".join(columns)]
    for i, face in enumerate(faces):
        cells = {
            "emotion": str(emotions[i] if emotions else i % len(CLASSES)),
            "pixels": pixel_text(face),
            "usage": usages[i] if usages else USAGES[i % 3],
        }
        lines.append(",".join(cells[name.strip().lower()] for name in columns))
    return ("\n".join(lines) + "\n").encode()


def image_bytes(pixels: NDArray[np.generic], kind: str = "PNG", **options: object) -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(pixels).save(buffer, kind, **options)
    return buffer.getvalue()


def zip_of(files: Mapping[str, bytes]) -> bytes:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(name, data)
    return buffer.getvalue()


def tar_of(files: Mapping[str, bytes], mode: str = "w:gz") -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode=mode) as archive:  # type: ignore[call-overload]
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            archive.addfile(info, io.BytesIO(data))
    return buffer.getvalue()


def folder_of(root: Path, files: Mapping[str, bytes]) -> Path:
    for name, data in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(data)
    return root


def tree_of(
    faces: NDArray[np.uint8], splits: Sequence[str] = ("train", "test")
) -> dict[str, bytes]:
    """PNG files by name: the classes go round within each split."""
    return {
        f"{splits[i % len(splits)]}/{CLASSES[i % len(CLASSES)]}/{i}.png": image_bytes(face)
        for i, face in enumerate(faces)
    }
