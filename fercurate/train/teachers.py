"""Distillation: a network learns from what other networks say as well as from labels.

Hinton, Vinyals and Dean 2015, https://arxiv.org/abs/1503.02531. Several teachers say more than
one, and a large one more than its small pupil would find by itself.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray

from fercurate.infer.checkpoint import load_model
from fercurate.infer.heads import softmax
from fercurate.infer.info import ModelInfo
from fercurate.infer.runs import find_run
from fercurate.labels import N_CLASSES
from fercurate.learn.predict import logits_of
from fercurate.paths import RunFiles
from fercurate.progress import Progress
from fercurate.train.targets import Targets, one_hot
from fercurate.workspace import Workspace

SHARE = 0.5
"""Of a target that is the teachers' answer; the rest is its label."""


def models_of(space: Workspace, named: Sequence[str]) -> list[Path]:
    """The models of finished runs.

    Raises:
        InputError: there is no such run, or it did not finish.
    """
    return [RunFiles(find_run(space, name)).best_path for name in named]


def taught(
    targets: Targets,
    heads: Sequence[str],
    faces: NDArray[np.uint8],
    teachers: Sequence[Path],
    device: torch.device,
    progress: Progress,
) -> NDArray[np.float32]:
    """Soft labels: the mean of each target and of what the teachers say.

    A head learns from the teachers' head of its name, or from the one that they answer with.
    Where it has no label of an image, it learns what the teachers say.

    Args:
        targets: int64 [n], float32 [n, 7], or float32 [n, heads, 7].
        heads: Names of the heads that are taught.
        faces: uint8 [n, 48, 48].
        teachers: Files of their models; their probabilities are averaged, without temperature.
        device: Where they look at the faces.
        progress: Counts faces.

    Returns:
        float32 of the shape of soft targets.
    """
    said = np.zeros((len(faces), len(heads), N_CLASSES), np.float64)
    with progress.task("Teachers", len(faces) * len(teachers)) as advance:
        for path in teachers:
            model, info = load_model(path)
            logits = logits_of(model.to(device), faces, device, info.side, on_batch=advance)
            by_head = logits.reshape(len(faces), len(info.heads), -1)
            said += softmax(by_head[:, [_same(info, name) for name in heads]]) / len(teachers)
    labels = one_hot(targets.astype(np.int64)) if targets.ndim == 1 else targets
    if labels.ndim == 2:
        said = said[:, 0]
    share = np.where(labels.any(axis=-1, keepdims=True), SHARE, 1)
    blended: NDArray[np.float32] = ((1 - share) * labels + share * said).astype(np.float32)
    return blended


def _same(info: ModelInfo, name: str) -> int:
    """Place of the teacher's head of that name, or of the one that it answers with."""
    names = [head.name for head in info.heads]
    return names.index(name if name in names else info.answers_as)
