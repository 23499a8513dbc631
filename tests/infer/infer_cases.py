"""Models with random weights that are sure of themselves, and faces to show them."""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import nn

from fercurate.infer.classifier import Classifier
from fercurate.infer.heads import Head
from fercurate.infer.info import ModelInfo
from fercurate.learn import zoo
from fercurate.samples.stage import compose

PRIOR = (0.1, 0.01, 0.02, 0.27, 0.15, 0.1, 0.35)

TWO = (
    Head("given", (1 / 7,) * 7, temperature=1.3),
    Head("votes", PRIOR, temperature=0.9, threshold=0.4, balance=0.25),
)
"""The heads of a model that learned two kinds of labels."""


def a_model(architecture: str = "facenet", seed: int = 0, n_heads: int = 1) -> nn.Module:
    """Random weights; the last layer's are large, so that probabilities differ."""
    torch.manual_seed(seed)
    model = zoo.create(architecture, n_heads=n_heads).eval()
    last = [m for m in model.modules() if isinstance(m, nn.Linear)][-1]
    with torch.no_grad():
        last.weight.mul_(30)
        for module in model.modules():
            if isinstance(module, nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1)
                module.running_var.uniform_(0.5, 1.5)
    return model


def an_info(**changes: Any) -> ModelInfo:
    heads = (Head("given", PRIOR, temperature=1.3, threshold=0.4),)
    settings = {"side": 40, "heads": heads, "provenance": {"seed": 0}}
    return ModelInfo(**{"architecture": "facenet", **settings, **changes})


def probabilities(
    classifier: Classifier, faces: NDArray[np.uint8], head: str | None = None
) -> NDArray[np.float32]:
    """What a classifier answers as one of its heads, by default the one that its file names."""
    return classifier.info.point(head).probabilities(classifier.logits(faces))


def random_faces(n: int = 37) -> NDArray[np.uint8]:
    return np.random.default_rng(0).integers(0, 256, (n, 48, 48), dtype=np.uint8)


@functools.lru_cache(maxsize=1)
def sample_faces() -> NDArray[np.uint8]:
    """The faces of the embedded sample, blank and drawn ones among them."""
    return np.stack([row.pixels for row in compose(0)])[:300]
