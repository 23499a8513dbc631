"""The backbone as a torch network, to hold the one that ONNX Runtime runs against."""

from __future__ import annotations

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor, nn

from fercurate.screen.backbone import LAYOUT, MAPS, SIDE, TAPS, Weights


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


class TorchBackbone(nn.Module):
    """float32 [B, 1, side, side], grey levels 0..255, to features float32 [B, DIMENSIONS]."""

    def __init__(self) -> None:
        super().__init__()
        self.stem = _Conv(1, LAYOUT[0][0], 3, stride=2)
        self.blocks = nn.ModuleList([_Block(*shape) for shape in LAYOUT])

    def forward(self, x: Tensor) -> Tensor:
        x = F.relu6(self.stem((x - 127.0) / 128.0))
        pooled = []
        for i, block in enumerate(self.blocks):
            x = block(x)
            if i in TAPS:
                pooled += [x.mean((2, 3)), x.std((2, 3)), x.amax((2, 3)), x.amin((2, 3))]
            if i in MAPS:
                pooled.append(F.adaptive_avg_pool2d(x, 3).flatten(1))
        return torch.cat(pooled, dim=1)

    def weights(self) -> dict[str, NDArray[np.float32]]:
        return {name: tensor.detach().numpy() for name, tensor in self.state_dict().items()}


def of(weights: Weights) -> TorchBackbone:
    """A network with these weights."""
    model = TorchBackbone()
    model.load_state_dict({name: torch.from_numpy(values) for name, values in weights.items()})
    return model.eval()


@torch.inference_mode()
def embed(model: TorchBackbone, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Features of faces uint8 [N, 48, 48]: float32 [N, DIMENSIONS]."""
    given = torch.from_numpy(faces.copy()).unsqueeze(1).float()
    large = F.interpolate(given, size=SIDE, mode="bicubic", align_corners=False)
    features: NDArray[np.float32] = model(large.clamp(0, 255)).numpy()
    return features
