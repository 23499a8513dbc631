"""The training loop: one uint8 tensor on the device, no data loader, resumable by epoch.

On 2 cores with AMX bf16 the default network trains at about 1,700 images a second at
32 pixels a side, 1,200 at 40 and 1,000 at 48.
"""

from __future__ import annotations

import copy
from collections.abc import Callable, Iterator, Sequence
from typing import Any, Generic, TypeVar

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fercurate.learn import augment, distributed
from fercurate.learn.batches import Batch, draw
from fercurate.learn.device import autocast, memory_format, reproducible
from fercurate.learn.graph import Graphs
from fercurate.learn.initial import whiten
from fercurate.learn.models import Dropout, standardise
from fercurate.learn.optim import WeightAverage, build
from fercurate.learn.recipe import Recipe
from fercurate.learn.targets import by_head, smoothed

Network = TypeVar("Network", bound=nn.Module)
Targets = NDArray[np.int64] | NDArray[np.float32]


class Trainer(Generic[Network]):
    """Trains `model` on faces and targets that stay on the device.

    All randomness comes from `seed` and the epoch's number (networks with torch's own dropout in
    their middle draw from torch's generator, which the caller seeds for each epoch), so that a
    run which was stopped after an epoch and goes on from `state_dict` gives what it would have
    given. On CUDA too the same seed gives the same weights on the same
    device and version: cuDNN is held to kernels that add in a fixed order. Where `torchrun`
    started several processes, each trains on its share of every batch. One process on CUDA replays
    its steps from graphs.

    Args:
        model: Network from standardised faces to logits; moved to `device`.
        faces: uint8 [N, 48, 48].
        targets: Labels, int64 [N], 0..6; or soft labels, float32 [N, 7], rows adding up to 1; or
            those of a network with several heads, float32 [N, heads, 7], where all zeros leave
            an image out of that head's loss. The heads' losses are added.
        recipe: How to train.
        device: Where to train.
        seed: Of batches and augmentation (the caller seeds the model's weights).
        class_weights: float32 [7] or [heads, 7], weight of each class in the loss.
        sample_weights: float32 [N]; each epoch draws N images in proportion to them, with
            replacement, and without them takes each image once.
        prior_logits: float32 [7] or [heads, 7], added to the logits in the loss alone: the log
            priors make the network ignore how frequent each class is (Menon et al. 2021,
            https://arxiv.org/abs/2007.07314).

    Raises:
        ValueError: the lengths do not match, or there is no face.
    """

    def __init__(
        self,
        model: Network,
        faces: NDArray[np.uint8],
        targets: Targets,
        recipe: Recipe,
        device: torch.device,
        seed: int,
        *,
        class_weights: NDArray[np.float32] | None = None,
        sample_weights: NDArray[np.float32] | None = None,
        prior_logits: NDArray[np.float32] | None = None,
    ) -> None:
        if len(faces) != len(targets) or not len(faces):
            raise ValueError(f"{len(faces)} faces and {len(targets)} labels")
        self.recipe = recipe
        self.device = device
        self.seed = seed
        self.epochs_done = 0
        if recipe.whiten:
            _whiten(model, faces)
        self.model = model.to(device).to(memory_format=memory_format(device))
        self._dropout = next((m for m in self.model.modules() if isinstance(m, Dropout)), None)
        self._ranks = distributed.ranks()
        self._forward = self._shared_forward()
        self.average = copy.deepcopy(self.model).eval().requires_grad_(False)
        self._ema = WeightAverage(self.model, self.average, recipe.ema)
        alone = self._ranks.world == 1 and recipe.compile == "never"
        self.graphs = Graphs() if device.type == "cuda" and alone else None
        """Of the steps; None where they are taken as they are."""
        self._optimizers = build(self.model, recipe, captured=self.graphs is not None)
        self._faces = to_device(faces, device)
        whole = by_head(torch.from_numpy(np.ascontiguousarray(targets)))
        self._labels = whole[:, 0].argmax(1).to(device)
        self._targets = smoothed(whole, recipe.label_smoothing).to(device)
        self._class_weights = _tensor(class_weights, device)
        self._sample_weights = _tensor(sample_weights, torch.device("cpu"))
        self._prior_logits = _tensor(prior_logits, device)
        self.margins = torch.zeros(len(targets), device=device)
        """Sum over the epochs of each image's logit margin while it was trained on."""
        self._total = torch.zeros((), device=device)

    def _shared_forward(self) -> Callable[[Tensor], Tensor]:
        model: nn.Module = self.model
        if self._ranks.world > 1:
            model = distributed.parallel(model, self.device)
        wanted = self.recipe.compile
        if wanted == "always" or (wanted == "cuda" and self.device.type == "cuda"):
            model = torch.compile(model)  # type: ignore[assignment]
        return model

    @property
    def batches(self) -> int:
        """Batches an epoch; they are as even as can be."""
        return max(1, round(len(self._targets) / self.recipe.batch))

    def run_epoch(self, on_batch: Callable[[int], None] = lambda images: None) -> float:
        """Train for one epoch.

        Args:
            on_batch: Called after each batch with the number of images in it.

        Returns:
            Mean training loss, in nats.
        """
        side = self.recipe.side(self.epochs_done)
        self.model.train()
        self._total.zero_()
        with reproducible(self.device):
            for batch, images in zip(self.drawn(), self._sizes(), strict=True):
                self.take(batch, side)
                on_batch(images)
        self._ema.steps += self.batches
        self.epochs_done += 1
        return float(distributed.total(self._total.clone())) / self.batches

    def take(self, batch: Batch, side: int) -> None:
        """A step: `step` itself, or from a graph of it."""
        if self.graphs is None:
            self.step(batch, side)
        else:
            self.graphs(self.step, batch, side)

    def _sizes(self) -> list[int]:
        """Images of each batch of an epoch, of all processes."""
        each, more = divmod(len(self._targets), self.batches)
        return [each + (i < more) for i in range(self.batches)]

    def drawn(self) -> Iterator[Batch]:
        """The batches of the next epoch, this process's share of them."""
        generator = torch.Generator().manual_seed(self.seed * 1000 + self.epochs_done)
        order = self._order(generator)
        mirrored = None
        if self.recipe.augmentation.flip == "alternate":
            # which images begin mirrored is the seed's choice; then every other epoch
            mirrored = (order * 2654435761 // 65536 + self.seed + self.epochs_done) % 2 == 0
        done, total = self.epochs_done * self.batches, self.recipe.epochs * self.batches
        steps = range(done, done + self.batches)
        return draw(
            order,
            [self.recipe.learning_rate(step / total) for step in steps],
            [self._ema.weight(self._ema.steps + i) for i in range(self.batches)],
            self.recipe,
            generator,
            mirrored,
            self._ranks,
            self.device,
            # a captured step reads its numbers there, another one here, without waiting
            self.device if self.graphs is not None else torch.device("cpu"),
            self._dropout.width if self._dropout is not None and self.recipe.dropout else 0,
        )

    def _order(self, generator: torch.Generator) -> Tensor:
        """int64 [N] on the CPU: the images of one epoch."""
        n = len(self._targets)
        if self._sample_weights is None:
            return torch.randperm(n, generator=generator)
        return torch.multinomial(self._sample_weights, n, replacement=True, generator=generator)

    def step(self, batch: Batch, side: int) -> None:
        """One step: forward, backward, optimizers, weight average, margins.

        It reads the batch's tensors and writes in place, and nothing else, so that `graph.Graphs`
        may capture it.

        Args:
            batch: On the device.
            side: Of the faces, pixels.
        """
        faces, targets = self.augmented(batch, side)
        if self._dropout is not None and batch.kept.shape[1]:
            self._dropout.kept = batch.kept
        faces = faces.contiguous(memory_format=memory_format(self.device))
        with autocast(self.device):
            logits = self._forward(faces)
        logits = logits.float().view(targets.shape)
        loss = self._loss(logits, targets) * batch.scale
        # DDP takes the mean over the processes, and each has only its own share's sum
        (loss * self._ranks.world).backward()  # type: ignore[no-untyped-call]
        self._optimizers.step(batch.rate)
        self._ema.update(batch.average)
        with torch.no_grad():
            margins = label_margin(logits[:, 0], self._labels[batch.images])
            self.margins.index_add_(0, batch.images, margins)
            self._total += loss

    def augmented(self, batch: Batch, side: int) -> tuple[Tensor, Tensor]:
        """Faces of a batch as the network sees them, float32 [B, 1, side, side], and their
        targets, float32 [B, heads, 7]."""
        how = self.recipe.augmentation
        faces, targets = standardise(self._faces[batch.images]), self._targets[batch.images]
        if self.recipe.mixup:
            others = standardise(self._faces[batch.partners]), self._targets[batch.partners]
            faces = batch.share * faces + (1 - batch.share) * others[0]
            targets = batch.share * targets + (1 - batch.share) * others[1]
        faces = augment.warp(faces, batch.maps, side)
        if how.cutout:
            faces = augment.cut_out(faces, batch.middles, how.cutout)
        return faces, targets

    def _loss(self, logits: Tensor, targets: Tensor) -> Tensor:
        """Sum of the cross-entropies, in nats, of float32 [B, heads, 7] each."""
        if self._prior_logits is not None:
            logits = logits + self._prior_logits
        if self._class_weights is not None:
            targets = targets * self._class_weights
        return -(targets * logits.log_softmax(2)).sum()

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
        if self.graphs is not None:
            self.graphs.forget()
        self._optimizers.load_state_dict(state["optimizers"])
        self.margins.copy_(state["margins"])


def to_device(faces: NDArray[np.uint8], device: torch.device) -> Tensor:
    """uint8 [N, 48, 48] as a tensor [N, 1, 48, 48] on the device."""
    # a part of a file that is only read would be warned about
    whole = np.require(faces, requirements=["C", "W"])
    return torch.from_numpy(whole).unsqueeze(1).to(device)


def _whiten(model: nn.Module, faces: NDArray[np.uint8], enough: int = 4000) -> None:
    first = next((m for m in model.modules() if isinstance(m, nn.Conv2d)), None)
    if first is not None and first.in_channels == 1:
        every = max(1, len(faces) // enough)
        whiten(first, standardise(to_device(faces[::every], torch.device("cpu"))))


def _tensor(values: NDArray[np.float32] | None, device: torch.device) -> Tensor | None:
    if values is None:
        return None
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).to(device)


def label_margin(logits: Tensor, labels: Tensor) -> Tensor:
    """Logit of the given label minus the largest other one: float [B], low = bad.

    Its mean over training is the area under the margin (Pleiss et al. 2020,
    https://arxiv.org/abs/2001.10528).
    """
    given = logits.gather(1, labels[:, None]).squeeze(1)
    others = logits.scatter(1, labels[:, None], float("-inf"))
    return given - others.amax(1)


def fit(
    trainer: Trainer[Network],
    after_epoch: Sequence[Callable[[Trainer[Network], float], None]] = (),
    on_batch: Callable[[int], None] = lambda images: None,
) -> None:
    """Run the epochs that are left; after each, call `after_epoch` with the mean loss."""
    while trainer.epochs_done < trainer.recipe.epochs:
        loss = trainer.run_epoch(on_batch)
        for call in after_epoch:
            call(trainer, loss)
