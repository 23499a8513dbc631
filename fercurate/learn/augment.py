"""Augmentation of a whole batch at once, on the device that it lies on.

What is random is drawn on the CPU, for the whole batch, so that a seed means the same batch on
every device and whichever share of it a process trains on.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

Flip = Literal["random", "alternate", "none"]


@dataclass(frozen=True)
class Augmentation:
    """Bounds of the random affine map; each is drawn uniformly from minus to plus."""

    rotate: float = 10.0
    """Degrees."""
    scale: float = 0.10
    """Relative change of size."""
    shift: float = 0.08
    """Share of the image's side, each axis."""
    flip: Flip = "random"
    """Mirror half of the images at random; or each image in every other epoch (Jordan 2024,
    https://arxiv.org/abs/2404.00498); or none."""
    cutout: float = 0.0
    """Side of a grey square laid at random on each image, as a share of the image's side
    (DeVries and Taylor 2017, https://arxiv.org/abs/1708.04552); 0 for none."""


def random_maps(
    n: int, how: Augmentation, generator: torch.Generator, mirrored: Tensor | None = None
) -> Tensor:
    """Random affine maps for `F.affine_grid`: float32 [n, 2, 3] on the CPU.

    Args:
        n: Images in the batch.
        how: Bounds.
        generator: Source of the randomness, on the CPU.
        mirrored: bool [n], which images to mirror; None draws half of them where `how` flips.
    """
    return maps_of(torch.rand(5, n, generator=generator), how, mirrored)


def maps_of(draws: Tensor, how: Augmentation, mirrored: Tensor | None = None) -> Tensor:
    """The maps of `random_maps`, of its draws float32 [5, n], 0..1."""
    draw = draws * 2 - 1
    angle = draw[0] * math.radians(how.rotate)
    size = 1 + draw[1] * how.scale
    shift = draw[2:4] * 2 * how.shift  # grid coordinates run from -1 to 1
    if how.flip == "none":
        mirrored = torch.zeros(draws.shape[1], dtype=torch.bool)
    elif mirrored is None:
        mirrored = draw[4] < 0
    mirror = torch.where(mirrored, -1.0, 1.0)
    cos, sin = angle.cos() * size, angle.sin() * size
    return torch.stack(
        [
            torch.stack([cos * mirror, -sin, shift[0]], dim=1),
            torch.stack([sin * mirror, cos, shift[1]], dim=1),
        ],
        dim=1,
    )


def warp(faces: Tensor, maps: Tensor, side: int) -> Tensor:
    """Turned, scaled, shifted and mirrored copies, resampled to `side`.

    One bilinear gather does all of it and the change of resolution; pixels from outside
    repeat the border.

    Args:
        faces: float32 [B, 1, H, W].
        maps: float32 [B, 2, 3], as `random_maps` draws them.
        side: Height and width of the result, pixels.

    Returns:
        float32 [B, 1, side, side].
    """
    maps = maps.to(faces.device, non_blocking=True)
    grid = F.affine_grid(maps, [len(faces), 1, side, side], align_corners=False)
    return F.grid_sample(faces, grid, padding_mode="border", align_corners=False)


def random_corners(n: int, generator: torch.Generator) -> Tensor:
    """Where each image is cut out: float32 [n, 2], middle of the square, 0..1 of the side."""
    return torch.rand(n, 2, generator=generator)


def cut_out(faces: Tensor, middles: Tensor, share: float) -> Tensor:
    """Copies with a square at zero, the mean of a standardised face.

    Args:
        faces: float32 [B, 1, S, S], standardised.
        middles: float32 [B, 2], as `random_corners` draws them; the square may reach beyond.
        share: Side of the square as a share of S.
    """
    side = faces.shape[-1]
    place = (torch.arange(side, device=faces.device) + 0.5) / side
    middles = middles.to(faces.device, non_blocking=True)
    near = (place[None, None, :] - middles[:, :, None]).abs() < share / 2  # [B, 2, S]
    hole = near[:, 0, :, None] & near[:, 1, None, :]
    return faces.masked_fill(hole[:, None], 0.0)


def random_pairs(n: int, alpha: float, generator: torch.Generator) -> tuple[float, Tensor]:
    """For mixup: the share of the first face, 0.5..1, and the partner of each, int64 [n].

    Args:
        n: Images in the batch.
        alpha: Both parameters of the beta distribution of the share.
        generator: Source of the randomness, on the CPU.
    """
    # two gammas make a beta; torch's own draws take no generator
    seed = int(torch.randint(2**31, (1,), generator=generator))
    share = float(np.random.default_rng(seed).beta(alpha, alpha))
    return max(share, 1 - share), torch.randperm(n, generator=generator)
