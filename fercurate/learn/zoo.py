"""The networks that can be trained, by name, and how each is trained."""

from __future__ import annotations

import dataclasses
import itertools
from typing import Literal, get_args

import torch
import torchvision
from torch import Tensor, nn

from fercurate.learn.augment import Augmentation
from fercurate.learn.models import Dropout, FaceNet, FaceNetConfig
from fercurate.learn.recipe import Recipe

Effort = Literal["quick", "standard", "thorough"]

DEFAULT = "facenet"
NAMES = ("simple", "facenet", "facenet-large", "facenet-xl", "plain", "vit")
TORCHVISION = "torchvision:"
"""Then the name of one of its classification networks, such as torchvision:resnet18."""


class Simple(nn.Module):
    """The network of the tutorials: four times convolution and pooling, then two dense layers.

    The floor to compare with. 1.4 million parameters, 28 million multiply-adds at 48 pixels.

    Shapes: float32 [B, 1, 48, 48], already standardised, to logits float32 [B, 7].
    """

    def __init__(self, n_classes: int = 7) -> None:
        super().__init__()
        widths = (1, 32, 64, 128, 128)
        layers: list[nn.Module] = []
        for n_in, n_out in itertools.pairwise(widths):
            layers += [
                nn.Conv2d(n_in, n_out, 3, padding=1), nn.BatchNorm2d(n_out), nn.ReLU(),
                nn.MaxPool2d(2), nn.Dropout(0.2),
            ]  # fmt: skip
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(3), nn.Flatten())
        self.head = nn.Sequential(
            nn.Linear(128 * 9, 1024), nn.ReLU(), nn.Dropout(0.5), nn.Linear(1024, n_classes)
        )

    def forward(self, faces: Tensor) -> Tensor:
        logits: Tensor = self.head(self.features(faces))
        return logits


class VisionTransformer(nn.Module):
    """A small transformer on patches that a short stack of convolutions makes.

    Without convolutions below it a transformer needs far more than 28,709 faces (Xiao et al.
    2021, https://arxiv.org/abs/2106.14881). 0.9 million parameters, 21 million multiply-adds at 48
    pixels; torch's own encoder layers.

    Shapes: float32 [B, 1, side, side], side a multiple of 8, to logits float32 [B, 7].
    """

    def __init__(self, n_classes: int = 7, width: int = 144, depth: int = 5, heads: int = 6):
        super().__init__()
        self.stem = nn.Sequential(
            nn.Conv2d(1, 32, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(32), nn.ReLU(),
            nn.Conv2d(32, 64, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(64), nn.ReLU(),
            nn.Conv2d(64, width, 3, stride=2, padding=1),
        )  # fmt: skip
        self.places = nn.Parameter(0.02 * torch.randn(1, width, 6, 6))
        layer = nn.TransformerEncoderLayer(
            width, heads, 2 * width, dropout=0.1, activation="gelu",
            batch_first=True, norm_first=True,
        )  # fmt: skip
        self.encoder = nn.TransformerEncoder(layer, depth, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(width)
        self.head = nn.Linear(width, n_classes)

    def forward(self, faces: Tensor) -> Tensor:
        patches = self.stem(faces)
        places: Tensor = self.places
        if patches.shape[-1] != places.shape[-1]:
            places = nn.functional.interpolate(places, size=patches.shape[-2:], mode="bilinear")
        tokens = (patches + places).flatten(2).transpose(1, 2)  # [B, patches, width]
        logits: Tensor = self.head(self.norm(self.encoder(tokens).mean(1)))
        return logits


class Plain(nn.Module):
    """Ten 3x3 convolutions with pooling between them, as VGG has them.

    Simonyan and Zisserman 2015, https://arxiv.org/abs/1409.1556, with batch norm, and the mean
    over the last map in place of the dense layers. 7.6 million parameters, 638 million
    multiply-adds at 48 pixels.

    Shapes: float32 [B, 1, side, side], already standardised, to logits float32 [B, n_classes].
    """

    def __init__(self, n_classes: int = 7, dropout: float = 0.0) -> None:
        super().__init__()
        layers: list[nn.Module] = []
        n_in = 1
        for stage, (width, depth) in enumerate(((64, 2), (128, 2), (256, 3), (512, 3))):
            if stage:
                layers.append(nn.MaxPool2d(2))
            for _ in range(depth):
                layers += [
                    nn.Conv2d(n_in, width, 3, padding=1, bias=False),
                    nn.BatchNorm2d(width),
                    nn.ReLU(),
                ]
                n_in = width
        self.features = nn.Sequential(*layers, nn.AdaptiveAvgPool2d(1), nn.Flatten())
        self.dropout = Dropout(dropout, n_in)
        self.head = nn.Linear(n_in, n_classes)

    def forward(self, faces: Tensor) -> Tensor:
        logits: Tensor = self.head(self.dropout(self.features(faces)))
        return logits


_WIDTHS = {
    "facenet": (48, 96, 192),
    "facenet-large": (64, 128, 256),
    "facenet-xl": (128, 256, 512),
}


def create(name: str, n_classes: int = 7, *, n_heads: int = 1, dropout: float = 0.0) -> nn.Module:
    """A network with random weights, from standardised faces to logits.

    Args:
        name: One of `NAMES`, or "torchvision:" and the name of one of its networks.
        n_classes: Logits a head.
        n_heads: Last layers on the one trunk; they are one layer of `n_heads * n_classes` logits,
            head by head.
        dropout: Share of the last features that training leaves out at random; facenet's and
            plain.

    Raises:
        ValueError: there is no such network, or it has no place for a dropout.
    """
    outputs = n_classes * n_heads
    if name in _WIDTHS:
        return FaceNet(FaceNetConfig(_WIDTHS[name], outputs, dropout))
    if name == "plain":
        return Plain(outputs, dropout)
    if dropout:
        raise ValueError(f"{name} has no dropout to set")
    if name == "simple":
        return Simple(outputs)
    if name == "vit":
        return VisionTransformer(outputs)
    if name.startswith(TORCHVISION):
        return _from_torchvision(name.removeprefix(TORCHVISION), outputs)
    raise ValueError(f"there is no network {name!r}: {', '.join(NAMES)}, {TORCHVISION}<name>")


def _from_torchvision(name: str, n_classes: int) -> nn.Module:
    """One of torchvision's networks without its weights, for one channel and small images.

    The first convolution takes one channel and, where it has stride 2 (made for 224 pixels),
    stride 1; a pooling that follows it is left out.
    """
    known = torchvision.models.list_models(module=torchvision.models)
    if name not in known:
        raise ValueError(f"torchvision has no network {name!r}, but resnet18 and {len(known)} more")
    try:
        model: nn.Module = torchvision.models.get_model(name, weights=None, num_classes=n_classes)
    except TypeError as error:
        raise ValueError(f"{name} cannot be adapted: {error}") from error
    first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    if first is None or first.in_channels != 3:
        raise ValueError(f"{name} cannot be adapted: it does not begin with a convolution")
    first.weight = nn.Parameter(first.weight[:, :1].detach().clone())
    first.in_channels = 1
    first.stride = (1, 1) if first.stride == (2, 2) else first.stride
    if isinstance(getattr(model, "maxpool", None), nn.MaxPool2d):
        model.maxpool = nn.Identity()
    try:
        with torch.inference_mode():
            model.eval()(torch.zeros(1, 1, 48, 48))
    except (AssertionError, RuntimeError) as error:
        raise ValueError(f"{name} takes no faces of 48 pixels: {error}") from error
    return model.train()


_EPOCHS: dict[Effort, int] = {"quick": 8, "standard": 24, "thorough": 60}
_DROPOUT = {"facenet": 0.1, "facenet-large": 0.2, "facenet-xl": 0.3}


def recipe_for(name: str, effort: Effort) -> Recipe:
    """How a network is trained: its preset.

    Raises:
        ValueError: there is no such effort.
    """
    if effort not in get_args(Effort):
        raise ValueError(f"there is no effort {effort!r}: {', '.join(get_args(Effort))}")
    base = Recipe(
        epochs=_EPOCHS[effort],
        sides=((0.25, 32), (0.75, 40), (1.0, 48)),
        predict_side=48,
        label_smoothing=0.0,
        dropout=_DROPOUT.get(name, 0.0),
        whiten=True,
        augmentation=Augmentation(rotate=12, scale=0.12, shift=0.1),
    )
    if name == "simple":
        how = Augmentation(rotate=10, scale=0.1, shift=0.1)
        return dataclasses.replace(
            base, optimizer="adamw", lr_rest=1e-3, whiten=False, sides=((1.0, 48),),
            augmentation=how,
        )  # fmt: skip
    if name == "vit":
        return dataclasses.replace(
            base, optimizer="adamw", lr_rest=1e-3, weight_decay=0.05, label_smoothing=0.1,
            whiten=False, sides=((1.0, 48),),
        )  # fmt: skip
    if name == "plain":
        return dataclasses.replace(
            base, optimizer="nesterov", lr=0.03, lr_rest=1e-3, warmup=0.1, dropout=0.5,
            whiten=False, sides=((0.3, 40), (1.0, 48)),
            augmentation=dataclasses.replace(base.augmentation, cutout=0.3),
        )  # fmt: skip
    return base
