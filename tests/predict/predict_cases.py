"""A model of random weights, and a photograph with a real face."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image

from fercurate.infer import onnx_export
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.learn import zoo
from fercurate.learn.models import FaceNet
from fercurate.samples import faces as scikit


def write_model(path: Path, **changes: object) -> Path:
    torch.manual_seed(0)
    settings: dict[str, object] = {"mirrored": False, **changes}
    onnx_export.export(FaceNet().eval(), ModelInfo("facenet", **settings), path)  # type: ignore[arg-type]
    return path


def write_two_heads(path: Path) -> Path:
    """A model that answers as votes, with a balance, unless it is told otherwise."""
    torch.manual_seed(0)
    prior = (0.1, 0.02, 0.08, 0.3, 0.1, 0.1, 0.3)
    heads = (Head("given", prior), Head("votes", prior, temperature=0.05, balance=0.5))
    info = ModelInfo("facenet", mirrored=False, heads=heads)
    onnx_export.export(zoo.create("facenet", n_heads=2).eval(), info, path)
    return path


def astronaut() -> NDArray[np.uint8]:
    """uint8 [512, 512, 3]: one face, 90 pixels wide, near (220, 115)."""
    with Image.open(scikit.data_dir() / "astronaut.png") as image:
        return np.array(image.convert("RGB"))


def write_image(path: Path, pixels: NDArray[np.uint8]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(pixels).save(path)
    return path
