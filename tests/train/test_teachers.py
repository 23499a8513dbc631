from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fercurate.infer.checkpoint import save_model
from fercurate.infer.info import ModelInfo
from fercurate.learn import zoo
from fercurate.progress import Quiet
from fercurate.train.teachers import SHARE, taught


def certain(path: Path, kind: int) -> Path:
    """A model that says `kind` of every face."""
    model = zoo.create("simple")
    head = model.get_submodule("head.3")
    torch.nn.init.zeros_(head.weight)
    with torch.no_grad():
        head.bias.copy_(30.0 * torch.eye(7)[kind])
    save_model(path, model, ModelInfo("simple"))
    return path


@pytest.mark.parametrize(
    "targets", [np.array([0, 1]), np.eye(7, dtype=np.float32)[[0, 1]]], ids=["labels", "soft"]
)
def test_half_of_a_target_is_what_the_teachers_say(tmp_path: Path, targets: np.ndarray) -> None:
    teachers = [certain(tmp_path / f"{kind}.safetensors", kind) for kind in (0, 2)]
    faces = np.zeros((2, 48, 48), np.uint8)
    found = taught(targets, faces, teachers, torch.device("cpu"), Quiet())
    expected = np.zeros((2, 7))
    expected[[0, 1], [0, 1]] = 1 - SHARE
    expected[:, [0, 2]] += SHARE / 2
    assert found == pytest.approx(expected, abs=1e-3)
    assert found.dtype == np.float32
