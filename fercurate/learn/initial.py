"""First weights that are better than random ones."""

from __future__ import annotations

import torch
import torch.nn.functional as F
from torch import Tensor, nn

_FLOOR = 1e-2
"""Added to a direction's variance, so that what is nearly constant is not blown up to noise."""


@torch.no_grad()
def whiten(layer: nn.Conv2d, faces: Tensor) -> None:
    """Begin with filters that take the correlations out of image patches, in place.

    The filters are the principal directions of the patches, each scaled to unit variance, and
    their negatives, so that nothing is lost to the ReLU behind them (Page 2019,
    https://myrtle.ai/learn/how-to-train-your-resnet-8-bag-of-tricks/). What the layer has
    beyond those keeps its random weights.

    Args:
        layer: One input channel.
        faces: float32 [B, 1, H, W], standardised.
    """
    size = layer.kernel_size[0]
    patches = F.unfold(faces, size, stride=3).transpose(1, 2).reshape(-1, size * size)
    values, vectors = torch.linalg.eigh(patches.T @ patches / len(patches))
    filters = (vectors / (values + _FLOOR).sqrt()).T.flip(0)  # largest variance first
    half = min(layer.out_channels // 2, len(filters))
    filters = filters[:half].reshape(half, 1, size, size)
    layer.weight[: 2 * half] = torch.cat([filters, -filters]).to(layer.weight)
