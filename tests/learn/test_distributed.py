"""Two processes over gloo train what one does."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch import nn

from fercurate.learn import distributed
from fercurate.learn.distributed import Ranks

SCRIPT = """
import sys
import numpy as np, torch
from fercurate.learn import device as devices, distributed, optim
from fercurate.learn.augment import Augmentation
from fercurate.learn.models import FaceNet, FaceNetConfig
from fercurate.learn.recipe import Recipe
from fercurate.learn.train import Trainer, fit

torch.set_num_threads(1)
# bfloat16 rounds away what the two have in common
devices.has_fast_bf16 = optim.has_fast_bf16 = lambda device: False
device = distributed.start(torch.device("cpu"))
rng = np.random.default_rng(0)
faces = rng.integers(0, 255, (70, 48, 48), dtype=np.uint8)
labels = rng.integers(0, 7, 70)
recipe = Recipe(epochs=2, batch=16, sides=((1.0, 24),), mixup=0.2,
                augmentation=Augmentation(cutout=0.2))
torch.manual_seed(0)
trainer = Trainer(FaceNet(FaceNetConfig(widths=(8, 8, 16))), faces, labels, recipe, device, 0)
losses = []
fit(trainer, [lambda _, loss: losses.append(loss)])
if distributed.ranks().is_first:
    torch.save({"losses": losses, "average": trainer.average.state_dict()}, sys.argv[1])
distributed.stop()
"""


@pytest.mark.parametrize(
    ("world", "n", "shares"),
    [(1, 5, [(0, 5)]), (2, 5, [(0, 2), (2, 5)]), (3, 9, [(0, 3), (3, 6), (6, 9)])],
)
def test_shares_cover_a_batch(world: int, n: int, shares: list[tuple[int, int]]) -> None:
    found = [Ranks(rank, world).share(n) for rank in range(world)]
    assert [(s.start, s.stop) for s in found] == shares


def test_one_process_is_alone() -> None:
    assert distributed.ranks() == Ranks(0, 1)
    assert distributed.ranks().is_first
    assert distributed.start(torch.device("cpu")) == torch.device("cpu")
    assert float(distributed.total(torch.ones(()))) == 1


def test_shared_batch_norms_keep_their_names() -> None:
    model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Sequential(nn.BatchNorm2d(2)))
    names = list(model.state_dict())
    distributed.share_batch_norm(model)
    assert list(model.state_dict()) == names
    assert type(model[1][0]) is not nn.BatchNorm2d


def test_two_processes_train_what_one_does(tmp_path: Path) -> None:
    script = tmp_path / "job.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    one, two = tmp_path / "one.pt", tmp_path / "two.pt"
    subprocess.run([sys.executable, script, one], check=True, env=environment, timeout=240)
    together = [sys.executable, "-m", "torch.distributed.run", "--standalone", "--nproc-per-node"]
    subprocess.run([*together, "2", script, two], check=True, env=environment, timeout=240)
    alone, shared = (torch.load(path, weights_only=True) for path in (one, two))
    assert shared["losses"] == pytest.approx(alone["losses"], rel=1e-3)
    for name, weight in alone["average"].items():
        if weight.is_floating_point():
            assert torch.allclose(weight, shared["average"][name], rtol=2e-2, atol=1e-2), name
