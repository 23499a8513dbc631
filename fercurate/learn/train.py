"""The training loop: one uint8 tensor on the device, no data loader, resumable by epoch.

On 2 cores with AVX-512 bf16 the default network trains at about 900 images a second at
32 pixels a side and 400 at 48.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from numpy.typing import NDArray
from torch import Tensor

from fercurate.learn.augment import Augmentation, affine
from fercurate.learn.device import autocast, memory_format
from fercurate.learn.models import FaceNet, standardise
from fercurate.learn.optim import WeightAverage, build

PREDICT_BATCH = 512


@dataclass(frozen=True)
class Recipe:
    """Everything that shapes a training run but the data, the network and the seed."""

    epochs: int = 8
    batch: int = 128
    lr: float = 0.08
    """Peak learning rate of Muon."""
    lr_rest: float = 2e-3
    """Peak learning rate of AdamW, for what is no convolution."""
    weight_decay: float = 1e-4
    warmup: float = 0.2
    """Share of the steps over which the learning rate rises; it falls to 0 over the rest."""
    label_smoothing: float = 0.1
    ema: float = 0.998
    """Decay of the weight average, a step."""
    sides: tuple[tuple[float, int], ...] = ((0.5, 32), (1.0, 40))
    """Progressive resolution: up to this share of the epochs, faces of this side."""
    predict_side: int = 40
    augmentation: Augmentation = field(default_factory=Augmentation)

    def side(self, epoch: int) -> int:
        """Side of the training faces in an epoch, pixels."""
        share = (epoch + 0.5) / self.epochs
        return next(side for until, side in self.sides if share <= until)

    def learning_rate(self, progress: float) -> float:
        """Share of the peak at `progress` 0..1 of the run: a triangle."""
        return max(0.01, min(progress / self.warmup, (1 - progress) / (1 - self.warmup)))


class Trainer:
    """Trains `model` on faces and labels that stay on the device.

    All randomness comes from `seed` and the epoch's number, so that a run which was
    stopped after an epoch and goes on from `state_dict` gives what it would have given.

    Args:
        model: Network from standardised faces to logits; moved to `device`.
        faces: uint8 [N, 48, 48].
        labels: int64 [N], 0..6.
        recipe: How to train.
        device: Where to train.
        seed: Of batches and augmentation (the caller seeds the model's weights).
    """

    def __init__(
        self,
        model: FaceNet,
        faces: NDArray[np.uint8],
        labels: NDArray[np.int64],
        recipe: Recipe,
        device: torch.device,
        seed: int,
    ) -> None:
        if len(faces) != len(labels) or not len(faces):
            raise ValueError(f"{len(faces)} faces and {len(labels)} labels")
        self.recipe = recipe
        self.device = device
        self.seed = seed
        self.epochs_done = 0
        self.model = model.to(device).to(memory_format=memory_format(device))
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self._ema = WeightAverage(self.model, self.average, recipe.ema)
        self._optimizers = build(self.model, recipe.lr, recipe.lr_rest, recipe.weight_decay)
        self._faces = to_device(faces, device)
        self._labels = torch.from_numpy(np.ascontiguousarray(labels)).to(device)
        self.margins = torch.zeros(len(labels), device=device)
        """Sum over the epochs of each image's logit margin while it was trained on."""

    @property
    def batches(self) -> int:
        """Batches an epoch; the last one may be short, and is left out when tiny."""
        return max(1, round(len(self._labels) / self.recipe.batch))

    def run_epoch(self, on_batch: Callable[[int], None] = lambda images: None) -> float:
        """Train for one epoch.

        Args:
            on_batch: Called after each batch with the number of images in it.

        Returns:
            Mean training loss, in nats.
        """
        generator = torch.Generator().manual_seed(self.seed * 1000 + self.epochs_done)
        order = torch.randperm(len(self._labels), generator=generator).to(self.device)
        side = self.recipe.side(self.epochs_done)
        chunks = order.tensor_split(self.batches)
        first_step = self.epochs_done * self.batches
        total = torch.zeros((), device=self.device)
        self.model.train()
        for step, chosen in enumerate(chunks, start=first_step):
            labels = self._labels[chosen]
            faces = standardise(self._faces[chosen])
            faces = affine(faces, side, self.recipe.augmentation, generator)
            faces = faces.contiguous(memory_format=memory_format(self.device))
            with autocast(self.device):
                logits = self.model(faces)
            logits = logits.float()
            loss = F.cross_entropy(logits, labels, label_smoothing=self.recipe.label_smoothing)
            loss.backward()  # type: ignore[no-untyped-call]
            self._optimizers.step(
                self.recipe.learning_rate(step / (self.recipe.epochs * self.batches))
            )
            self._ema.update()
            with torch.no_grad():
                self.margins[chosen] += label_margin(logits, labels)
                total += loss
            on_batch(len(chosen))
        self.epochs_done += 1
        return float(total) / len(chunks)

    def state_dict(self) -> dict[str, Any]:
        """All that `load_state_dict` needs to go on; plain tensors and numbers."""
        return {
            "epochs_done": self.epochs_done,
            "model": self.model.state_dict(),
            "average": self.average.state_dict(),
            "average_steps": self._ema.steps,
            "optimizers": self._optimizers.state_dict(),
            "margins": self.margins,
        }

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.epochs_done = state["epochs_done"]
        self.model.load_state_dict(state["model"])
        self.average.load_state_dict(state["average"])
        self._ema.steps = state["average_steps"]
        self._optimizers.load_state_dict(state["optimizers"])
        self.margins.copy_(state["margins"])


def to_device(faces: NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 [N, 48, 48] as a tensor [N, 1, 48, 48] on the device."""
    return torch.from_numpy(np.ascontiguousarray(faces)).unsqueeze(1).to(device)


def label_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit of the given label minus the largest other one: float [B], low = bad.

    Its mean over training is the area under the margin (Pleiss et al. 2020,
    https://arxiv.org/abs/2001.10528).
    """
    given = logits.gather(1, labels[:, None]).squeeze(1)
    others = logits.scatter(1, labels[:, None], float("-inf"))
    return given - others.amax(1)


@torch.inference_mode()
def predict(
    model: FaceNet,
    faces: NDArray[np.uint8],
    device: torch.device,
    side: int = 48,
    on_batch: Callable[[int], None] = lambda images: None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Logits and embeddings, both averaged over a face and its mirror image.

    Args:
        model: A network with `embed` and `head`, in evaluation mode afterwards.
        faces: uint8 [N, 48, 48].
        side: Resolution to predict at, pixels.
        on_batch: Called after each batch with the number of images in it.

    Returns:
        float32 [N, 7] logits and float32 [N, D] embeddings.
    """
    model.eval()
    logits: list[Tensor] = []
    embeddings: list[Tensor] = []
    for start in range(0, len(faces), PREDICT_BATCH):
        batch = standardise(to_device(faces[start : start + PREDICT_BATCH], device))
        if side != batch.shape[-1]:
            batch = F.interpolate(batch, size=side, mode="bilinear", antialias=True)
        batch = batch.contiguous(memory_format=memory_format(device))
        with autocast(device):
            embedded = (model.embed(batch).float() + model.embed(batch.flip(3)).float()) / 2
            logits.append(model.head(embedded).float().cpu())
        embeddings.append(embedded.cpu())
        on_batch(len(batch))
    return torch.cat(logits).numpy(), torch.cat(embeddings).numpy()


def fit(
    trainer: Trainer,
    after_epoch: Sequence[Callable[[Trainer, float], None]] = (),
    on_batch: Callable[[int], None] = lambda images: None,
) -> None:
    """Run the epochs that are left; after each, call `after_epoch` with the mean loss."""
    while trainer.epochs_done < trainer.recipe.epochs:
        loss = trainer.run_epoch(on_batch)
        for call in after_epoch:
            call(trainer, loss)
