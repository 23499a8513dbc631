"""Augmentation of a whole batch at once, on the device that it lies on."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor


@dataclass(frozen=True)
class Augmentation:
    """Bounds of the random affine map; each is drawn uniformly from minus to plus."""

    rotate: float = 10.0
    """Degrees."""
    scale: float = 0.10
    """Relative change of size."""
    shift: float = 0.08
    """Share of the image's side, each axis."""
    flip: bool = True
    """Mirror half of the images."""


def affine(faces: Tensor, side: int, how: Augmentation, generator: torch.Generator) -> Tensor:
    """Randomly turned, scaled, shifted and mirrored copies, resampled to `side`.

    One bilinear gather does all of it and the change of resolution; pixels from outside
    repeat the border.

    Args:
        faces: float32 [B, 1, H, W].
        side: Height and width of the result, pixels.
        how: Bounds of the map.
        generator: Source of the randomness, on the CPU so that a seed means the same
            batch on every device.

    Returns:
        float32 [B, 1, side, side].
    """
    n = len(faces)
    draw = torch.rand(5, n, generator=generator) * 2 - 1
    angle = draw[0] * math.radians(how.rotate)
    size = 1 + draw[1] * how.scale
    shift = draw[2:4] * 2 * how.shift  # grid coordinates run from -1 to 1
    mirror = torch.where(draw[4] < 0, -1.0, 1.0) if how.flip else torch.ones(n)
    cos, sin = angle.cos() * size, angle.sin() * size
    theta = torch.stack(
        [
            torch.stack([cos * mirror, -sin, shift[0]], dim=1),
            torch.stack([sin * mirror, cos, shift[1]], dim=1),
        ],
        dim=1,
    )  # [B, 2, 3]
    theta = theta.to(faces.device, non_blocking=True)
    grid = F.affine_grid(theta, [n, 1, side, side], align_corners=False)
    return F.grid_sample(faces, grid, padding_mode="border", align_corners=False)
