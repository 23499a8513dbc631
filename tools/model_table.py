"""A table of the networks: size, work, speed here, and what finished runs of them came to.

    python tools/model_table.py --dataset datasets/fer2013 > table.md

Speeds are of this machine and need nothing else running on it. Faces are random noise. Accuracy
is that of the dataset's finished runs (`fercurate train --model NAME`), mean over seeds, with the
recipe that most of them have; without --dataset it stays empty.
"""

from __future__ import annotations

import argparse
import collections
import json
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch.utils.flop_counter import FlopCounterMode

from fercurate.errors import FercurateError
from fercurate.evaluate.audit_scores import read_votes
from fercurate.evaluate.kept_runs import read_config, read_predictions
from fercurate.infer.classifier import open_classifier
from fercurate.infer.info import ModelInfo
from fercurate.infer.onnx_export import export
from fercurate.labels import INDEX
from fercurate.learn import device as devices
from fercurate.learn import zoo
from fercurate.learn.models import count_parameters
from fercurate.learn.predict import logits_of
from fercurate.learn.train import Trainer
from fercurate.paths import RunFiles
from fercurate.votes import gold_classes
from fercurate.workspace import Workspace

BATCH = 32
HEADER = (
    "network", "parameters", "multiply-adds", "side", "training, images/s",
    "torch, images/s", "ONNX, images/s", "epochs", "seeds", "given labels", "gold rows",
)  # fmt: skip


def multiply_adds(model: torch.nn.Module, side: int) -> int:
    """Of one face; attention counts, which layer hooks do not see."""
    torch.backends.mha.set_fastpath_enabled(False)  # its fused kernel would be skipped
    with FlopCounterMode(display=False) as counter, torch.inference_mode():
        model.eval()(torch.zeros(1, 1, side, side))
    torch.backends.mha.set_fastpath_enabled(True)
    return int(counter.get_total_flops()) // 2


def rate(work: Callable[[], Any], images: int, seconds: float) -> float:
    """Images a second of repeated `work`, the first time left out."""
    work()
    began, done = time.perf_counter(), 0
    while time.perf_counter() - began < seconds:
        work()
        done += images
    return done / (time.perf_counter() - began)


def measure(name: str, device: torch.device, images: int, seconds: float) -> list[str]:
    """The columns that need no dataset."""
    recipe = zoo.recipe_for(name, "quick")
    side = recipe.predict_side
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (images, 48, 48), dtype=np.uint8)
    torch.manual_seed(0)
    work = multiply_adds(zoo.create(name), side)
    trainer = Trainer(zoo.create(name), faces, rng.integers(0, 7, images), recipe, device, 0)
    trainer.run_epoch()  # builds kernels
    began = time.perf_counter()
    trainer.run_epoch()  # at the first, smaller side where the resolution grows
    training = images / (time.perf_counter() - began)
    model = zoo.create(name).to(device).eval()
    few = faces[:BATCH]
    by_torch = rate(lambda: logits_of(model, few, device, side, mirrored=False), BATCH, seconds)
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "model.onnx"
        export(zoo.create(name).eval(), ModelInfo(name, side=side, mirrored=False), path)
        onnx = open_classifier(path, "cpu")
        by_onnx = rate(lambda: onnx.logits(few), BATCH, seconds)
    n = count_parameters(model)
    numbers = (f"{n / 1e6:.2f} M", f"{work / 1e6:.0f} M", side, training, by_torch, by_onnx)
    return [name, *(x if isinstance(x, str) else f"{x:,.0f}" for x in numbers)]


def accuracies(space: Workspace, on: str, labels: str, split: str) -> dict[str, list[str]]:
    """Epochs, seeds, accuracy on given labels and gold rows, for each network."""
    manifest = space.manifest(["split", "label"])
    rows = np.flatnonzero((manifest["split"] == split).to_numpy())
    given = manifest["label"].map(dict(INDEX)).fillna(-1).to_numpy(np.int64)[rows]
    gold = np.full(len(rows), -1)
    if space.votes_path.exists():
        gold = gold_classes(read_votes(space, None))[rows]
    of_network: dict[str, dict[str, list[tuple[float, float]]]] = {}
    epochs: dict[str, str] = {}
    for folder in sorted(space.runs_dir.glob("train-*")):
        if not RunFiles(folder).logits_path.exists():
            continue
        told = read_config(folder)
        if (told["config"]["on"], told["labels"]) != (on, labels):
            continue
        how = json.dumps([told["recipe"], told["config"].get("balance")], sort_keys=True)
        epochs[how] = str(told["recipe"]["epochs"])
        right = [
            float((read_predictions(folder, rows) == truth)[truth >= 0].mean())
            if (truth >= 0).any()
            else float("nan")
            for truth in (given, gold)
        ]
        found = of_network.setdefault(told["config"]["model"], collections.defaultdict(list))
        found[how].append((right[0], right[1]))
    shown = {}
    for network, recipes in of_network.items():
        how, values = max(recipes.items(), key=lambda item: len(item[1]))
        means = np.mean(values, axis=0)
        sds = np.std(values, axis=0, ddof=1) if len(values) > 1 else (np.nan, np.nan)
        cells = [
            "" if np.isnan(m) else f"{100 * m:.1f}" + ("" if np.isnan(s) else f" ({100 * s:.1f})")
            for m, s in zip(means, sds, strict=True)
        ]
        shown[network] = [epochs[how], str(len(values)), *cells]
    return shown


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--models", nargs="+", default=[*zoo.NAMES, "torchvision:resnet18"])
    parser.add_argument("--dataset", type=Path, help="folder of a dataset with finished runs")
    parser.add_argument("--on", default="raw", help="training set of the runs to show")
    parser.add_argument("--labels", default="given", help="labels of the runs to show")
    parser.add_argument("--split", default="val", choices=("val", "test"))
    parser.add_argument("--device", default="auto")
    parser.add_argument("--images", type=int, default=1024, help="images to train on")
    parser.add_argument("--seconds", type=float, default=3.0, help="of each measured inference")
    given = parser.parse_args()
    try:
        device = devices.choose(given.device)
        found = {}
        if given.dataset is not None:
            found = accuracies(Workspace(given.dataset), given.on, given.labels, given.split)
        print(f"| {' | '.join(HEADER)} |")
        print(f"| --- |{' ---: |' * (len(HEADER) - 1)}")
        for name in given.models:
            print(f"Measuring {name}", file=sys.stderr)
            cells = measure(name, device, given.images, given.seconds)
            print(f"| {' | '.join([*cells, *found.get(name, [''] * 4)])} |", flush=True)
    except (FercurateError, ValueError) as error:
        raise SystemExit(str(error)) from error
    print(
        f"\nMeasured on {devices.describe(device)}; inference of single passes in batches of "
        f"{BATCH}, ONNX on the CPU. Training: batches, augmentation and loss included, at the "
        "first side of the recipe, which is the smaller one where the resolution grows."
    )
    if given.dataset is not None:
        print(
            f"Accuracy on {given.split} of runs on {given.on} with {given.labels} labels: mean "
            "over seeds, in brackets the standard deviation."
        )


if __name__ == "__main__":
    main()
