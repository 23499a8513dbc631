"""How fast a network trains on this machine: images a second by side, eager and from CUDA graphs.

    python tools/time_training.py --network facenet --batch 128 --images 28709

Faces are random noise: speed does not depend on what they show. The first epoch of each side is
not counted. Where there is no CUDA the steps are taken as they are.
"""

from __future__ import annotations

import argparse
import dataclasses
import time

import numpy as np
import torch

from fercurate.learn import device as devices
from fercurate.learn import zoo
from fercurate.learn.train import Trainer


def main(network: str, batch: int, images: int, sides: list[int], device: torch.device) -> None:
    devices.keep_memory()
    rng = np.random.default_rng(0)
    faces = rng.integers(0, 256, (images, 48, 48), dtype=np.uint8)
    labels = rng.integers(0, 7, images)
    print(f"{network}, batch {batch}, {images:,} images, {devices.describe(device)}")
    preset = zoo.recipe_for(network, "quick")
    for side in sides:
        recipe = dataclasses.replace(preset, batch=batch, sides=((1.0, side),), epochs=4)
        for how in ("graphs", "eager") if device.type == "cuda" else ("eager",):
            torch.manual_seed(0)
            model = zoo.create(network, dropout=recipe.dropout)
            trainer = Trainer(model, faces, labels, recipe, device, 0)
            if how == "eager":
                trainer.graphs = None
            trainer.run_epoch()
            begun = time.perf_counter()
            losses = [trainer.run_epoch() for _ in range(2)]  # each ends in a number from there
            taken = (time.perf_counter() - begun) / 2
            print(f"{side} pixels, {how}: {images / taken:,.0f} images/s, loss {losses[-1]:.4f}")


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--network", default="facenet")
    parser.add_argument("--batch", type=int, default=128)
    parser.add_argument("--images", type=int, default=28_709)
    parser.add_argument("--sides", type=int, nargs="+", default=[32, 40, 48])
    parser.add_argument("--device", default="auto")
    told = parser.parse_args()
    main(told.network, told.batch, told.images, told.sides, devices.choose(told.device))
