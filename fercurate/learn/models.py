"""Networks for 48x48 grey faces."""

from __future__ import annotations

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor, nn

STD_FLOOR = 10.0
"""Grey levels added to a face's deviation, so that a flat image is not blown up to noise."""


def standardise(faces: Tensor) -> Tensor:
    """Each face with mean 0 and deviation near 1, so that lighting matters less.

    Args:
        faces: uint8 or float [B, 1, H, W], grey levels 0..255.

    Returns:
        float32 of the same shape.
    """
    faces = faces.float()
    mean = faces.mean((1, 2, 3), keepdim=True)
    std = faces.std((1, 2, 3), keepdim=True)
    return (faces - mean) / (std + STD_FLOOR)


@dataclass(frozen=True)
class FaceNetConfig:
    """Widths of the three stages, at 24, 12 and 6 pixels a side; logits; and the share of the
    last features that training leaves out at random."""

    widths: tuple[int, int, int] = (48, 96, 192)
    n_classes: int = 7
    dropout: float = 0.0


class _ConvNorm(nn.Module):
    def __init__(self, n_in: int, n_out: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(n_in, n_out, 3, padding=1, bias=False)
        self.norm = nn.BatchNorm2d(n_out)

    def forward(self, x: Tensor) -> Tensor:
        normed: Tensor = self.norm(self.conv(x))
        return normed


class _Residual(nn.Module):
    """x + f(x), with f at zero at the start: a deep net begins as a shallow one."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.first = _ConvNorm(width, width)
        self.second = _ConvNorm(width, width)
        nn.init.zeros_(self.second.norm.weight)

    def forward(self, x: Tensor) -> Tensor:
        return F.relu(x + self.second(F.relu(self.first(x))))


class Dropout(nn.Module):
    """Leaves features out at random while training: those that the trainer drew for the batch.

    So the same features are left out whatever the device, and however many processes share the
    batch. Without a draw torch's own is taken.

    Args:
        share: Of the features that are left out, 0..1.
        width: Features.
    """

    def __init__(self, share: float, width: int) -> None:
        super().__init__()
        self.share, self.width = share, width
        self.kept: Tensor | None = None
        """float32 [B, width]: 0, or what makes up for those that are 0."""

    def forward(self, features: Tensor) -> Tensor:
        if not self.training or not self.share:
            return features
        if self.kept is None:
            return F.dropout(features, self.share)
        return features * self.kept


class FaceNet(nn.Module):
    """A small residual network that halves the image in its first layer.

    1.1 million parameters and 92 million multiply-adds at 48x48 in its default size.

    Args:
        config: Widths and number of classes.

    Shapes: float32 [B, 1, side, side], already standardised, to logits float32 [B, 7].
    """

    def __init__(self, config: FaceNetConfig | None = None) -> None:
        super().__init__()
        config = config or FaceNetConfig()
        first, second, third = config.widths
        stem = 32
        self.config = config
        self.features = nn.Sequential(
            nn.Conv2d(1, stem, 4, stride=2, padding=1, bias=False),
            nn.BatchNorm2d(stem),
            nn.ReLU(),
            _ConvNorm(stem, first),
            nn.ReLU(),
            _Residual(first),
            nn.MaxPool2d(2),
            _ConvNorm(first, second),
            nn.ReLU(),
            _Residual(second),
            nn.MaxPool2d(2),
            _ConvNorm(second, third),
            nn.ReLU(),
            _Residual(third),
            nn.AdaptiveAvgPool2d(1),
            nn.Flatten(),
        )
        self.dropout = Dropout(config.dropout, third)
        self.head = nn.Linear(third, config.n_classes)

    def embed(self, faces: Tensor) -> Tensor:
        """The pooled features: float [B, widths[2]]."""
        features: Tensor = self.features(faces)
        return features

    def forward(self, faces: Tensor) -> Tensor:
        logits: Tensor = self.head(self.dropout(self.embed(faces)))
        return logits


def count_parameters(model: nn.Module) -> int:
    return sum(p.numel() for p in model.parameters())


def count_multiply_adds(model: nn.Module, side: int) -> int:
    """Multiply-adds of the convolutions and dense layers for one face of `side` pixels."""
    total = 0

    def add(layer: nn.Module, inputs: object, output: Tensor) -> None:
        nonlocal total
        weight = layer.weight
        if isinstance(weight, Tensor):
            total += output.numel() * weight[0].numel()

    hooks = [
        layer.register_forward_hook(add)
        for layer in model.modules()
        if isinstance(layer, (nn.Conv2d, nn.Linear))
    ]
    was_training = model.training
    device = next(model.parameters()).device
    with torch.inference_mode():
        model.eval()(torch.zeros(1, 1, side, side, device=device))
    model.train(was_training)
    for hook in hooks:
        hook.remove()
    return total
