"""The classifier that runs a checkpoint in torch: on a GPU, or before a model is exported."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fercurate.errors import InputError
from fercurate.infer.checkpoint import load_model
from fercurate.infer.classifier import check_faces
from fercurate.infer.info import ModelInfo
from fercurate.learn.device import choose
from fercurate.learn.predict import logits_of
from fercurate.paths import RunFiles


class TorchClassifier:
    """A model that `checkpoint.save_model` wrote.

    Args:
        path: Its `.safetensors` file, or the folder of a run: then its best epoch.
        device: "auto", "cpu", "cuda" or "mps".
        threads: On the CPU, for the whole process; None for torch's own choice.

    Raises:
        InputError: there is no such model, it is damaged or foreign, or the device is absent.
    """

    def __init__(self, path: Path, device: str = "auto", threads: int | None = None) -> None:
        try:
            self._device = choose(device)
        except ValueError as error:
            raise InputError(f"{error}.", "Leave --device out.") from error
        if threads is not None:
            torch.set_num_threads(threads)
        self._model, self._info = load_model(best_of(path), self._device)

    @property
    def info(self) -> ModelInfo:
        return self._info

    def logits(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        check_faces(faces)
        info = self._info
        shape = (len(faces), len(info.heads), len(info.classes))
        if not len(faces):
            return np.empty(shape, np.float32)
        side_by_side = logits_of(self._model, faces, self._device, info.side, info.mirrored)
        return side_by_side.reshape(shape)


def best_of(path: Path) -> Path:
    """The checkpoint of a run's folder; a file as it is.

    Raises:
        InputError: the folder has none.
    """
    if not path.is_dir():
        return path
    best = RunFiles(path).best_path
    if not best.is_file():
        raise InputError(
            f"{path} holds no trained model ({best.name}).",
            "Give the folder of a finished run; fercurate train writes one.",
        )
    return best
