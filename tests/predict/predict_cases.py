"""A model of random weights, and a photograph with a real face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fercurate.infer import onnx_export
from fercurate.infer.info import ModelInfo
from fercurate.learn.models import FaceNet
from fercurate.samples import faces as scikit


def write_model(path: Path, **changes: object) -> Path:
    torch.manual_seed(0)
    settings: dict[str, object] = {"mirrored": False, "threshold": 0.0, **changes}
    onnx_export.export(FaceNet().eval(), ModelInfo("facenet", **settings), path)  # type: ignore[arg-type]
    return path


def astronaut() -> NDArray[np.uint8]:
    """uint8 [512, 512, 3]: one face, 90 pixels wide, near (220, 115)."""
    with Image.open(scikit.data_dir() / "astronaut.png") as image:
        return np.array(image.convert("RGB"))


def write_image(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
