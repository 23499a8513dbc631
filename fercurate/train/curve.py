"""The learning curve of a run: one entry an epoch, and which of them is the best."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True)
class Epoch:
    """One pass over the training images.

    Attributes:
        epoch: From 1.
        loss: Mean training loss, nats, with augmentation and label smoothing.
        val_accuracy: Share of the validation images that choose whose given label the weight
            average names, 0..1; None without any.
        val_loss: Mean cross-entropy there, nats; None likewise.
        lr: Learning rate at its end.
        seconds: With validation.
        images_per_s: Of training alone.
    """

    epoch: int
    loss: float
    val_accuracy: float | None
    val_loss: float | None
    lr: float
    seconds: float
    images_per_s: float

    def as_dict(self) -> dict[str, Any]:
        return asdict(self)


def best_epoch(epochs: Sequence[Epoch]) -> Epoch:
    """The epoch with the highest validation accuracy; the lower loss decides between equals.

    Without a validation split the last one.
    """

    def rank(epoch: Epoch) -> tuple[float, float, int]:
        if epoch.val_accuracy is None or epoch.val_loss is None:
            return (0.0, 0.0, epoch.epoch)
        return (epoch.val_accuracy, -epoch.val_loss, epoch.epoch)

    return max(epochs, key=rank)


def scores(logits: NDArray[np.float32], labels: NDArray[np.int64]) -> tuple[float, float]:
    """Accuracy 0..1 and mean cross-entropy in nats.

    Args:
        logits: float32 [n, 7].
        labels: int64 [n], 0..6.
    """
    wide = logits.astype(np.float64)
    log_sum = np.logaddexp.reduce(wide, axis=1)
    loss = float((log_sum - wide[np.arange(len(labels)), labels]).mean())
    return float((logits.argmax(axis=1) == labels).mean()), loss
