"""A general image network, ready trained, for what expressions do not teach: is this a photo?

EfficientNet-Lite0 (Tan and Le 2019, https://arxiv.org/abs/1905.11946; weights trained on
ImageNet by Google, Apache License 2.0) without its classifier and the convolution before
that, each batch norm folded into its convolution, for grey images. 2.9 million parameters,
stored as 8-bit integers with a scale an output channel; 82 million multiply-adds at 112
pixels a side.
"""

from __future__ import annotations

import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

SIDE = 112
"""Side that faces are enlarged to. At 96 the drawn are told apart less well, at 144 it takes
twice as long."""

BATCH = 16
"""More do not fit the cache: 16 at a time take two thirds of the time of 128."""

_LAYOUT = (
    (32, 1, 16, 3, 1),
    (16, 6, 24, 3, 2), (24, 6, 24, 3, 1),
    (24, 6, 40, 5, 2), (40, 6, 40, 5, 1),
    (40, 6, 80, 3, 2), (80, 6, 80, 3, 1), (80, 6, 80, 3, 1),
    (80, 6, 112, 5, 1), (112, 6, 112, 5, 1), (112, 6, 112, 5, 1),
    (112, 6, 192, 5, 2), (192, 6, 192, 5, 1), (192, 6, 192, 5, 1), (192, 6, 192, 5, 1),
    (192, 6, 320, 3, 1),
)  # fmt: skip
"""Channels in, expansion, channels out, kernel and stride of each block."""

_TAPS = (2, 4, 7, 10, 15)
"""Blocks whose output is looked at: the last one of each width."""

_MAPS = (4, 10)
"""Blocks whose output is also pooled to 3 by 3, so that where something is counts."""

DIMENSIONS = 4 * sum(_LAYOUT[i][2] for i in _TAPS) + 9 * sum(_LAYOUT[i][2] for i in _MAPS)


class _Conv(nn.Conv2d):
    """A convolution that pads as TensorFlow does: with stride 2 more at the far side."""

    def __init__(self, n_in: int, n_out: int, kernel: int, stride: int = 1, groups: int = 1):
        super().__init__(
            n_in, n_out, kernel, stride, padding=kernel // 2 if stride == 1 else 0, groups=groups
        )

    def forward(self, x: Tensor) -> Tensor:
        if self.stride[0] == 2:
            total = self.kernel_size[0] - 2
            near = total // 2
            x = F.pad(x, (near, total - near, near, total - near))
        return super().forward(x)


class _Block(nn.Module):
    """Widen, filter each channel alone, narrow (Sandler et al. 2018)."""

    def __init__(self, n_in: int, expansion: int, n_out: int, kernel: int, stride: int) -> None:
        super().__init__()
        wide = n_in * expansion
        self.expand = _Conv(n_in, wide, 1) if expansion > 1 else None
        self.depthwise = _Conv(wide, wide, kernel, stride, groups=wide)
        self.project = _Conv(wide, n_out, 1)
        self.is_residual = stride == 1 and n_in == n_out

    def forward(self, x: Tensor) -> Tensor:
        wide = x if self.expand is None else F.relu6(self.expand(x))
        narrow: Tensor = self.project(F.relu6(self.depthwise(wide)))
        return x + narrow if self.is_residual else narrow


class Backbone(nn.Module):
    """float32 [B, 1, side, side], grey levels 0..255, to features float32 [B, DIMENSIONS].

    The features are mean, deviation, largest and smallest value of each channel at five
    depths, and coarse maps of two.
    """

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Conv(1, _LAYOUT[0][0], 3, stride=2)
        self.blocks = nn.ModuleList([_Block(*shape) for shape in _LAYOUT])

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.stem((x - 127.0) / 128.0))
        pooled = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in _TAPS:
                pooled += [x.mean((2, 3)), x.std((2, 3)), x.amax((2, 3)), x.amin((2, 3))]
            if i in _MAPS:
                pooled.append(F.adaptive_avg_pool2d(x, 3).flatten(1))
        return torch.cat(pooled, dim=1)


def pack(model: nn.Module) -> dict[str, NDArray[np.generic]]:
    """A model's weights for `numpy.savez`: int8 with a float32 scale an output channel."""
    packed: dict[str, NDArray[np.generic]] = {}
    for name, tensor in model.state_dict().items():
        values = tensor.detach().float().numpy()
        if values.ndim == 1:
            packed[name] = values
            continue
        scale = np.abs(values).reshape(len(values), -1).max(axis=1) / 127 + 1e-12
        shape = (-1,) + (1,) * (values.ndim - 1)
        packed[name] = np.rint(values / scale.reshape(shape)).astype(np.int8)
        packed[f"{name}.scale"] = scale.astype(np.float32)
    return packed


def load(path: Path) -> Backbone:
    """The network from a file that `pack` filled; no pickle is read.

    Raises:
        OSError, ValueError, KeyError: the file is missing, damaged or of another network.
    """
    try:
        with np.load(path, allow_pickle=False) as stored:
            packed = {name: stored[name] for name in stored.files}
    except (EOFError, zipfile.BadZipFile, zlib.error) as error:
        raise ValueError(f"damaged: {error}") from error
    model = Backbone()
    state = {}
    for name, wanted in model.state_dict().items():
        values = packed[name].astype(np.float32)
        if values.ndim > 1:
            values *= packed[f"{name}.scale"].reshape((-1,) + (1,) * (values.ndim - 1))
        if values.shape != tuple(wanted.shape):
            raise ValueError(f"{name} is {values.shape}, not {tuple(wanted.shape)}")
        state[name] = torch.from_numpy(values)
    model.load_state_dict(state)
    return model.eval().to(memory_format=torch.channels_last)


@torch.inference_mode()
def embed(
    model: Backbone,
    faces: NDArray[np.uint8],
    *,
    mirrored: bool = False,
    on_batch: Callable[[int], None] = lambda images: None,
) -> NDArray[np.float32]:
    """Features of each face: float32 [N, DIMENSIONS].

    Args:
        model: As `load` gives it.
        faces: uint8 [N, 48, 48].
        mirrored: Take the mean over the face and its mirror image; twice the time.
        on_batch: Called after each batch with the number of images in it.
    """
    found = np.empty((len(faces), DIMENSIONS), np.float32)
    for start in range(0, len(faces), BATCH):
        batch = torch.from_numpy(np.array(faces[start : start + BATCH])).unsqueeze(1).float()
        large = F.interpolate(batch, size=SIDE, mode="bicubic", align_corners=False)
        large = large.clamp(0, 255).contiguous(memory_format=torch.channels_last)
        features = model(large)
        if mirrored:
            features = (features + model(large.flip(3))) / 2
        found[start : start + len(batch)] = features.numpy()
        on_batch(len(batch))
    return found
