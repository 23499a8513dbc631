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
from scipy.special import softmax

from fercurate.infer.checkpoint import load_model
from fercurate.infer.runs import find_run
from fercurate.learn.predict import logits_of
from fercurate.paths import RunFiles
from fercurate.progress import Progress
from fercurate.train.data import Targets, one_hot
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
    faces: NDArray[np.uint8],
    teachers: Sequence[Path],
    device: torch.device,
    progress: Progress,
) -> NDArray[np.float32]:
    """Soft labels, float32 [n, 7]: the mean of each target and of what the teachers say.

    Args:
        targets: int64 [n], or float32 [n, 7].
        faces: uint8 [n, 48, 48].
        teachers: Files of their models; their probabilities are averaged, without temperature.
        device: Where they look at the faces.
        progress: Counts faces.
    """
    said = np.zeros((len(faces), 7), np.float64)
    with progress.task("Teachers", len(faces) * len(teachers)) as advance:
        for path in teachers:
            model, info = load_model(path)
            logits = logits_of(model.to(device), faces, device, info.side, on_batch=advance)
            said += softmax(logits.astype(np.float64), axis=1) / len(teachers)
    labels = one_hot(targets.astype(np.int64)) if targets.ndim == 1 else targets
    blended: NDArray[np.float32] = ((1 - SHARE) * labels + SHARE * said).astype(np.float32)
    return blended
