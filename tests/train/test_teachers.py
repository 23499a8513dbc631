from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

from fercurate.infer.checkpoint import save_model
from fercurate.infer.heads import Head
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
    found = taught(targets, ("given",), faces, teachers, torch.device("cpu"), Quiet())
    expected = np.zeros((2, 7))
    expected[[0, 1], [0, 1]] = 1 - SHARE
    expected[:, [0, 2]] += SHARE / 2
    assert found == pytest.approx(expected, abs=1e-3)
    assert found.dtype == np.float32


def test_each_head_learns_from_the_teachers_head_of_its_name(tmp_path: Path) -> None:
    """A teacher with two heads, and one that knows votes alone; an image without votes learns
    what they say."""
    torch.manual_seed(0)
    model = zoo.create("simple", n_heads=2).eval()
    head = model.get_submodule("head")[-1]
    torch.nn.init.zeros_(head.weight)
    with torch.no_grad():
        head.bias.copy_(30.0 * torch.cat([torch.eye(7)[4], torch.eye(7)[5]]))
    heads = (Head("given"), Head("votes"))
    save_model(tmp_path / "two.safetensors", model, ModelInfo("simple", heads=heads))
    one = certain(tmp_path / "one.safetensors", 2)
    targets = np.zeros((2, 2, 7), np.float32)
    targets[:, 0, 0] = targets[0, 1, 1] = 1
    teachers = [tmp_path / "two.safetensors", one]
    faces = np.zeros((2, 48, 48), np.uint8)
    found = taught(targets, ("given", "votes"), faces, teachers, torch.device("cpu"), Quiet())
    by_given = [0.5, 0, 0.25, 0, 0.25, 0, 0]
    assert found[:, 0] == pytest.approx(np.array([by_given, by_given]), abs=1e-3)
    assert found[0, 1] == pytest.approx([0, 0.5, 0.25, 0, 0, 0.25, 0], abs=1e-3)
    assert found[1, 1] == pytest.approx([0, 0, 0.5, 0, 0, 0.5, 0], abs=1e-3)
