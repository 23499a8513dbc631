"""Training tricks, each alone against the same base, on FER2013's training split.

    python reports/record/fer2013-training/trials.py datasets/fer2013 fer2013new.csv trials.jsonl

Trains on 12,000 images of the training split and scores on its other images and on PublicTest;
images that have a copy among the 12,000 are left out of the scoring. PrivateTest is not looked
at. One JSON line a run; a run whose line is there is not repeated. `--worker 0/2` takes every
other one.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from sklearn.metrics import balanced_accuracy_score, f1_score
from torch import nn

from fercurate.evaluate.audit_scores import read_votes
from fercurate.labels import INDEX
from fercurate.learn.augment import Augmentation
from fercurate.learn.device import keep_memory
from fercurate.learn.models import FaceNet, FaceNetConfig
from fercurate.learn.optim import Optimizers
from fercurate.learn.predict import logits_of
from fercurate.learn.recipe import Recipe
from fercurate.learn.train import Trainer, fit
from fercurate.train.balance import balanced
from fercurate.votes import gold_classes
from fercurate.workspace import Workspace

CPU = torch.device("cpu")
BASE = Recipe(epochs=6)
N_TRAIN = 12_000


@dataclass(frozen=True)
class Data:
    faces: np.ndarray
    labels: np.ndarray
    held_faces: np.ndarray
    held_labels: np.ndarray
    held_gold: np.ndarray


@dataclass(frozen=True)
class Trial:
    """One change of the base; `prepare` changes the network, `views` how it is asked."""

    recipe: Recipe = BASE
    network: Callable[[], nn.Module] = FaceNet
    prepare: Callable[[nn.Module, Data], None] = lambda model, data: None
    lookahead: bool = False
    teachers: int = 0
    shifts: tuple[int, ...] = ()
    balance: str = "none"
    seeds: tuple[int, ...] = (0,)


def load(folder: Path, votes: Path) -> Data:
    space = Workspace(folder)
    manifest = space.manifest()
    labels = manifest["label"].map(dict(INDEX)).to_numpy(np.int64)
    gold = gold_classes(read_votes(space, votes))
    split = manifest["split"].to_numpy()
    group = space.screen()["near_duplicate_group"].to_numpy()
    train = np.random.default_rng(0).permutation(np.flatnonzero(split == "train"))
    chosen, rest = np.sort(train[:N_TRAIN]), train[N_TRAIN:]
    held = np.concatenate([rest, np.flatnonzero(split == "val")])
    known = set(group[chosen].tolist()) - {-1}
    held = np.array([row for row in held if group[row] not in known])
    faces = space.faces()
    return Data(faces[chosen], labels[chosen], faces[held], labels[held], gold[held])


def orthogonal(model: nn.Module, data: Data) -> None:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d):
            nn.init.orthogonal_(layer.weight)


def identity(model: nn.Module, data: Data) -> None:
    for layer in model.modules():
        if isinstance(layer, nn.Conv2d) and layer.in_channels > 1:
            nn.init.dirac_(layer.weight[: layer.in_channels])


class Lookahead:
    """Every five steps the weights go back half of the way (Zhang et al. 2019)."""

    def __init__(self, optimizers: Optimizers, weights: list[nn.Parameter]) -> None:
        self._optimizers, self._weights, self._steps = optimizers, weights, 0
        self._slow = [w.detach().clone() for w in weights]

    def step(self, share: float) -> None:
        self._optimizers.step(share)
        self._steps += 1
        if self._steps % 5 == 0:
            with torch.no_grad():
                torch._foreach_lerp_(self._slow, self._weights, 0.5)
                torch._foreach_copy_(self._weights, self._slow)


class Dropped(FaceNet):
    """The default network with dropout before its head."""

    def __init__(self) -> None:
        super().__init__()
        self.head = nn.Sequential(nn.Dropout(0.3), self.head)


def wide() -> nn.Module:
    return FaceNet(FaceNetConfig(widths=(64, 128, 256)))


def change(**values: Any) -> Recipe:
    return dataclasses.replace(BASE, **values)


def turned(**values: Any) -> Recipe:
    return change(augmentation=Augmentation(**values))


LONG = {"epochs": 12}

TRIALS = {
    "base": Trial(seeds=(0, 1, 2, 3)),
    "Nesterov, lr 0.05": Trial(change(optimizer="nesterov", lr=0.05)),
    "no weight average": Trial(change(ema=0.0)),
    "no label smoothing": Trial(change(label_smoothing=0.0)),
    "one resolution, 40": Trial(change(sides=((1.0, 40),))),
    "24 -> 32 -> 40": Trial(change(sides=((0.34, 24), (0.67, 32), (1.0, 40)))),
    "patch whitening": Trial(change(whiten=True)),
    "orthogonal start": Trial(prepare=orthogonal),
    "identity start": Trial(prepare=identity),
    "12 epochs": Trial(change(**LONG)),
    "12 epochs, mixup 0.2": Trial(change(**LONG, mixup=0.2)),
    "12 epochs, cutout 0.33": Trial(change(**LONG, augmentation=Augmentation(cutout=0.33))),
    "12 epochs, wide": Trial(change(**LONG), network=wide),
    "alternating flip": Trial(turned(flip="alternate")),
    "no flip": Trial(turned(flip="none")),
    "no rotation, no scale": Trial(turned(rotate=0.0, scale=0.0)),
    "stronger map": Trial(turned(rotate=15.0, scale=0.15, shift=0.12)),
    "12 epochs, stronger map": Trial(
        change(**LONG, augmentation=Augmentation(rotate=15.0, scale=0.15, shift=0.12))
    ),
    "distillation, 3 teachers": Trial(teachers=3),
    "lookahead, no average": Trial(change(ema=0.0), lookahead=True),
    "AdamW for all": Trial(change(optimizer="adamw", lr_rest=2e-3, weight_decay=0.05)),
    "batch 64": Trial(change(batch=64, lr=0.06)),
    "Muon, lr 0.04": Trial(change(lr=0.04)),
    "Muon, lr 0.02": Trial(change(lr=0.02)),
    "12 epochs, Muon, lr 0.04": Trial(change(**LONG, lr=0.04)),
    "12 epochs, Muon, lr 0.02": Trial(change(**LONG, lr=0.02)),
    "12 epochs, Muon, lr 0.16": Trial(change(**LONG, lr=0.16)),
    "12 epochs, Muon, lr 0.3": Trial(change(**LONG, lr=0.3)),
    "12 epochs, lr of the rest 0.005": Trial(change(**LONG, lr_rest=5e-3)),
    "12 epochs, triangle to 0.5": Trial(change(**LONG, warmup=0.5)),
    "Nesterov, lr 0.01": Trial(change(optimizer="nesterov", lr=0.01)),
    "12 epochs, label smoothing 0.2": Trial(change(**LONG, label_smoothing=0.2)),
    "one-cycle with warm-up 0.05": Trial(change(warmup=0.05)),
    "dropout 0.3 before the head": Trial(network=Dropped),
    "24 -> 36 -> 48": Trial(change(sides=((0.34, 24), (0.67, 36), (1.0, 48)), predict_side=48)),
    "class weights": Trial(balance="weights"),
    "class-balanced sampler": Trial(balance="sampler"),
    "logit adjustment": Trial(balance="logit-adjust"),
    "multi-crop": Trial(shifts=(-2, 2)),
}


def trained(trial: Trial, data: Data, targets: np.ndarray, seed: int) -> nn.Module:
    torch.manual_seed(seed)
    model = trial.network()
    trial.prepare(model, data)
    how = balanced(trial.balance, targets)
    trainer = Trainer(model, data.faces, targets, trial.recipe, CPU, seed, **how)
    if trial.lookahead:
        trainer._optimizers = Lookahead(trainer._optimizers, list(model.parameters()))
    fit(trainer)
    return trainer.average


def run(trial: Trial, data: Data, seed: int) -> dict[str, float]:
    targets, side = data.labels, trial.recipe.predict_side
    started = time.perf_counter()
    if trial.teachers:
        single = dataclasses.replace(trial, teachers=0)
        several = [trained(single, data, targets, 100 + i) for i in range(trial.teachers)]
        logits = np.mean([logits_of(m, data.faces, CPU, side) for m in several], axis=0)
        probabilities = torch.from_numpy(logits).softmax(1).numpy()
        targets = (0.5 * probabilities + 0.5 * np.eye(7)[targets]).astype(np.float32)
    model = trained(trial, data, targets, seed)
    seconds = time.perf_counter() - started
    views = [data.held_faces]
    for by in trial.shifts:
        views += [np.roll(data.held_faces, by, axis) for axis in (1, 2)]
    logits = np.mean([logits_of(model, view, CPU, side) for view in views], axis=0)
    single = logits_of(model, data.held_faces, CPU, side, mirrored=False)
    log_probs = torch.from_numpy(logits).log_softmax(1).numpy()
    right = logits.argmax(1) == data.held_labels
    has_gold = data.held_gold >= 0
    return {
        "raw": float(right.mean()),
        "gold": float((logits.argmax(1) == data.held_gold)[has_gold].mean()),
        "raw_without_mirror": float((single.argmax(1) == data.held_labels).mean()),
        "balanced": float(balanced_accuracy_score(data.held_labels, logits.argmax(1))),
        "macro_f1": float(f1_score(data.held_labels, logits.argmax(1), average="macro")),
        "nll": float(-log_probs[np.arange(len(right)), data.held_labels].mean()),
        "seconds": seconds,
        "n": len(right),
        "n_gold": int(has_gold.sum()),
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("dataset", type=Path)
    parser.add_argument("votes", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--worker", default="0/1")
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    keep_memory()
    which, workers = map(int, options.worker.split("/"))
    data = load(options.dataset, options.votes)
    jobs = [(name, seed) for name, trial in TRIALS.items() for seed in trial.seeds]
    for name, seed in jobs[which::workers]:
        lines = options.out.read_text().splitlines() if options.out.exists() else []
        if any((d["trial"], d["seed"]) == (name, seed) for d in map(json.loads, lines)):
            continue
        found = {"trial": name, "seed": seed, **run(TRIALS[name], data, seed)}
        with options.out.open("a") as file:
            file.write(json.dumps(found) + "\n")


if __name__ == "__main__":
    main()
