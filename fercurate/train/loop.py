"""Epoch by epoch: train, validate, keep the state; whatever is stopped goes on exactly."""

from __future__ import annotations

import math
import time
from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from fercurate.errors import FercurateError, InputError, first_line
from fercurate.infer.checkpoint import load_state, save_state
from fercurate.learn.distributed import ranks
from fercurate.learn.graph import CannotCapture
from fercurate.learn.predict import logits_of
from fercurate.learn.recipe import Recipe
from fercurate.learn.train import Trainer
from fercurate.paths import RunFiles
from fercurate.train.curve import Epoch, best_epoch, scores

_ANEW = "Begin anew: give the same command with --force."


@dataclass
class Loop:
    """Trains to the recipe's end and remembers the best weights.

    The epoch is chosen by the accuracy of the weight average on one half of the validation
    images, with the labels that they were given: cleaning or votes may have changed the training
    labels, and what is chosen by must not move with them. The head of the given labels is asked,
    where there is one. Test images are not looked at here.

    Attributes:
        trainer: Of the network.
        heads: Names of the network's heads.
        val_faces: uint8 [n, 48, 48], the images that choose; none: the last epoch is it.
        val_labels: int64 [n].
        files: Where the state is kept.
        fingerprint: Of the run; the state of another one is not gone on from.
        epochs: The curve so far.
        best: Weights of the best epoch so far, by name.
    """

    trainer: Trainer[nn.Module]
    heads: tuple[str, ...]
    val_faces: NDArray[np.uint8]
    val_labels: NDArray[np.int64]
    files: RunFiles
    fingerprint: str
    epochs: list[Epoch] = field(default_factory=list)
    best: dict[str, Tensor] = field(default_factory=dict)

    def load(self) -> str | None:
        """Go on from the state of the last whole epoch, where there is one.

        Returns:
            None; where the state is damaged, so that all epochs are trained again, what to say.

        Raises:
            FercurateError: it is the state of another run or version.
        """
        path = self.files.last_path
        if not path.exists():
            return None
        try:
            state, meta = load_state(path)
        except InputError as error:
            return f"{error.message} Training begins anew"
        if meta.get("fingerprint") != self.fingerprint:
            raise FercurateError(f"{path} is the state of another run.", _ANEW)
        try:
            epochs = [Epoch(**epoch) for epoch in meta["epochs"]]
            self.trainer.load_state_dict(state["trainer"])
            self.epochs, self.best = epochs, state["best"]
        except (KeyError, TypeError, ValueError, RuntimeError) as error:
            raise FercurateError(
                f"{path} does not fit this version: {first_line(error)}.", _ANEW
            ) from error
        return None

    def run(
        self,
        after_epoch: Callable[[list[Epoch]], None],
        on_batch: Callable[[int], None] = lambda images: None,
    ) -> None:
        """Train what is left.

        Args:
            after_epoch: Called with the curve so far when an epoch's state is on the disk, in
                the first process alone.
            on_batch: Called after each batch with the number of images in it.

        Raises:
            FercurateError: the loss is no number any more, or CUDA cannot capture a step.
        """
        trainer = self.trainer
        while trainer.epochs_done < trainer.recipe.epochs:
            began = time.monotonic()
            # dropout draws from torch's own generator
            torch.manual_seed(trainer.seed * 1000 + trainer.epochs_done)
            loss = self._train(on_batch)
            trained = time.monotonic() - began
            if not math.isfinite(loss):
                name, peak = main_rate(trainer.recipe)
                raise FercurateError(
                    f"The loss is no number any more in epoch {trainer.epochs_done}.",
                    f"Train with a smaller step: --set {name}={peak / 2:g}",
                )
            if ranks().is_first:
                self._close(loss, trained, began)
                after_epoch(self.epochs)

    def _train(self, on_batch: Callable[[int], None]) -> float:
        try:
            return self.trainer.run_epoch(on_batch)
        except CannotCapture as error:
            raise FercurateError(
                f"This network's training step cannot be a CUDA graph: {first_line(error)}.",
                "Train without graphs: --set compile=cuda",
            ) from error

    def _close(self, loss: float, trained: float, began: float) -> None:
        trainer = self.trainer
        accuracy, val_loss = None, None
        if len(self.val_faces):
            chooses = self.heads.index("given") if "given" in self.heads else 0
            accuracy, val_loss = scores(self.logits(self.val_faces)[:, chooses], self.val_labels)
        epoch = Epoch(
            trainer.epochs_done,
            loss,
            accuracy,
            val_loss,
            rate_at_end(trainer.recipe, trainer.epochs_done),
            round(time.monotonic() - began, 3),
            round(len(trainer.margins) / trained, 1),
        )
        epochs, best = [*self.epochs, epoch], self.best
        if best_epoch(epochs) is epoch:
            weights = trainer.average.state_dict()
            best = {name: value.detach().clone() for name, value in weights.items()}
        meta = {"fingerprint": self.fingerprint, "epochs": [each.as_dict() for each in epochs]}
        state = {"trainer": trainer.state_dict(), "best": best}
        save_state(self.files.last_path, state, meta)
        # only now: Ctrl-C is told of what is on the disk
        self.epochs, self.best = epochs, best

    def use_best(self) -> None:
        """Put the weights of the best epoch into the trainer's weight average."""
        self.trainer.average.load_state_dict(self.best)

    def logits(self, faces: NDArray[np.uint8]) -> NDArray[np.float32]:
        """What the weight average says of faces, and of their mirror images: float32
        [n, heads, 7]."""
        trainer = self.trainer
        side_by_side = logits_of(
            trainer.average, faces, trainer.device, trainer.recipe.predict_side
        )
        return side_by_side.reshape(len(faces), len(self.heads), -1)


def main_rate(recipe: Recipe) -> tuple[str, float]:
    """Name and peak of the learning rate that most of the network has."""
    return ("lr_rest", recipe.lr_rest) if recipe.optimizer == "adamw" else ("lr", recipe.lr)


def rate_at_end(recipe: Recipe, epoch: int) -> float:
    """Learning rate of most of the network at the end of an epoch, from 1."""
    return main_rate(recipe)[1] * recipe.learning_rate(epoch / recipe.epochs)
