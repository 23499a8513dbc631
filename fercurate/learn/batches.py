"""What changes between the steps of an epoch, drawn for the whole epoch and on the device at once.

Everything random is drawn on the CPU, for whole batches, so that a seed means the same batches on
every device and whichever share of them a process trains on. A step reads tensors alone, which a
CUDA graph may be given anew for each replay.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, fields

import torch
from torch import Tensor

from fercurate.learn import augment
from fercurate.learn.distributed import Ranks
from fercurate.learn.recipe import Recipe


@dataclass(frozen=True)
class Batch:
    """One step's images and draws; this process's share of them.

    Attributes:
        images: int64 [B], places of the images.
        maps: float32 [B, 2, 3], as `augment.warp` takes them.
        middles: float32 [B, 2], of the squares that are cut out; [B, 0] for none.
        partners: int64 [B], the images that are mixed in; their own places for none.
        kept: float32 [B, D], of the features before the last layer 0 for those that are left out;
            [B, 0] for none.
        share: float32 [], of the image itself in the mixture, 0.5..1.
        rate: float32 [], share of the peak learning rates, 0..1.
        average: float32 [], weight of this step's weights in their average, 0..1.
        scale: float32 [], that the sum of the losses is multiplied by: one over the images of
            all processes.
    """

    images: Tensor
    maps: Tensor
    middles: Tensor
    partners: Tensor
    kept: Tensor
    share: Tensor
    rate: Tensor
    average: Tensor
    scale: Tensor

    def copy_(self, other: Batch) -> None:
        """Take over the values of another batch of the same size, in place."""
        for field in fields(self):
            getattr(self, field.name).copy_(getattr(other, field.name))

    def clone(self) -> Batch:
        return Batch(*(getattr(self, field.name).clone() for field in fields(self)))


def draw(
    order: Tensor,
    rates: list[float],
    averages: list[float],
    recipe: Recipe,
    generator: torch.Generator,
    mirrored: Tensor | None,
    ranks: Ranks,
    device: torch.device,
    numbers_at: torch.device,
    width: int = 0,
) -> Iterator[Batch]:
    """The batches of an epoch; they are as even as can be, so that there are two sizes at most.

    Args:
        order: int64 [N], the images of the epoch, on the CPU.
        rates: For each batch the share of the peak learning rates.
        averages: For each batch the weight in the weight average.
        recipe: How to train.
        generator: Source of the randomness, on the CPU.
        mirrored: bool [N], which images are mirrored; None draws that.
        ranks: Which share of every batch is this process's.
        device: Where the batches are to be.
        numbers_at: Where their single numbers are to be.
        width: Features that the recipe's dropout chooses among; 0 for none.
    """
    how = recipe.augmentation
    chunks = order.tensor_split(len(rates))
    draws, middles, partners, shares, kept = [], [], [], [], []
    for chunk in chunks:
        n = len(chunk)
        draws.append(torch.rand(5, n, generator=generator))
        share, pairs = 1.0, torch.arange(n)
        if recipe.mixup:
            share, pairs = augment.random_pairs(n, recipe.mixup, generator)
        shares.append(share)
        partners.append(chunk[pairs])
        middles.append(torch.rand(n, 2 if how.cutout else 0, generator=generator))
        drawn = torch.rand(n, width, generator=generator)
        kept.append((drawn >= recipe.dropout) / (1 - recipe.dropout))
    maps = augment.maps_of(torch.cat(draws, dim=1), how, mirrored)
    on_device = [
        values.to(device, non_blocking=True)
        for values in (order, maps, torch.cat(middles), torch.cat(partners), torch.cat(kept))
    ]
    scales = [1 / len(chunk) for chunk in chunks]
    numbers = torch.tensor([shares, rates, averages, scales]).to(numbers_at)
    begin = 0
    for step, chunk in enumerate(chunks):
        mine = ranks.share(len(chunk))
        part = slice(begin + mine.start, begin + mine.stop)
        yield Batch(*(values[part] for values in on_device), *numbers[:, step])
        begin += len(chunk)
