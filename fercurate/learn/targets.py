"""Targets of one head or of several, as the loss takes them."""

from __future__ import annotations

import torch.nn.functional as F
from torch import Tensor


def by_head(targets: Tensor, n_classes: int = 7) -> Tensor:
    """Targets as float32 [N, heads, 7], whatever they were."""
    made = F.one_hot(targets, n_classes).float() if targets.ndim == 1 else targets
    return made if made.ndim == 3 else made.unsqueeze(1)


def smoothed(targets: Tensor, share: float) -> Tensor:
    """Label smoothing towards the shares that the classes have among the targets.

    The usual smoothing goes to uniform shares. It teaches that one image in `7 / share` is of
    the rarest class, and whatever then makes up for unequal classes (weights, shifted logits,
    a balanced operating point) takes that for evidence.

    Args:
        targets: float32 [N, heads, 7]; rows of zeros stay zeros.
        share: Of each target that is spread, 0..1.
    """
    if not share:
        return targets
    frequency = targets.sum(0) / targets.sum((0, 2)).clamp_min(1e-9)[:, None]  # [heads, 7]
    return (1 - share) * targets + share * targets.sum(2, keepdim=True) * frequency
