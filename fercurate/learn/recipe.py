"""Everything that shapes a training run but the data, the network and the seed."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from fercurate.learn.augment import Augmentation

Optimizer = Literal["muon", "nesterov", "adamw"]
Compile = Literal["cuda", "always", "never"]


@dataclass(frozen=True)
class Recipe:
    """How to train. The defaults are those of the audit's networks."""

    epochs: int = 8
    batch: int = 128
    optimizer: Optimizer = "muon"
    """Muon or Nesterov's momentum for the convolutions and AdamW for the rest, or AdamW for
    all."""
    lr: float = 0.08
    """Peak learning rate of the convolutions' optimizer."""
    lr_rest: float = 2e-3
    """Peak learning rate of AdamW."""
    weight_decay: float = 1e-4
    warmup: float = 0.2
    """Share of the steps over which the learning rate rises; it falls to 0 over the rest."""
    label_smoothing: float = 0.1
    """Share of each target that is spread over the classes by their shares of all targets."""
    dropout: float = 0.0
    """Share of the features before the last layer that are left out at random, where the
    network has a place for it."""
    mixup: float = 0.0
    """Both parameters of the beta distribution that pairs of faces are mixed by (Zhang et al.
    2018, https://arxiv.org/abs/1710.09412); 0 for none."""
    ema: float = 0.998
    """Decay of the weight average, a step."""
    sides: tuple[tuple[float, int], ...] = ((0.5, 32), (1.0, 40))
    """Progressive resolution: up to this share of the epochs, faces of this side."""
    predict_side: int = 40
    whiten: bool = False
    """Begin with a first layer that takes the correlations out of patches (`initial.whiten`),
    where it is a convolution of one channel."""
    augmentation: Augmentation = field(default_factory=Augmentation)
    compile: Compile = "never"
    """Where `torch.compile` makes the network's kernels. It costs half a minute for each side
    and saves 6 % of an epoch on an H200, so that it lost in every run there; CUDA graphs, which it
    replaces, save far more."""

    def side(self, epoch: int) -> int:
        """Side of the training faces in an epoch, pixels."""
        share = (epoch + 0.5) / self.epochs
        return next(side for until, side in self.sides if share <= until)

    def learning_rate(self, progress: float) -> float:
        """Share of the peak at `progress` 0..1 of the run: a triangle."""
        rising = progress / self.warmup if self.warmup else 1.0
        return max(0.01, min(rising, (1 - progress) / (1 - self.warmup)))
